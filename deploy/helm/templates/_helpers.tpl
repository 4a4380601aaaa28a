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

{{- define "cursor-api.shared" -}}
{{- .Values.shared.existingSecret | default (printf "%s-shared" (include "cursor-api.name" .)) -}}
{{- end -}}

{{- define "cursor-api.scheme" -}}
{{- if .Values.tls.existingSecret }}HTTPS{{ else }}HTTP{{ end -}}
{{- end -}}

{{- /* What cannot be deployed is said here, in words, before anything is. */ -}}
{{- define "cursor-api.check" -}}
{{- with .Values.shared -}}
{{- if and .existingSecret (or .databaseUrl .redisUrl .credentialsKey) -}}
{{- fail "shared: the addresses and the key would not be used, as shared.existingSecret names a Secret of yours. Put them there, as DATABASE_URL, REDIS_URL and CREDENTIALS_KEY." -}}
{{- end -}}
{{- if and (gt (int $.Values.replicas) 1) (not .existingSecret) (not (and .databaseUrl .redisUrl)) -}}
{{- fail "replicas: several share a database and counters. Set shared.databaseUrl and shared.redisUrl, or name a Secret that has DATABASE_URL and REDIS_URL in shared.existingSecret; or set replicas to 1." -}}
{{- end -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) .Values.persistence.enabled .Values.persistence.existingClaim -}}
{{- fail "persistence.existingClaim: two gateways cannot share the files of one volume. Leave it out, and each has its own; or set replicas to 1." -}}
{{- end -}}
{{- if and (gt (int .Values.replicas) 1) (not .Values.tokens) (not .Values.auth.existingSecret) (not .Values.config) (not .Values.shared.credentialsKey) (not .Values.shared.existingSecret) -}}
{{- fail "replicas: each needs the same credentials. Set shared.credentialsKey, or tokens, or put TOKENS into the Secret of auth.existingSecret, or name upstreams in config; or set replicas to 1." -}}
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
