{{/*
What a schema can't say, and what must hold where Helm was told to skip the schema.
Each message names the values and the mend.
*/}}
{{- define "ml-rest-api.validate" -}}
{{- include "ml-rest-api.validateName" . }}
{{- include "ml-rest-api.validateModel" . }}
{{- include "ml-rest-api.validateOthers" . }}
{{- end }}

{{- define "ml-rest-api.validateName" -}}
{{- $name := include "ml-rest-api.fullname" . }}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) }}
{{- fail (printf "the name %q is not one for a Service (a letter, then letters, digits and dashes, all lower case): set fullnameOverride" $name) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateModel" -}}
{{- $model := .Values.model }}
{{- $source := include "ml-rest-api.modelSource" . }}
{{- if not (has $source (list "image" "configMap" "initContainer")) }}
{{- fail (printf "model.source is %q: use image, configMap or initContainer" $source) }}
{{- end }}
{{- $sources := dict "module" "configMap" "files" "configMap" "binaryFiles" "configMap" "existingConfigMap" "configMap" "uri" "initContainer" }}
{{- range $key, $of := $sources }}
{{- if and (get $model $key) (ne $of $source) }}
{{- fail (printf "model.%s is for model.source %s, but the source is %s: give one source alone" $key $of $source) }}
{{- end }}
{{- end }}
{{- if and $model.sha256 (not $model.uri) }}
{{- fail "model.sha256 is given without model.uri, which it checks" }}
{{- end }}
{{- if and $model.initContainer.image (ne $source "initContainer") }}
{{- fail (printf "model.initContainer.image is for model.source initContainer, but the source is %s: give one source alone" $source) }}
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
{{- fail "model.existingConfigMap is given, and model.module, model.files or model.binaryFiles too: give one of the two" }}
{{- else if not (or $model.existingConfigMap $files) }}
{{- fail "model.source is configMap, but there is no content: give model.module (--set-file model.module=fraud.py), model.files or model.existingConfigMap" }}
{{- else if $files }}
{{- include "ml-rest-api.validateFiles" . }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateFiles" -}}
{{- $model := .Values.model }}
{{- $module := include "ml-rest-api.moduleFile" . }}
{{- $names := concat (keys ($model.files | default dict)) (keys ($model.binaryFiles | default dict)) }}
{{- if $model.module }}
{{- $names = append $names $module }}
{{- else if not (has $module $names) }}
{{- if .Values.settings.TRAINED_MODEL_MODULE_NAME }}
{{- fail (printf "there is no model module: give model.module, or model.files with %q, which settings.TRAINED_MODEL_MODULE_NAME names" $module) }}
{{- end }}
{{- end }}
{{- range $names }}
{{- if or (not (regexMatch "^[-._a-zA-Z0-9]{1,253}$" .)) (eq . ".") (hasPrefix ".." .) }}
{{- fail (printf "model.files, model.binaryFiles or settings.TRAINED_MODEL_MODULE_NAME: %q is no name for a file in a ConfigMap (letters, digits, '-', '_' and '.')" .) }}
{{- end }}
{{- end }}
{{- if ne (len $names) (len (uniq $names)) }}
{{- fail (printf "model.module (as %q), model.files and model.binaryFiles name a file twice: %s" $module (sortAlpha $names | join ", ")) }}
{{- end }}
{{- $data := include "ml-rest-api.modelData" . | fromJson }}
{{- $size := 0 }}
{{- range $data.data }}
{{- $size = add $size (len .) }}
{{- end }}
{{- range $name, $base64 := $data.binaryData }}
{{- if not (regexMatch "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$" $base64) }}
{{- fail (printf "model.binaryFiles.%s is not base64: make it with `base64 --wrap 0 FILE`" $name) }}
{{- end }}
{{- $size = add $size (b64dec $base64 | len) }}
{{- end }}
{{- if gt $size 1048576 }}
{{- fail (printf "model.module, model.files and model.binaryFiles are %d bytes, and a ConfigMap holds 1 MiB (1048576): use an init container, by model.uri or model.initContainer.image" $size) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateInitContainer" -}}
{{- $model := .Values.model }}
{{- $init := $model.initContainer }}
{{- if not (or $model.uri $init.image) }}
{{- fail "model.source is initContainer, but nothing brings the model: give model.uri or model.initContainer.image" }}
{{- else if and $model.uri $init.image }}
{{- fail "model.uri and model.initContainer.image are both given: give one of the two" }}
{{- else if and $model.uri (or $init.command $init.args) }}
{{- fail "model.initContainer.command and args are for model.initContainer.image: leave them out with model.uri" }}
{{- else if and $model.uri (not (regexMatch "^[0-9a-fA-F]{64}$" (toString $model.sha256))) }}
{{- fail (printf "model.uri needs model.sha256, the 64 hexadecimal digits that `sha256sum` prints, not %q" (toString $model.sha256)) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateOthers" -}}
{{- range .Values.extraEnv }}
{{- if has .name (list "FLASK_PORT" "GRACEFUL_TIMEOUT") }}
{{- fail (printf "extraEnv sets %s: set settings.%s, which the pod's specification follows" .name .name) }}
{{- end }}
{{- end }}
{{- if and .Values.service.nodePort (eq .Values.service.type "ClusterIP") }}
{{- fail "service.nodePort needs service.type NodePort or LoadBalancer" }}
{{- end }}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs, the gateways that it belongs to" }}
{{- end }}
{{- with .Values.autoscaling }}
{{- if .enabled }}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
{{- fail (printf "autoscaling.minReplicas (%d) is above autoscaling.maxReplicas (%d)" (int .minReplicas) (int .maxReplicas)) }}
{{- end }}
{{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage .metrics) }}
{{- fail "autoscaling.enabled needs a target: targetCPUUtilizationPercentage, targetMemoryUtilizationPercentage or metrics" }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
