{{/*
Every setting as an environment variable. Skipped: names in `extraEnv` (server-side apply rejects
duplicate names), null, and an empty string that is the default, as for SECRET_KEY. Kubernetes does
not store an empty `value`: with one, server-side apply by somebody else reports a conflict.
Skipped, too, if the image has the model: the names of the example, because it may name another.
*/}}
{{- define "ml-rest-api.settingsEnv" -}}
{{- $overridden := list }}
{{- range .Values.extraEnv }}
{{- $overridden = append $overridden .name }}
{{- end }}
{{- $optional := include "ml-rest-api.emptySettings" . | splitList " " }}
{{- $ofExample := dict }}
{{- if eq (include "ml-rest-api.modelSource" .) "image" }}
{{- $ofExample = dict "MODEL_DIR" "model" "TRAINED_MODEL_MODULE_NAME" "ml_trained_model" }}
{{- end }}
{{- $onOff := include "ml-rest-api.onOffSettings" . | splitList " " }}
{{- range $name, $value := .Values.settings }}
{{- $text := include "ml-rest-api.text" $value }}
{{- if and (kindIs "bool" $value) (has $name $onOff) }}
{{- $text = $value | ternary "on" "off" }}
{{- end }}
{{- if eq $name "MODEL_DIR" }}
{{- $text = include "ml-rest-api.modelDir" $ }}
{{- else if eq $name "MODEL_CHECKSUMS" }}
{{- $text = include "ml-rest-api.modelChecksums" $ }}
{{- else if eq $name "METRICS_PORT" }}
{{- $text = include "ml-rest-api.metricsPort" $ }}
{{- end }}
{{- $skipped := or (kindIs "invalid" $value) (and (eq $text "") (has $name $optional)) (and (hasKey $ofExample $name) (eq $text (get $ofExample $name))) }}
{{- if not (or $skipped (has $name $overridden)) }}
- name: {{ $name }}
  {{- with include "ml-rest-api.envText" $text }}
  value: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Text escaped for `env`: Kubernetes expands "$$" and "$(NAME)" in values. */}}
{{- define "ml-rest-api.envText" -}}
{{- replace "$" "$$" . }}
{{- end }}

{{/* The object without its default handler if it has another one: only one handler is allowed. */}}
{{- define "ml-rest-api.singleHandler" -}}
{{- $object := .object }}
{{- range without (list "exec" "grpc" "httpGet" "sleep" "tcpSocket") .defaultHandler }}
{{- if hasKey $object . }}
{{- $object = omit $object $.defaultHandler }}
{{- end }}
{{- end }}
{{- toYaml $object }}
{{- end }}

{{- define "ml-rest-api.probe" -}}
{{- include "ml-rest-api.singleHandler" (dict "object" . "defaultHandler" "httpGet") }}
{{- end }}

{{/* The startup probe, with enough attempts for a model that loads before the server listens. */}}
{{- define "ml-rest-api.startupProbe" -}}
{{- $probe := .Values.startupProbe }}
{{- $period := $probe.periodSeconds | default 10 }}
{{- $failures := divf .Values.model.loadTimeoutSeconds $period | ceil | int }}
{{- include "ml-rest-api.probe" (merge (deepCopy $probe) (dict "failureThreshold" $failures)) }}
{{- end }}

{{- define "ml-rest-api.lifecycle" -}}
{{- $lifecycle := .Values.lifecycle }}
{{- with $lifecycle.preStop }}
{{- $hook := include "ml-rest-api.singleHandler" (dict "object" . "defaultHandler" "sleep") | fromYaml }}
{{- $lifecycle = merge (dict "preStop" $hook) (omit $lifecycle "preStop") }}
{{- end }}
{{- toYaml $lifecycle }}
{{- end }}

{{/* The preStop sleep, the time for running requests, and 5 seconds for the process to exit. */}}
{{- define "ml-rest-api.terminationGracePeriodSeconds" -}}
{{- if kindIs "invalid" .Values.terminationGracePeriodSeconds }}
{{- $sleep := dig "preStop" "sleep" "seconds" 0 (.Values.lifecycle | default dict) }}
{{- add $sleep .Values.settings.GRACEFUL_TIMEOUT 5 }}
{{- else }}
{{- .Values.terminationGracePeriodSeconds | int }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.progressDeadlineSeconds" -}}
{{- .Values.progressDeadlineSeconds | default (add .Values.model.loadTimeoutSeconds 60) | int }}
{{- end }}

{{/* Spreads the pods across nodes. matchLabelKeys: count only the pods of the same revision. */}}
{{- define "ml-rest-api.topologySpreadConstraints" -}}
{{- $selector := dict "matchLabels" (include "ml-rest-api.selectorLabels" . | fromYaml) }}
{{- $constraints := .Values.topologySpreadConstraints }}
{{- if and (not $constraints) .Values.topologySpread.enabled }}
{{- $default := dict "maxSkew" 1 "topologyKey" "kubernetes.io/hostname" "whenUnsatisfiable" "ScheduleAnyway" }}
{{- $constraints = list (set $default "matchLabelKeys" (list "pod-template-hash")) }}
{{- end }}
{{- range $constraints }}
{{- $constraint := hasKey . "labelSelector" | ternary . (set (deepCopy .) "labelSelector" $selector) }}
- {{ toYaml $constraint | nindent 2 | trim }}
{{- end }}
{{- end }}
