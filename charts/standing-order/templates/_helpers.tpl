{{/* Names and labels. Each helper says what it takes. */}}

{{/* Prefix of all names. Takes the root context. */}}
{{- define "so.fullname" -}}
{{- $name := default .Release.Name .Values.fullnameOverride -}}
{{- trunc 40 $name | trimSuffix "-" -}}
{{- end -}}

{{/* Labels that never change, for selectors. Takes a dict of root and component. */}}
{{- define "so.selector" -}}
app.kubernetes.io/name: standing-order
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* All labels of an object. Takes a dict of root and component. */}}
{{- define "so.labels" -}}
{{ include "so.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{/* A service's values over the defaults, as YAML. Takes a dict of root and name. */}}
{{- define "so.service" -}}
{{- $own := default dict (get .root.Values.services .name) -}}
{{- mustMergeOverwrite (deepCopy .root.Values.defaults) $own | toYaml -}}
{{- end -}}

{{/* Every topic with the service that receives it, as YAML, as the services' contracts have it. Takes nothing. */}}
{{- define "so.topics" -}}
consumer-commands: consumer
restaurant-commands: restaurant
order-requests: order
consumer-changes: order
restaurant-changes: order
order-replies: order
order-settled: notification
{{- end -}}

{{/* Ranges that are not the internet: RFC 6890, without those that nobody routes. The service itself refuses these and more. Takes nothing. */}}
{{- define "so.privateRanges" -}}
v4: [0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3]
{{- end -}}

{{/* Variables of the services that the chart sets, as YAML. Takes nothing. */}}
{{- define "so.variables" -}}
every: [HOST, PORT, DAPR_HTTP_PORT, DAPR_API_TOKEN, APP_API_TOKEN, STATE_STORE, PUBSUB, LOG_LEVEL, POD_NAME, OTEL_SERVICE_NAME,
  OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_EXPORTER_OTLP_ENDPOINT,
  AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL, AUTH_CONSUMER_CLAIM, AUTH_ROLES_CLAIM, AUTH_ADMIN_ROLE]
order: [BROKER, ORDER_STYLE, STYLE_OVERRIDE, ACCEPT_DEADLINE_MS, MAX_OPEN_ORDERS, ORDER_DEADLINE_SECONDS,
  REPLICA_STALENESS_MS, NOTIFICATIONS, CONSUMER_ORDERS]
notification: [WEBHOOKS_ALLOW_HTTP, WEBHOOKS_ALLOW_ADDRESSES, WEBHOOK_DISABLE_AFTER_HOURS, WEBHOOK_SECRET_KEYS]
{{- end -}}

{{/* The port of an http or https URL. */}}
{{- define "so.portOf" -}}
{{- $url := urlParse . -}}
{{- trimPrefix ":" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end -}}

{{/* Seconds from a pod's SIGTERM until the last of it is gone by itself. Takes a dict of root and service (its values). */}}
{{- define "so.drainSeconds" -}}
{{- /* The application stops within 25 s, its sidecar within 5 s after what it waits for. */ -}}
{{- $application := add (int .service.preStopSeconds) 25 -}}
{{- if .root.Values.dapr.nativeSidecar -}}
{{ add $application 5 }}
{{- else -}}
{{ add (max $application (int .root.Values.dapr.blockShutdownSeconds)) 5 }}
{{- end -}}
{{- end -}}

{{/* The image of the services. Takes the root context. */}}
{{- define "so.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{/* Secrets with Dapr's tokens: own, or made by the chart. Take the root context. */}}
{{- define "so.apiTokenSecret" -}}
{{ default (printf "%s-dapr-api-token" (include "so.fullname" .)) .Values.dapr.apiTokenSecret }}
{{- end -}}
{{- define "so.appTokenSecret" -}}
{{ default (printf "%s-dapr-app-token" (include "so.fullname" .)) .Values.dapr.appTokenSecret }}
{{- end -}}

{{/* Secret with the keys that seal the secrets of webhooks: own, or made by the chart. Takes the root context. */}}
{{- define "so.webhookKeysSecret" -}}
{{ default (printf "%s-webhook-keys" (include "so.fullname" .)) .Values.notification.keysSecret }}
{{- end -}}

{{/* Secret with the password of a Redis or the connection string of a PostgreSQL; empty if there is none. Takes a dict of root and part (stateStore or broker). */}}
{{- define "so.backendSecret" -}}
{{- $part := get .root.Values .part -}}
{{- if and $part.inChart (ne $part.kind "kafka") -}}
{{ include "so.fullname" .root }}-{{ .part | kebabcase }}
{{- else if not $part.inChart -}}
{{ $part.external.existingSecret }}
{{- end -}}
{{- end -}}

{{/* host:port of the state store or the broker. Takes a dict of root and part. */}}
{{- define "so.backendAddress" -}}
{{- $part := get .root.Values .part -}}
{{- if $part.inChart -}}
{{- $port := dict "redis" 6379 "kafka" 9092 "postgresql" 5432 -}}
{{ include "so.fullname" .root }}-{{ .part | kebabcase }}.{{ .root.Release.Namespace }}.svc:{{ get $port $part.kind }}
{{- else -}}
{{ $part.external.address }}
{{- end -}}
{{- end -}}

{{/* host:port of every store and broker that the chart itself starts, as JSON. Takes the root context. */}}
{{- define "so.inChartAddresses" -}}
{{- $addresses := list -}}
{{- range $part := list "stateStore" "broker" -}}
{{- if (get $.Values $part).inChart -}}
{{- $addresses = append $addresses (include "so.backendAddress" (dict "root" $ "part" $part)) -}}
{{- end -}}
{{- end -}}
{{ $addresses | toJson }}
{{- end -}}

{{/* How every pod gets its images, as lines of its spec; empty if they ask for no password. Takes the root context. */}}
{{- define "so.pullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets: {{ toJson . }}
{{- end -}}
{{- end -}}

{{/* The most replicas that a service may come to. Takes a dict of root and service (its values). */}}
{{- define "so.mostReplicas" -}}
{{- if .root.Values.keda.enabled -}}
{{ int .root.Values.keda.maxReplicas }}
{{- else if .service.autoscaling.enabled -}}
{{ int .service.autoscaling.maxReplicas }}
{{- else -}}
{{ int .service.replicas }}
{{- end -}}
{{- end -}}

{{/* Connections that each sidecar may open to PostgreSQL. Takes nothing. */}}
{{- define "so.connections" -}}
16
{{- end -}}

{{/* Connections that all sidecars may open, with one pod more of each service in an upgrade, and some for people. Takes the root context. */}}
{{- define "so.allConnections" -}}
{{- $pods := 0 -}}
{{- range $name, $_ := .Values.services -}}
{{- $service := include "so.service" (dict "root" $ "name" $name) | fromYaml -}}
{{- $pods = add $pods 1 (include "so.mostReplicas" (dict "root" $ "service" $service)) -}}
{{- end -}}
{{ add 8 (mul $pods (include "so.connections" .)) }}
{{- end -}}

{{/* Bytes in a quantity of Redis (768mb), Java (512m) or Kubernetes (1Gi); 0 if it is none or says it otherwise. Takes it. */}}
{{- define "so.bytes" -}}
{{- $text := ternary (printf "%.0f" .) (toString .) (kindIs "float64" .) -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 "kb" 1024 "mb" 1048576 "gb" 1073741824 -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- if and $number (hasKey $units $unit) -}}
{{ mulf (float64 $number) (get $units $unit) | printf "%.0f" }}
{{- else -}}
0
{{- end -}}
{{- end -}}

{{/* What every container may not do. */}}
{{- define "so.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* What every pod may not do. Takes a user id. */}}
{{- define "so.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: { type: RuntimeDefault }
{{- end -}}
