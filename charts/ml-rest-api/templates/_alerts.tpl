{{/* Selects the metrics of this release's pods: the labels of the target, as the operator sets them. */}}
{{- define "ml-rest-api.metricsSelector" -}}
{{- if and (not .Values.prometheusRule.job) (eq (toString .Values.service.enabled) "false") }}
{{- fail "prometheusRule.enabled with service.enabled=false requires prometheusRule.job, the label `job` of the metrics: of a PodMonitor its namespace, a slash and its name" }}
{{- end }}
{{- $job := .Values.prometheusRule.job | default (include "ml-rest-api.fullname" .) }}
{{- printf "namespace=%q, job=%q" (include "ml-rest-api.namespace" .) $job }}
{{- end }}

{{- define "ml-rest-api.runbookUrl" -}}
{{- $repository := .Chart.Sources | default (list "") | first }}
{{- $default := empty $repository | ternary "docs/runbooks.md" (printf "%s/blob/main/docs/runbooks.md" $repository) }}
{{- .Values.prometheusRule.runbookUrl | default $default }}
{{- end }}

{{/*
The alerts, as a list in JSON. `up` is a pod that Prometheus knows, from before it answers until it
is deleted; a container that restarts again and again is in it too, and its other metrics come and go.
*/}}
{{- define "ml-rest-api.alerts" -}}
{{- $select := include "ml-rest-api.metricsSelector" . }}
{{- $values := .Values.prometheusRule }}
{{- $loading := printf "%ds" (add (int .Values.model.loadTimeoutSeconds) 60) }}
{{- $post := printf "sum by (namespace, job) (rate(ml_rest_api_requests_total{%s, method=\"POST\", path!=\"unknown\"}[5m]))" $select }}
{{- $alerts := list }}

{{- $noPod := printf "sum by (namespace, job) (ml_rest_api_model_state{%s, state=\"ready\"}) == 0" $select }}
{{- $keda := .Values.keda | default dict }}
{{- $isIdle := and $keda.enabled (eq (toString $keda.idleReplicas) "0") }}
{{- if and (gt (include "ml-rest-api.minPods" . | int) 0) (not $isIdle) }}
{{- $noPod = printf "%s\nor absent(ml_rest_api_model_state{%s})" $noPod $select }}
{{- end }}
{{- $alerts = append $alerts (dict "alert" "MlRestApiNoReadyPod" "severity" "critical"
  "for" (eq .Values.strategy.type "Recreate" | ternary $loading "2m")
  "expr" $noPod
  "summary" "No pod of {{ $labels.job }} is ready"
  "description" "Every request to {{ $labels.job }} in {{ $labels.namespace }} fails: no pod has a loaded model, or Prometheus reaches none.") }}

{{- $ready := printf "max by (namespace, job, pod, instance) (max_over_time(ml_rest_api_model_state{%s, state=\"ready\"}[5m])) == 1" $select }}
{{- $alerts = append $alerts (dict "alert" "MlRestApiNotReady" "severity" "warning"
  "for" $loading
  "expr" (printf "max by (namespace, job, pod, instance) (up{%s})\nunless on (namespace, job, pod, instance) (%s)" $select $ready)
  "summary" "A pod of {{ $labels.job }} does not become ready"
  "description" (printf "{{ $labels.pod }} ({{ $labels.instance }}) in {{ $labels.namespace }} has not been ready for longer than a model may load (%s). Prometheus {{ if eq $value 0.0 }}does not reach it{{ else }}reaches it, but its model is not loaded{{ end }}." $loading)) }}

{{- $alerts = append $alerts (dict "alert" "MlRestApiSelfTestFailed" "severity" "warning"
  "for" "0m"
  "expr" (printf "min by (namespace, job, pod, instance) (min_over_time(ml_rest_api_self_test_ok{%s}[5m])) == 0" $select)
  "summary" "A model of {{ $labels.job }} fails its self-test"
  "description" "The model in {{ $labels.pod }} ({{ $labels.instance }}) in {{ $labels.namespace }} does not predict its sample or a golden case as expected. Unless SELF_TEST is `warn`, it gets no requests.") }}

{{- $alerts = append $alerts (dict "alert" "MlRestApiErrors" "severity" "critical"
  "for" $values.for
  "expr" (printf "sum by (namespace, job) (rate(ml_rest_api_requests_total{%s, method=\"POST\", code=~\"5..\", code!=\"503\"}[5m]))\n/ %s > %v" $select $post $values.errorRatio)
  "summary" "{{ $labels.job }} answers with errors"
  "description" "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} in {{ $labels.namespace }} get a 500 or 504.") }}

{{- $alerts = append $alerts (dict "alert" "MlRestApiRefused" "severity" "warning"
  "for" $values.for
  "expr" (printf "sum by (namespace, job) (rate(ml_rest_api_refused_total{%s, reason=\"busy\"}[5m]))\n/ %s > %v" $select $post $values.refusedRatio)
  "summary" "{{ $labels.job }} refuses requests"
  "description" "{{ $value | humanizePercentage }} of the requests to {{ $labels.job }} in {{ $labels.namespace }} get a 503: MAX_PENDING predictions are pending.") }}

{{- $alerts = append $alerts (dict "alert" "MlRestApiSlow" "severity" "warning"
  "for" $values.for
  "expr" (printf "histogram_quantile(0.99, sum by (namespace, job, le) (rate(ml_rest_api_prediction_seconds_bucket{%s}[5m]))) > %v" $select $values.p99Seconds)
  "summary" "{{ $labels.job }} predicts slowly"
  "description" "1 of 100 predictions of {{ $labels.job }} in {{ $labels.namespace }} takes longer than {{ $value | humanizeDuration }}.") }}

{{- $alerts = append $alerts (dict "alert" "MlRestApiSaturated" "severity" "warning"
  "for" $values.for
  "expr" (printf "avg by (namespace, job) (avg_over_time(ml_rest_api_saturation{%s}[5m])) > %v" $select $values.saturation)
  "summary" "{{ $labels.job }} is close to its limit"
  "description" "{{ $value | humanizePercentage }} of MAX_PENDING is in use, on average of the pods of {{ $labels.job }} in {{ $labels.namespace }}.") }}

{{- $alerts = append $alerts (dict "alert" "MlRestApiDrift" "severity" "warning"
  "for" "30m"
  "expr" (printf "ml_rest_api:drift_psi{%s} > %v" $select $values.psi)
  "summary" "{{ $labels.job }}: {{ $labels.source }} {{ $labels.name }} has drifted"
  "description" "The {{ $labels.source }} {{ $labels.name }} of {{ $labels.job }} in {{ $labels.namespace }} is distributed differently than in the training data: population stability index {{ $value | humanize }}.") }}

{{- toJson $alerts }}
{{- end }}
