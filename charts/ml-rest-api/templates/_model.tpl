{{/* The source of the model: `model.source`, or inferred from the other values of `model`. */}}
{{- define "ml-rest-api.modelSource" -}}
{{- $model := .Values.model }}
{{- if $model.source }}
{{- $model.source }}
{{- else if or $model.module $model.files $model.binaryFiles $model.existingConfigMap }}
{{- "configMap" }}
{{- else if or $model.uri $model.initContainer.image }}
{{- "initContainer" }}
{{- else }}
{{- "image" }}
{{- end }}
{{- end }}

{{/* The model folder: MODEL_DIR if it was changed, else the image's folder or the volume's mount. */}}
{{- define "ml-rest-api.modelDir" -}}
{{- $dir := .Values.settings.MODEL_DIR | default "" | toString }}
{{- $mounted := ne (include "ml-rest-api.modelSource" .) "image" }}
{{- and $mounted (eq $dir "model") | ternary "/mnt/models" $dir }}
{{- end }}

{{- define "ml-rest-api.moduleFile" -}}
{{- .Values.settings.TRAINED_MODEL_MODULE_NAME | default "ml_trained_model" | trimSuffix ".py" }}.py
{{- end }}

{{/* `data` and `binaryData` of the ConfigMap, as JSON. */}}
{{- define "ml-rest-api.modelData" -}}
{{- $data := deepCopy (.Values.model.files | default dict) }}
{{- with .Values.model.module }}
{{- $_ := set $data (include "ml-rest-api.moduleFile" $) . }}
{{- end }}
{{- $binaryData := dict }}
{{- range $name, $base64 := .Values.model.binaryFiles }}
{{- $_ := set $binaryData $name (regexReplaceAll "\\s+" $base64 "") }}
{{- end }}
{{- dict "data" $data "binaryData" $binaryData | toJson }}
{{- end }}

{{/*
The name contains a hash of the content: a pod keeps the files that it started with, even if a
worker restarts during a rollout.
*/}}
{{- define "ml-rest-api.modelConfigMap" -}}
{{- $hash := include "ml-rest-api.modelData" . | sha256sum | trunc 10 }}
{{- .Values.model.existingConfigMap | default (printf "%s-model-%s" (include "ml-rest-api.fullname" .) $hash) }}
{{- end }}

{{/* The source of the volume `model`; empty if the image contains the model. */}}
{{- define "ml-rest-api.modelVolume" -}}
{{- $source := include "ml-rest-api.modelSource" . }}
{{- if eq $source "configMap" }}
configMap:
  name: {{ include "ml-rest-api.modelConfigMap" . }}
{{- else if eq $source "initContainer" }}
emptyDir:
  sizeLimit: {{ .Values.model.sizeLimit }}
{{- end }}
{{- end }}

{{/* The init container that provides the model. `kubectl describe` shows its error message. */}}
{{- define "ml-rest-api.modelInitContainer" -}}
{{- $model := .Values.model }}
{{- $init := $model.initContainer }}
- name: model
  {{- if $model.uri }}
  image: {{ include "ml-rest-api.image" . }}
  {{- with .Values.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  command: [python, -m, app.fetch]
  {{- else }}
  image: {{ $init.image }}
  {{- with $init.imagePullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  {{- with $init.command }}
  command:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $init.args }}
  args:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  {{- if or $model.uri $init.env }}
  env:
    {{- if $model.uri }}
    - name: MODEL_URI
      value: {{ include "ml-rest-api.envText" $model.uri | quote }}
    - name: MODEL_SHA256
      value: {{ $model.sha256 | quote }}
    - name: MODEL_TARGET
      value: /mnt/models
    {{- end }}
    {{- with $init.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- with $init.envFrom }}
  envFrom:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $init.resources | default .Values.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    {{- include "ml-rest-api.volumeMounts" (dict "root" . "readOnly" false) | nindent 4 }}
{{- end }}

{{/* The port that model.uri is downloaded from; empty for a file. */}}
{{- define "ml-rest-api.fetchPort" -}}
{{- $uri := .Values.model.uri }}
{{- if and $uri (contains "://" $uri) (not (hasPrefix "file:" $uri)) }}
{{- $port := regexFind ":[0-9]+$" (urlParse $uri).host | trimPrefix ":" }}
{{- $port | default (hasPrefix "http:" $uri | ternary "80" "443") }}
{{- end }}
{{- end }}
