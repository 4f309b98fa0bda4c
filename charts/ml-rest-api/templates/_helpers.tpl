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

{{/* The host name of the test pod, its name, must not be cut to the name of the Service. */}}
{{- define "ml-rest-api.testName" -}}
{{- include "ml-rest-api.fullname" . | trunc 58 | trimSuffix "-" | printf "%s-test" }}
{{- end }}

{{- define "ml-rest-api.checkName" -}}
{{- include "ml-rest-api.fullname" . | trunc 57 | trimSuffix "-" | printf "%s-check" }}
{{- end }}

{{- define "ml-rest-api.dashboardName" -}}
{{- include "ml-rest-api.fullname" . | trunc 53 | trimSuffix "-" | printf "%s-dashboard" }}
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

{{/* The metadata of an object: `.name`, `.namespace`, `.labels` and `.annotations` are optional. */}}
{{- define "ml-rest-api.metadata" -}}
name: {{ .name | default (include "ml-rest-api.fullname" .root) | quote }}
{{- with .namespace | default .root.Values.namespaceOverride }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "ml-rest-api.labelsWith" (dict "root" .root "more" .labels) | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{/* Labels of the pods, without versions, so that an upgrade without changes restarts no pods. */}}
{{- define "ml-rest-api.podLabels" -}}
{{- $labels := include "ml-rest-api.selectorLabels" . | fromYaml }}
{{- merge $labels (.Values.podLabels | default dict) (.Values.commonLabels | default dict) | toYaml }}
{{- end }}

{{/* Labels of the hooks' pods. If they matched the selector, the Service would send them requests. */}}
{{- define "ml-rest-api.hookLabels" -}}
app.kubernetes.io/name: {{ printf "%s-%s" (include "ml-rest-api.name" .root | trunc 57 | trimSuffix "-") .suffix | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- with omit (.root.Values.commonLabels | default dict) "app.kubernetes.io/name" "app.kubernetes.io/instance" }}
{{ toYaml . }}
{{- end }}
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
{{- $tag := .Values.image.tag | default .Chart.AppVersion | trimSuffix "@" }}
{{- with .Values.image.digest }}
{{- $tag = printf "%s@%s" (splitList "@" $tag | first) . }}
{{- end }}
{{- printf "%s%s%s" $repository (hasPrefix "@" $tag | ternary "" ":") $tag }}
{{- end }}

{{- define "ml-rest-api.imagePullSecrets" -}}
{{- $secrets := list }}
{{- range concat ((.Values.global).imagePullSecrets | default list) (.Values.imagePullSecrets | default list) }}
{{- if kindIs "map" . }}
{{- $secrets = append $secrets . }}
{{- else }}
{{- $secrets = append $secrets (dict "name" (include "ml-rest-api.text" .)) }}
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

{{/* PROTOCOLS, comma-separated, without space between them. */}}
{{- define "ml-rest-api.protocols" -}}
{{- $names := list }}
{{- range include "ml-rest-api.text" .Values.settings.PROTOCOLS | lower | splitList "," }}
{{- $names = append $names (trim .) }}
{{- end }}
{{- compact $names | join "," }}
{{- end }}

{{/*
The paths that are routed to the service by default, separated by spaces; /metrics is none of them.
With `.protocols`, those of the other protocols too: all that their clients use.
*/}}
{{- define "ml-rest-api.routedPaths" -}}
{{- $root := include "ml-rest-api.rootPath" .root }}
{{- $root }}/api
{{- if .protocols }}
{{- $paths := dict "v1" "/v1/models" "v2" "/v2" "invocations" "/invocations /ping /health /version" }}
{{- range include "ml-rest-api.protocols" .root | splitList "," | uniq | compact }}
{{- range splitList " " (get $paths .) }} {{ $root }}{{ . }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Not empty if an autoscaler sets the number of pods, so that the Deployment does not. */}}
{{- define "ml-rest-api.isAutoscaled" -}}
{{- or .Values.autoscaling.enabled .Values.keda.enabled | ternary "true" "" }}
{{- end }}

{{/* Minimum number of pods. */}}
{{- define "ml-rest-api.minPods" -}}
{{- if .Values.keda.enabled }}
{{- .Values.keda.minReplicas | int }}
{{- else }}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount | int }}
{{- end }}
{{- end }}

{{/* The port of /metrics; 0 if it is on the port of the API. */}}
{{- define "ml-rest-api.metricsPort" -}}
{{- kindIs "invalid" .Values.metrics.port | ternary .Values.settings.METRICS_PORT .Values.metrics.port | int }}
{{- end }}

{{/* The name of the port of /metrics, in the pod and in the Service. */}}
{{- define "ml-rest-api.metricsPortName" -}}
{{- include "ml-rest-api.metricsPort" . | int | empty | ternary "http" "metrics" }}
{{- end }}
