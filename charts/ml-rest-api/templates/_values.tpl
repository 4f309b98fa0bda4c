{{/*
Completes the values: one that is missing, because it is null or because `--reuse-values` is of an
older chart, gets its default. Converts numbers and booleans to texts where a text is meant. Every
template includes this first.
*/}}
{{- define "ml-rest-api.init" -}}
{{- include "ml-rest-api.complete" (dict "values" .Values "types" (include "ml-rest-api.valueTypes" . | fromJson)) }}
{{- end }}

{{- define "ml-rest-api.complete" -}}
{{- $values := .values }}
{{- range $key, $node := .types }}
{{- $value := index $values $key }}
{{- if kindIs "invalid" $value }}
{{- if hasKey $node "default" }}
{{- $_ := set $values $key (deepCopy $node.default) }}
{{- end }}
{{- else if $node.properties }}
{{- include "ml-rest-api.complete" (dict "values" $value "types" $node.properties) }}
{{- else if eq (get $node "type") "text" }}
{{- $_ := set $values $key (include "ml-rest-api.text" $value) }}
{{- else if eq (get $node "type") "texts" }}
{{- range $name, $item := $value }}
{{- $_ := set $value $name (include "ml-rest-api.text" $item) }}
{{- end }}
{{- else if eq (get $node "type") "list" }}
{{- $texts := list }}
{{- range $value }}
{{- $texts = append $texts (include "ml-rest-api.text" .) }}
{{- end }}
{{- $_ := set $values $key $texts }}
{{- else if eq (get $node "type") "env" }}
{{- range $value }}
{{- if eq (toString .value) "" }}
{{- $_ := unset . "value" }}
{{- else if hasKey . "value" }}
{{- $_ := set . "value" (include "ml-rest-api.text" .value) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ml-rest-api.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}
