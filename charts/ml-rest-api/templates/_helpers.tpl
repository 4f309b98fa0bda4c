{{/* Names have at most 63 characters, the limit for Kubernetes labels and Services. */}}
{{- define "ml-rest-api.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The release name and the chart name; the release name alone if it contains the chart name. */}}
{{- define "ml-rest-api.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Labels that never change, because the selector of a Deployment is immutable. */}}
{{- define "ml-rest-api.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ml-rest-api.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Labels of an object, including its own labels `.more`; the chart's labels take precedence. */}}
{{- define "ml-rest-api.labelsWith" -}}
{{- $labels := include "ml-rest-api.selectorLabels" .root | fromYaml }}
{{- $_ := set $labels "app.kubernetes.io/version" (.root.Chart.AppVersion | replace "+" "_" | trunc 63) }}
{{- $_ := set $labels "app.kubernetes.io/managed-by" .root.Release.Service }}
{{- $chart := printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- $_ := set $labels "helm.sh/chart" ($chart | trunc 63 | trimSuffix "-") }}
{{- merge $labels (.more | default dict) (.root.Values.commonLabels | default dict) | toYaml }}
{{- end }}

{{- define "ml-rest-api.labels" -}}
{{- include "ml-rest-api.labelsWith" (dict "root" .) }}
{{- end }}

{{/* Labels of the pods, without versions, so that an upgrade without changes restarts no pods. */}}
{{- define "ml-rest-api.podLabels" -}}
{{- $labels := include "ml-rest-api.selectorLabels" . | fromYaml }}
{{- merge $labels (.Values.podLabels | default dict) (.Values.commonLabels | default dict) | toYaml }}
{{- end }}

{{/* Labels of the test pod. If they matched the selector, the Service would send it requests. */}}
{{- define "ml-rest-api.testLabels" -}}
app.kubernetes.io/name: {{ include "ml-rest-api.name" . | trunc 58 | trimSuffix "-" | printf "%s-test" }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "ml-rest-api.serviceAccountName" -}}
{{- $default := .Values.serviceAccount.create | ternary (include "ml-rest-api.fullname" .) "default" }}
{{- .Values.serviceAccount.name | default $default }}
{{- end }}

{{/* The image reference. The tag can include a digest, or end in "@" if the digest is empty. */}}
{{- define "ml-rest-api.image" -}}
{{- $repository := .Values.image.repository }}
{{- with .Values.image.registry | default (.Values.global).imageRegistry }}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}
{{- end }}
{{- $tag := .Values.image.tag | default .Chart.AppVersion | toString | trimSuffix "@" }}
{{- with .Values.image.digest }}
{{- $tag = printf "%s@%s" (splitList "@" $tag | first) . }}
{{- end }}
{{- printf "%s%s%s" $repository (hasPrefix "@" $tag | ternary "" ":") $tag }}
{{- end }}

{{- define "ml-rest-api.imagePullSecrets" -}}
{{- $secrets := list }}
{{- range concat ((.Values.global).imagePullSecrets | default list) (.Values.imagePullSecrets | default list) }}
{{- if kindIs "string" . }}
{{- $secrets = append $secrets (dict "name" .) }}
{{- else }}
{{- $secrets = append $secrets . }}
{{- end }}
{{- end }}
{{- with $secrets | uniq }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* ROOT_PATH with a slash before it and none after it; empty without a prefix. */}}
{{- define "ml-rest-api.rootPath" -}}
{{- with .Values.settings.ROOT_PATH | default "" | toString | trim | trimAll "/" }}
{{- printf "/%s" . }}
{{- end }}
{{- end }}

{{/* Minimum number of pods. */}}
{{- define "ml-rest-api.minPods" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount | int }}
{{- end }}
