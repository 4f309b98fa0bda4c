{{/* Rendered from app/config/settings.py: settings that are empty by default. */}}
{{- define "ml-rest-api.emptySettings" -}}SECRET_KEY CORS_ORIGINS ROOT_PATH{{- end }}
