{{/* Fields of all pods: the service's, and those of the check and of the test. */}}
{{- define "ml-rest-api.podSpec" -}}
{{- with include "ml-rest-api.imagePullSecrets" . }}
imagePullSecrets:
  {{- . | nindent 2 }}
{{- end }}
serviceAccountName: {{ include "ml-rest-api.serviceAccountName" . | quote }}
automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
enableServiceLinks: false # a Service named "flask" would set FLASK_PORT
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.dnsPolicy }}
dnsPolicy: {{ . }}
{{- end }}
{{- with .Values.hostAliases }}
hostAliases:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.podAnnotations" -}}
{{- $annotations := dict "kubectl.kubernetes.io/default-container" "ml-rest-api" }}
{{- merge (dict) (.Values.podAnnotations | default dict) $annotations | toYaml }}
{{- if eq (include "ml-rest-api.modelFiles" .) "annotation" }}
{{ include "ml-rest-api.filesAnnotation" . }}: {{ include "ml-rest-api.modelData" . | quote }}
{{- end }}
{{- end }}

{{/* Fields of a container of this image. */}}
{{- define "ml-rest-api.ownContainer" -}}
image: {{ include "ml-rest-api.image" . }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
{{- end }}

{{/* Volumes, and their mounts in a container; `.readOnly` applies to the model. */}}
{{- define "ml-rest-api.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: {{ .Values.tmpSizeLimit }}
{{- with include "ml-rest-api.modelVolumes" . | trim }}
{{ . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.volumeMounts" -}}
- name: tmp
  mountPath: /tmp
{{- if ne (include "ml-rest-api.modelSource" .root) "image" }}
- name: model
  mountPath: /mnt/models
  {{- if .readOnly }}
  readOnly: true
  {{- end }}
{{- end }}
{{- with .root.Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
