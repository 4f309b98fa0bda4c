{{/* The saturation of all pods together, by the labels that the Prometheus operator adds. */}}
{{- define "ml-rest-api.saturationQuery" -}}
{{- $labels := printf "namespace=%q,service=%q" (include "ml-rest-api.namespace" .) (include "ml-rest-api.fullname" .) }}
{{- printf "sum(avg_over_time(ml_rest_api_saturation{%s}[1m]))" $labels }}
{{- end }}

{{/* Not empty if KEDA may remove all pods. */}}
{{- define "ml-rest-api.kedaScalesToZero" -}}
{{- $idle := .Values.keda.idleReplicas }}
{{- or (eq (int .Values.keda.minReplicas) 0) (and (not (kindIs "invalid" $idle)) (eq (int $idle) 0)) | ternary "true" "" }}
{{- end }}

{{- define "ml-rest-api.validateScaling" -}}
{{- if and .Values.autoscaling.enabled .Values.keda.enabled }}
{{- fail "autoscaling.enabled and keda.enabled cannot be combined, because KEDA creates its own HorizontalPodAutoscaler: disable one of them" }}
{{- else if .Values.autoscaling.enabled }}
{{- include "ml-rest-api.validateReplicas" (dict "name" "autoscaling" "values" .Values.autoscaling) }}
{{- include "ml-rest-api.validateAutoscaling" .Values.autoscaling }}
{{- else if .Values.keda.enabled }}
{{- include "ml-rest-api.validateReplicas" (dict "name" "keda" "values" .Values.keda) }}
{{- include "ml-rest-api.validateKeda" . }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateReplicas" -}}
{{- if gt (int .values.minReplicas) (int .values.maxReplicas) }}
{{- fail (printf "%s.minReplicas (%d) is greater than %s.maxReplicas (%d)" .name (int .values.minReplicas) .name (int .values.maxReplicas)) }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateAutoscaling" -}}
{{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage .metrics) }}
{{- fail "autoscaling.enabled requires a target: targetCPUUtilizationPercentage, targetMemoryUtilizationPercentage or metrics" }}
{{- end }}
{{- $hasExternal := false }}
{{- range .metrics }}
{{- $hasExternal = or $hasExternal (has .type (list "External" "Object")) }}
{{- end }}
{{- if and (eq (int .minReplicas) 0) (not $hasExternal) }}
{{- fail "autoscaling.minReplicas 0 requires a metric of type External or Object in autoscaling.metrics, because pods that do not run have no metrics: add one, or set autoscaling.minReplicas to 1" }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateKeda" -}}
{{- $keda := .Values.keda }}
{{- if not (or $keda.serverAddress $keda.triggers) }}
{{- fail "keda.enabled requires keda.serverAddress, the address of Prometheus, or keda.triggers" }}
{{- else if and $keda.query (not $keda.serverAddress) }}
{{- fail "keda.query requires keda.serverAddress, the address of Prometheus" }}
{{- else if and $keda.serverAddress (not $keda.query) (not .Values.service.enabled) }}
{{- fail "keda.serverAddress requires keda.query if service.enabled is false, because the default query selects metrics by the name of the Service" }}
{{- end }}
{{- if not (kindIs "invalid" $keda.idleReplicas) }}
{{- if ge (int $keda.idleReplicas) (int $keda.minReplicas) }}
{{- fail (printf "keda.idleReplicas (%d) must be less than keda.minReplicas (%d)" (int $keda.idleReplicas) (int $keda.minReplicas)) }}
{{- end }}
{{- end }}
{{- $hasExternal := not (empty $keda.query) }}
{{- range $keda.triggers }}
{{- $hasExternal = or $hasExternal (not (has .type (list "cpu" "memory"))) }}
{{- end }}
{{- if and (include "ml-rest-api.kedaScalesToZero" .) (not $hasExternal) }}
{{- fail "keda.minReplicas or keda.idleReplicas 0 requires keda.query or a trigger other than cpu and memory in keda.triggers, because pods that do not run have no metrics: set one, such as the request rate of the ingress controller, or set keda.minReplicas to 1" }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.validateService" -}}
{{- if not .Values.service.enabled }}
{{- $hint := dict "ingress" "an Ingress" "httpRoute" "an HTTPRoute" "serviceMonitor" "a PodMonitor, which selects the pods," }}
{{- range $name, $other := $hint }}
{{- if (index $.Values $name).enabled }}
{{- fail (printf "%s.enabled requires service.enabled, because it refers to the chart's Service: disable it, and add %s to extraObjects" $name $other) }}
{{- end }}
{{- end }}
{{- end }}
{{- $port := include "ml-rest-api.metricsPort" . | int }}
{{- $setting := .Values.settings.METRICS_PORT | int }}
{{- if and $setting (ne $port $setting) }}
{{- fail (printf "metrics.port (%d) differs from settings.METRICS_PORT (%d): set only one of them" $port $setting) }}
{{- else if and $port (eq $port (int .Values.settings.FLASK_PORT)) }}
{{- fail (printf "metrics.port or settings.METRICS_PORT (%d) is the same as settings.FLASK_PORT: set another port, or 0 for /metrics on the port of the API" $port) }}
{{- else if and $port .Values.service.enabled (eq $port (int .Values.service.port)) }}
{{- fail (printf "metrics.port or settings.METRICS_PORT (%d) is the same as service.port: set another port" $port) }}
{{- end }}
{{- end }}
