{{/*
Checks that a schema cannot express, and checks that apply even with --skip-schema-validation.
Each message names the values and the fix.
*/}}
{{- define "ml-rest-api.validate" -}}
{{- include "ml-rest-api.validateName" . }}
{{- include "ml-rest-api.validateModel" . }}
{{- include "ml-rest-api.validateResources" (dict "name" "resources" "resources" .Values.resources) }}
{{- include "ml-rest-api.validateResources" (dict "name" "model.initContainer.resources" "resources" .Values.model.initContainer.resources) }}
{{- include "ml-rest-api.validateOthers" . }}
{{- end }}

{{- define "ml-rest-api.validateName" -}}
{{- $name := include "ml-rest-api.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
{{- fail (printf "the name %q is not a valid Service name (lower-case letters, digits and '-', starting with a letter): set fullnameOverride" $name) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateModel" -}}
{{- $model := .Values.model }}
{{- $source := include "ml-rest-api.modelSource" . }}
{{- if not (has $source (list "image" "configMap" "initContainer")) }}
{{- fail (printf "model.source is %q: set it to image, configMap or initContainer" $source) }}
{{- end }}
{{- $sources := dict "module" "configMap" "files" "configMap" "binaryFiles" "configMap" "existingConfigMap" "configMap" "uri" "initContainer" }}
{{- range $key, $required := $sources }}
{{- if and (get $model $key) (ne $required $source) }}
{{- fail (printf "model.%s requires model.source %s, but the source is %s: set only one source" $key $required $source) }}
{{- end }}
{{- end }}
{{- include "ml-rest-api.validateSha256" . }}
{{- if and $model.initContainer.image (ne $source "initContainer") }}
{{- fail (printf "model.initContainer.image requires model.source initContainer, but the source is %s: set only one source" $source) }}
{{- end }}
{{- if eq $source "configMap" }}
{{- include "ml-rest-api.validateConfigMap" . }}
{{- else if eq $source "initContainer" }}
{{- include "ml-rest-api.validateInitContainer" . }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateConfigMap" -}}
{{- $model := .Values.model }}
{{- $files := or $model.module $model.files $model.binaryFiles }}
{{- if and $model.existingConfigMap $files }}
{{- fail "model.existingConfigMap cannot be combined with model.module, model.files or model.binaryFiles: remove one of them" }}
{{- else if not (or $model.existingConfigMap $files) }}
{{- fail "model.source is configMap, but no content is set: set model.module (--set-file model.module=fraud.py), model.files or model.existingConfigMap" }}
{{- else if $files }}
{{- include "ml-rest-api.validateFiles" . }}
{{- end }}
{{- end }}

{{/* Not empty if a model file is served: it is named, or there is one and no module. */}}
{{- define "ml-rest-api.hasModelFile" -}}
{{- $isNamed := has (toString .root.Values.settings.TRAINED_MODEL_MODULE_NAME) .names }}
{{- $hasFile := false }}
{{- $hasModule := false }}
{{- range .names }}
{{- $hasModule = or $hasModule (hasSuffix ".py" .) }}
{{- $hasFile = or $hasFile (regexMatch "\\.(joblib|pkl|pickle|skops|onnx|json|ubj|txt|cbm)$|^MLmodel$" .) }}
{{- end }}
{{- if or $isNamed (and $hasFile (not $hasModule)) }}
{{- "true" }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateFiles" -}}
{{- $model := .Values.model }}
{{- $module := include "ml-rest-api.moduleFile" . }}
{{- $names := concat (keys ($model.files | default dict)) (keys ($model.binaryFiles | default dict)) }}
{{- if $model.module }}
{{- $names = append $names $module }}
{{- else if not (or (has $module $names) (include "ml-rest-api.hasModelFile" (dict "root" . "names" $names))) }}
{{- if .Values.settings.TRAINED_MODEL_MODULE_NAME }}
{{- fail (printf "the model module is missing: set model.module, or add %q, named by settings.TRAINED_MODEL_MODULE_NAME, to model.files, or add nothing but a model file, such as fraud.joblib, to model.binaryFiles" $module) }}
{{- end }}
{{- end }}
{{- range $names }}
{{- if or (not (regexMatch "^[-._a-zA-Z0-9]{1,253}$" .)) (eq . ".") (hasPrefix ".." .) }}
{{- fail (printf "model.files, model.binaryFiles or settings.TRAINED_MODEL_MODULE_NAME: %q is not a valid key of a ConfigMap (letters, digits, '-', '_' and '.')" .) }}
{{- end }}
{{- end }}
{{- if ne (len $names) (len (uniq $names)) }}
{{- fail (printf "model.module (as %q), model.files and model.binaryFiles contain a duplicate file name: %s" $module (sortAlpha $names | join ", ")) }}
{{- end }}
{{- $data := include "ml-rest-api.modelData" . | fromJson }}
{{- $size := 0 }}
{{- range $data.data }}
{{- $size = add $size (len .) }}
{{- end }}
{{- range $name, $base64 := $data.binaryData }}
{{- if not (regexMatch "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$" $base64) }}
{{- fail (printf "model.binaryFiles.%s is not valid base64: encode the file with `base64 --wrap 0 FILE`" $name) }}
{{- end }}
{{- $size = add $size (b64dec $base64 | len) }}
{{- end }}
{{- if gt $size 1048576 }}
{{- fail (printf "model.module, model.files and model.binaryFiles total %d bytes, but a ConfigMap is limited to 1 MiB (1048576): use an init container (model.uri or model.initContainer.image)" $size) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateInitContainer" -}}
{{- $model := .Values.model }}
{{- $init := $model.initContainer }}
{{- if not (or $model.uri $init.image) }}
{{- fail "model.source is initContainer, but no model is set: set model.uri or model.initContainer.image" }}
{{- else if and $model.uri $init.image }}
{{- fail "model.uri and model.initContainer.image cannot be combined: remove one of them" }}
{{- else if and $model.uri (or $init.command $init.args) }}
{{- fail "model.initContainer.command and model.initContainer.args require model.initContainer.image: remove them if model.uri is set" }}
{{- else if and $model.uri (not (regexMatch "^[0-9a-fA-F]{64}$" (trim $model.sha256))) }}
{{- fail (printf "model.uri requires model.sha256, the 64 hexadecimal digits printed by `sha256sum`, not %q" $model.sha256) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateSha256" -}}
{{- $sums := empty .Values.model.uri | ternary .Values.model.sha256 "" }}
{{- with $sums }}
{{- $line := "[0-9a-fA-F]{64}( [ *][^\n,]+)" }}
{{- if not (regexMatch (printf "^\\s*(%s?|%s([\\n,]+\\s*%s)*)\\s*$" $line $line $line) .) }}
{{- fail (printf "model.sha256 is %q: set it to what `sha256sum` prints, with --set-file model.sha256=SHA256SUMS, or to the checksum of the only file" (trunc 100 .)) }}
{{- else if $.Values.settings.MODEL_CHECKSUMS }}
{{- fail "model.sha256 sets MODEL_CHECKSUMS: remove settings.MODEL_CHECKSUMS" }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateResources" -}}
{{- $resources := .resources | default dict }}
{{- range $resource, $request := $resources.requests }}
{{- $limit := get ($resources.limits | default dict) $resource }}
{{- $isGreater := gt (include "ml-rest-api.quantity" $request | float64) (include "ml-rest-api.quantity" $limit | float64) }}
{{- if and $limit $isGreater }}
{{- fail (printf "%s.requests.%s (%v) is greater than %s.limits.%s (%v): decrease the request or increase the limit" $.name $resource $request $.name $resource $limit) }}
{{- end }}
{{- end }}
{{- end }}

{{/* The value of a quantity such as 100m or 256Mi; 0 if it has another form. */}}
{{- define "ml-rest-api.quantity" -}}
{{- $text := include "ml-rest-api.text" . }}
{{- $factors := dict "" 1 "m" 0.001 "k" 1e3 "M" 1e6 "G" 1e9 "T" 1e12 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 }}
{{- if regexMatch "^[0-9]+([.][0-9]+)?(m|k|[MGT]|[KMGT]i)?$" $text }}
{{- mulf (regexFind "^[0-9.]+" $text) (get $factors (regexFind "[A-Za-z]*$" $text)) }}
{{- else }}
{{- 0 }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateOthers" -}}
{{- range list "type" "ports" "selector" }}
{{- if hasKey ($.Values.service.spec | default dict) . }}
{{- fail (printf "service.spec must not contain %s, which the chart sets: use service.type, service.port and service.nodePort" .) }}
{{- end }}
{{- end }}
{{- range .Values.extraEnv }}
{{- if has .name (list "FLASK_PORT" "GRACEFUL_TIMEOUT" "METRICS_PORT" "PROTOCOLS" "ROOT_PATH") }}
{{- fail (printf "extraEnv must not contain %s: set settings.%s, from which other fields are computed" .name .name) }}
{{- end }}
{{- end }}
{{- include "ml-rest-api.validateSettings" . }}
{{- if and .Values.check.enabled (eq (include "ml-rest-api.modelFiles" .) "configMap") }}
{{- fail "check.enabled requires that model.module, model.files and model.binaryFiles total at most 192 KiB, because a larger ConfigMap does not exist before the upgrade: use model.existingConfigMap or model.uri" }}
{{- end }}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
{{- fail "service.nodePort requires service.type NodePort or LoadBalancer" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled requires httpRoute.parentRefs, the gateways to attach to" }}
{{- end }}
{{- include "ml-rest-api.validateService" . }}
{{- include "ml-rest-api.validateScaling" . }}
{{- end }}

{{/* Settings whose text has a form, as app/config/env.py checks them. */}}
{{- define "ml-rest-api.validateSettings" -}}
{{- $root := .Values.settings.ROOT_PATH | default "" | toString | trim }}
{{- $segment := "[-\\w.~!$&'()*+,;=:@]+" }}
{{- $isPath := regexMatch (printf "^(/?%s(/%s)*)?/?$" $segment $segment) $root }}
{{- $own := "^(api(/model)?|v[12](/.*)?|invocations|ping|health|version|metrics)$" }}
{{- if or (not $isPath) (regexMatch "(^|/)[.]{1,2}(/|$)" $root) (regexMatch $own (trimAll "/" $root)) }}
{{- fail (printf "settings.ROOT_PATH is %q: set it to a path such as /fraud, none of the service's own, without a space, ?, #, %% or //" $root) }}
{{- end }}
{{- range include "ml-rest-api.protocols" . | splitList "," | compact }}
{{- if not (has . (list "v1" "v2" "invocations")) }}
{{- fail (printf "settings.PROTOCOLS is %q: set it to some of v1, v2, invocations, comma-separated, or to \"\"" (include "ml-rest-api.text" $.Values.settings.PROTOCOLS)) }}
{{- end }}
{{- end }}
{{- $name := .Values.settings.MODEL_NAME | default "" | include "ml-rest-api.text" | trim }}
{{- if or (not (regexMatch `^[^\x00-\x1f\x7f/?#%:\\]{0,100}$` $name)) (has $name (list "." "..")) }}
{{- fail (printf "settings.MODEL_NAME is %q: set it to a name of up to 100 characters, none of them one of / ? # %% : \\" $name) }}
{{- end }}
{{- end }}
