{{/* Names, labels and shared parts of templates. */}}

{{/*
Completes the values. `helm upgrade --reuse-values` renders this chart with all values of the earlier one, so keys that were added since
are missing. The chart's own values.yaml, as the file defaults.yaml, has them. A key that the user removed with null stays removed,
except in values of an earlier chart. Also leaves out the notification service. Every template calls this first. Takes the root context.
*/}}
{{- define "standing-order.completeValues" -}}
{{- if ne (toString .Values.valuesVersion) .Chart.Version -}}
{{- $defaults := .Files.Get "defaults.yaml" | fromYaml -}}
{{- include "standing-order.addMissing" (dict "values" .Values "defaults" (omit $defaults "services")) -}}
{{- end -}}
{{- if not .Values.notification.enabled -}}
{{- $_ := unset .Values.services "notification" -}}
{{- end -}}
{{- end -}}

{{/* Adds the keys of `defaults` that `values` does not have, at every depth. Takes a dict of both. */}}
{{- define "standing-order.addMissing" -}}
{{- $values := .values -}}
{{- range $key, $default := .defaults -}}
{{- if not (hasKey $values $key) -}}
{{- $_ := set $values $key $default -}}
{{- else if and (kindIs "map" $default) (kindIs "map" (get $values $key)) -}}
{{- include "standing-order.addMissing" (dict "values" (get $values $key) "defaults" $default) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* IP families of a Service, as lines of its spec; empty without any. Takes the root context. */}}
{{- define "standing-order.ipFamilies" -}}
{{- with .Values.ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- with .Values.ipFamilies }}
ipFamilies: {{ toJson . }}
{{- end }}
{{- end -}}

{{/* Name of the application. Not .Chart.Name: a parent chart may give its dependency an alias. Takes nothing. */}}
{{- define "standing-order.name" -}}
standing-order
{{- end -}}

{{/* Name and version of the chart, for a label. Takes the root context. */}}
{{- define "standing-order.chart" -}}
{{- printf "%s-%s" (include "standing-order.name" nil) .Chart.Version | replace "+" "_" -}}
{{- end -}}

{{/* Prefix of all names. Takes the root context. */}}
{{- define "standing-order.fullname" -}}
{{- $name := default .Release.Name .Values.fullnameOverride -}}
{{- regexReplaceAll "-+$" (trunc 40 $name) "" -}}
{{- end -}}

{{/* Labels that never change, for selectors. Takes a dict of root and component. */}}
{{- define "standing-order.selectorLabels" -}}
app.kubernetes.io/name: {{ include "standing-order.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/*
All labels of an object, each once: those of the chart replace those of `more`, which replace commonLabels. Takes a dict of root, component
and, optionally, more.
*/}}
{{- define "standing-order.labels" -}}
{{- $chart := include "standing-order.selectorLabels" . | fromYaml -}}
{{- $_ := set $chart "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $chart "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $chart "helm.sh/chart" (include "standing-order.chart" .root) -}}
{{ mustMergeOverwrite (deepCopy .root.Values.commonLabels) (.more | default dict) $chart | toYaml }}
{{- end -}}

{{/* Environment variables of the services that only the chart may set, as YAML. Takes nothing. */}}
{{- define "standing-order.reservedVariables" -}}
every: [HOST, PORT, DAPR_GRPC_PORT, DAPR_HTTP_PORT, DAPR_API_TOKEN, APP_API_TOKEN, STATE_STORE, PUBSUB, KEEP_ALIVE_SECONDS, LOG_LEVEL,
  POD_NAME, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS,
  AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL, AUTH_CONSUMER_CLAIM, AUTH_ROLES_CLAIM, AUTH_ADMIN_ROLE]
order: [STATE_STORE_OWNER, STATE_STORE_MAY_BE_EMPTY, BROKER, BROKER_PARTITIONS, BATCH_ENTRIES, ORDER_STYLE, STYLE_OVERRIDE,
  ACCEPT_DEADLINE_MS, MAX_OPEN_ORDERS, MAX_STREAMS_PER_CALLER, MAX_WAITS_PER_CALLER, ORDER_DEADLINE_SECONDS, ORDER_RETENTION, REPLICA_STALENESS_MS, NOTIFICATIONS, CONSUMER_ORDERS, MESSAGE_CLIENTS, ORDER_TOKEN_KEYS, ORDER_TOKEN_REQUIRED]
notification: [WEBHOOKS_ALLOW_HTTP, WEBHOOKS_ALLOW_ADDRESSES, WEBHOOKS_NAT64_PREFIXES, WEBHOOKS_CA_FILE, WEBHOOKS_PROXY,
  WEBHOOK_DISABLE_AFTER_HOURS, WEBHOOK_SECRET_KEYS]
{{- end -}}
