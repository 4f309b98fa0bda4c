{{/* Rendered from app/config/settings.py: settings that are empty by default. */}}
{{- define "ml-rest-api.emptySettings" -}}SECRET_KEY MODEL_NAME MODEL_CHECKSUMS CORS_ORIGINS ROOT_PATH{{- end }}
{{/* Settings with the choice off, which YAML reads as a boolean. */}}
{{- define "ml-rest-api.onOffSettings" -}}SELF_TEST VERSION_CHECK ACCESS_LOG{{- end }}
