{{- define "cursor-api.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "cursor-api.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cursor-api.labels" -}}
{{ include "cursor-api.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "cursor-api.secret" -}}
{{- .Values.auth.existingSecret | default (include "cursor-api.name" .) -}}
{{- end -}}

{{- define "cursor-api.scheme" -}}
{{- if .Values.tls.existingSecret }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{- /* What cannot be deployed is said here, in words, before anything is. */ -}}
{{- define "cursor-api.check" -}}
{{- if gt (int .Values.replicas) 1 -}}
{{- fail "replicas: one gateway at a time can work with the files of a volume. Several need a store that they share, which a later release will have; set replicas to 1, or install the chart once for each, with tokens of its own." -}}
{{- end -}}
{{- if and (not .Values.auth.token) (not .Values.auth.existingSecret) -}}
{{- fail "auth.token: is not set; it is the key that clients present. Make one with `openssl rand -hex 24`, or name a Secret that has AUTH_TOKEN in auth.existingSecret." -}}
{{- end -}}
{{- if and .Values.tokens .Values.auth.existingSecret -}}
{{- fail "tokens: would not be used, as auth.existingSecret names a Secret of yours. Put them there, as TOKENS." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host: is not set; without one every host of the ingress would lead to the gateway." -}}
{{- end -}}
{{- end -}}
