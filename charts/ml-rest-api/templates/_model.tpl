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

{{/* The files in `model`, as JSON: `data` has the texts and `binaryData` the base64, as in a ConfigMap. */}}
{{- define "ml-rest-api.modelData" -}}
{{- $data := deepCopy (.Values.model.files | default dict) }}
{{- with .Values.model.module }}
{{- $_ := set $data (include "ml-rest-api.moduleFile" $) . }}
{{- end }}
{{- $binaryData := dict }}
{{- range $name, $base64 := .Values.model.binaryFiles }}
{{- $_ := set $binaryData $name (regexReplaceAll "\\s+" $base64 "") }}
{{- end }}
{{- dict "data" $data "binaryData" $binaryData | toRawJson }}
{{- end }}

{{/*
Where the files in `model` are: `annotation` of the pods, which every ReplicaSet keeps, so that its
pods can start at any time; `configMap` for what is larger than annotations may be (256 KiB, of
which kubectl's last-applied-configuration needs a part). Empty without such files.
*/}}
{{- define "ml-rest-api.modelFiles" -}}
{{- if or .Values.model.module .Values.model.files .Values.model.binaryFiles }}
{{- gt (include "ml-rest-api.modelData" . | len) 196608 | ternary "configMap" "annotation" }}
{{- end }}
{{- end }}

{{/* A hash of the content is part of the name: a pod keeps the files that it started with. */}}
{{- define "ml-rest-api.modelConfigMap" -}}
{{- $hash := include "ml-rest-api.modelData" . | sha256sum | trunc 10 }}
{{- .Values.model.existingConfigMap | default (printf "%s-model-%s" (include "ml-rest-api.fullname" .) $hash) }}
{{- end }}

{{/* The checksums that the server compares with the model's files; a download has its own. */}}
{{- define "ml-rest-api.modelChecksums" -}}
{{- $pinned := empty .Values.model.uri | ternary .Values.model.sha256 "" }}
{{- $pinned | default .Values.settings.MODEL_CHECKSUMS | default "" }}
{{- end }}

{{/* The volumes of the model; empty if the image contains it. */}}
{{- define "ml-rest-api.modelVolumes" -}}
{{- if include "ml-rest-api.modelIsCopied" . }}
- name: model
  emptyDir:
    sizeLimit: {{ .Values.model.sizeLimit }}
{{- if eq (include "ml-rest-api.modelFiles" .) "annotation" }}
- name: model-files
  downwardAPI:
    items:
      - path: files.json
        fieldRef:
          apiVersion: v1 # the default, without which server-side apply reports a conflict
          fieldPath: metadata.annotations['{{ include "ml-rest-api.filesAnnotation" . }}']
{{- end }}
{{- else if eq (include "ml-rest-api.modelSource" .) "configMap" }}
- name: model
  configMap:
    name: {{ include "ml-rest-api.modelConfigMap" . | quote }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.filesAnnotation" -}}
ml-rest-api/model-files
{{- end }}

{{/* Not empty if an init container copies the model into a volume. */}}
{{- define "ml-rest-api.modelIsCopied" -}}
{{- if or (eq (include "ml-rest-api.modelSource" .) "initContainer") (eq (include "ml-rest-api.modelFiles" .) "annotation") }}
{{- "true" }}
{{- end }}
{{- end }}

{{/* The program of this image that provides the model, with its arguments; empty if none does. */}}
{{- define "ml-rest-api.fetchCommand" -}}
{{- if .Values.model.uri }}
{{- "python -m app.fetch" }}
{{- else if eq (include "ml-rest-api.modelFiles" .) "annotation" }}
{{- "python -m app.fetch.files /mnt/model-files/files.json /mnt/models" }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.fetchEnv" -}}
{{- if .Values.model.uri }}
- name: MODEL_URI
  value: {{ include "ml-rest-api.envText" .Values.model.uri | quote }}
- name: MODEL_SHA256
  value: {{ trim .Values.model.sha256 | quote }}
- name: MODEL_TARGET
  value: /mnt/models
{{- end }}
{{- with .Values.model.initContainer.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.fetchMounts" -}}
{{- include "ml-rest-api.volumeMounts" (dict "root" . "readOnly" false) }}
{{- if eq (include "ml-rest-api.modelFiles" .) "annotation" }}
- name: model-files
  mountPath: /mnt/model-files
  readOnly: true
{{- end }}
{{- end }}

{{/* The init container that provides the model. `kubectl describe` shows its error message. */}}
{{- define "ml-rest-api.modelInitContainer" -}}
{{- $init := .Values.model.initContainer }}
- name: model
  {{- with include "ml-rest-api.fetchCommand" . }}
  image: {{ include "ml-rest-api.image" $ }}
  {{- with $.Values.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  command: {{ splitList " " . | toJson }}
  {{- else }}
  image: {{ $init.image | quote }}
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
  {{- with include "ml-rest-api.fetchEnv" . | trim }}
  env:
    {{- . | nindent 4 }}
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
    {{- include "ml-rest-api.fetchMounts" . | nindent 4 }}
{{- end }}

{{/* The port that model.uri is downloaded from; empty for a file. */}}
{{- define "ml-rest-api.fetchPort" -}}
{{- $uri := .Values.model.uri }}
{{- if and $uri (contains "://" $uri) (not (hasPrefix "file:" $uri)) }}
{{- $port := regexFind ":[0-9]+$" (urlParse $uri).host | trimPrefix ":" }}
{{- $port | default (hasPrefix "http:" $uri | ternary "80" "443") }}
{{- end }}
{{- end }}
