{{/* Names, labels and shared parts of templates. */}}

{{/* Name of the chart. Takes the root context. */}}
{{- define "standing-order.name" -}}
{{- .Chart.Name -}}
{{- end -}}

{{/* Name and version of the chart, for a label. Takes the root context. */}}
{{- define "standing-order.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version -}}
{{- end -}}

{{/* Prefix of all names. Takes the root context. */}}
{{- define "standing-order.fullname" -}}
{{- $name := default .Release.Name .Values.fullnameOverride -}}
{{- trunc 40 $name | trimSuffix "-" -}}
{{- end -}}

{{/* Labels that never change, for selectors. Takes a dict of root and component. */}}
{{- define "standing-order.selectorLabels" -}}
app.kubernetes.io/name: {{ include "standing-order.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* All labels of an object. Takes a dict of root and component. */}}
{{- define "standing-order.labels" -}}
{{ include "standing-order.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ include "standing-order.chart" .root }}
{{- end -}}

{{/* Values of a service, merged over `defaults`, as YAML. Takes a dict of root and name. */}}
{{- define "standing-order.serviceValues" -}}
{{- $own := default dict (get .root.Values.services .name) -}}
{{- mustMergeOverwrite (deepCopy .root.Values.defaults) $own | toYaml -}}
{{- end -}}

{{/*
IPv4 ranges outside the internet: those of RFC 6890 that are routed, and the metadata service of Azure. The notification service refuses
these and more. Takes nothing.
*/}}
{{- define "standing-order.privateRanges" -}}
[0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 168.63.129.16/32, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15,
  224.0.0.0/3]
{{- end -}}

{{/* The private ranges behind a NAT64 prefix, as JSON. Takes the prefix, such as 64:ff9b::/96. */}}
{{- define "standing-order.nat64PrivateRanges" -}}
{{- $prefix := trimSuffix "/96" . -}}
{{- $ranges := list -}}
{{- range include "standing-order.privateRanges" nil | fromYamlArray -}}
{{- $parts := regexFindAll "[0-9]+" . -1 -}}
{{- $byte := list -}}
{{- range $parts }}{{ $byte = append $byte (int .) }}{{ end -}}
{{- $high := add (mul (index $byte 0) 256) (index $byte 1) -}}
{{- $low := add (mul (index $byte 2) 256) (index $byte 3) -}}
{{- $host := ternary "" (printf "%x:%x" $high $low) (eq 0 (add $high $low | int)) -}}
{{- $ranges = append $ranges (printf "%s%s/%d" $prefix $host (add 96 (index $byte 4))) -}}
{{- end -}}
{{ $ranges | toJson }}
{{- end -}}

{{/*
Peers of a dependency outside of the chart, as JSON: the configured ones, or those that its host names: a Service of the namespace
(`redis`), a Service of another namespace (`redis.db.svc`), or an IPv4 address. Empty for any other host. A host of two labels may be a
public one (`issuer.example`) or a Service (`collector.watch`): it counts as a Service where public addresses are allowed anyway. Takes a
dict of configured, host and isPublicAllowed.
*/}}
{{- define "standing-order.egressPeers" -}}
{{- if .configured -}}
{{ .configured | toJson }}
{{- else if regexMatch "^([0-9]{1,3}\\.){3}[0-9]{1,3}$" .host -}}
{{ list (dict "ipBlock" (dict "cidr" (printf "%s/32" .host))) | toJson }}
{{- else if regexMatch "^[a-z0-9-]+$" .host -}}
{{ list (dict "podSelector" dict) | toJson }}
{{- else if or (regexMatch "^[a-z0-9-]+\\.[a-z0-9-]+\\.svc(\\..+)?$" .host) (and .isPublicAllowed (regexMatch "^[a-z0-9-]+\\.[a-z0-9-]+$" .host)) -}}
{{- $namespace := index (splitList "." .host) 1 -}}
{{ list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace))) | toJson }}
{{- else -}}
[]
{{- end -}}
{{- end -}}

{{/*
Rules of egress to the dependencies outside of the chart, as a JSON list. Takes a dict of root and name (of the service). The
notification service connects to addresses that others choose, so its rules name peers wherever the values do, and never open port 443
or another port of an issuer, a collector or a proxy to all addresses.
*/}}
{{- define "standing-order.externalEgress" -}}
{{- $root := .root -}}
{{- $isNotification := eq .name "notification" -}}
{{- $egress := $root.Values.networkPolicy.egress -}}
{{- $targets := list -}}
{{- range $part := list "stateStore" "broker" -}}
{{- $values := get $root.Values $part -}}
{{- if not $values.inChart -}}
{{- if eq $values.kind "postgresql" -}}
{{- /* The address is in a secret. */ -}}
{{- $targets = append $targets (dict "purpose" $part "host" "" "port" (int $egress.postgresqlPort)) -}}
{{- else -}}
{{- range splitList "," $values.external.address -}}
{{- $port := regexFind "[0-9]+$" . | int -}}
{{- $targets = append $targets (dict "purpose" $part "host" (regexReplaceAll ":[0-9]+$" (trim .) "") "port" $port) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $urls := list (list "collector" $root.Values.telemetry.otlpEndpoint) (list "issuer" $root.Values.auth.issuer) (list "issuer" $root.Values.auth.jwksUrl) -}}
{{- if and $isNotification (ne $root.Values.notification.proxy "direct") -}}
{{- $urls = append $urls (list "proxy" $root.Values.notification.proxy) -}}
{{- end -}}
{{- range $urls -}}
{{- $url := index . 1 -}}
{{- if $url -}}
{{- $host := regexReplaceAll ":[0-9]*$" (urlParse $url).host "" -}}
{{- $targets = append $targets (dict "purpose" (index . 0) "host" $host "port" (include "standing-order.urlPort" $url | int)) -}}
{{- end -}}
{{- end -}}
{{- $rules := list -}}
{{- range $target := $targets -}}
{{- $configured := get $egress $target.purpose -}}
{{- $rule := dict "ports" (list (dict "port" $target.port)) -}}
{{- if and $configured (eq $target.purpose "broker") (eq $root.Values.broker.kind "kafka") -}}
{{- /* The brokers of Kafka may advertise other ports than that of the address. */ -}}
{{- $rule = dict -}}
{{- end -}}
{{- $peers := $configured -}}
{{- $isStore := has $target.purpose (list "stateStore" "broker") -}}
{{- if $isNotification -}}
{{- $peers = include "standing-order.egressPeers" (dict "configured" $configured "host" $target.host "isPublicAllowed" (not $isStore)) | fromJsonArray -}}
{{- end -}}
{{- if $peers -}}
{{- $rules = append $rules (set $rule "to" $peers) -}}
{{- else if or (not $isNotification) $isStore -}}
{{- $rules = append $rules $rule -}}
{{- end -}}
{{- end -}}
{{ $rules | uniq | toJson }}
{{- end -}}

{{/* Environment variables of the services that only the chart may set, as YAML. Takes nothing. */}}
{{- define "standing-order.reservedVariables" -}}
every: [HOST, PORT, DAPR_GRPC_PORT, DAPR_HTTP_PORT, DAPR_API_TOKEN, APP_API_TOKEN, STATE_STORE, PUBSUB, KEEP_ALIVE_SECONDS, LOG_LEVEL,
  POD_NAME, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS,
  AUTH_ISSUER, AUTH_AUDIENCE, AUTH_JWKS_URL, AUTH_CONSUMER_CLAIM, AUTH_ROLES_CLAIM, AUTH_ADMIN_ROLE]
order: [STATE_STORE_OWNER, STATE_STORE_MAY_BE_EMPTY, BROKER, ORDER_STYLE, STYLE_OVERRIDE, ACCEPT_DEADLINE_MS, MAX_OPEN_ORDERS, MAX_STREAMS_PER_CALLER, MAX_WAITS_PER_CALLER,
  ORDER_DEADLINE_SECONDS,
  ORDER_RETENTION, REPLICA_STALENESS_MS, NOTIFICATIONS, CONSUMER_ORDERS, ORDER_TOKEN_KEYS, ORDER_TOKEN_REQUIRED]
notification: [WEBHOOKS_ALLOW_HTTP, WEBHOOKS_ALLOW_ADDRESSES, WEBHOOKS_NAT64_PREFIXES, WEBHOOKS_CA_FILE, WEBHOOKS_PROXY,
  WEBHOOK_DISABLE_AFTER_HOURS, WEBHOOK_SECRET_KEYS]
{{- end -}}

{{/* Port of an http or https URL. Takes the URL. */}}
{{- define "standing-order.urlPort" -}}
{{- $url := urlParse . -}}
{{- trimPrefix ":" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end -}}

{{/* Longest regular shutdown of a pod, in seconds from its SIGTERM. Takes a dict of root and service (its values). */}}
{{- define "standing-order.drainSeconds" -}}
{{- /* The application stops within 25 s. The sidecar stops 5 s after the application, or after blockShutdownSeconds. */ -}}
{{- $application := add (int .service.preStopSeconds) 25 -}}
{{- if .root.Values.dapr.nativeSidecar -}}
{{ add $application 5 }}
{{- else -}}
{{ add (max $application (int .root.Values.dapr.blockShutdownSeconds)) 5 }}
{{- end -}}
{{- end -}}

{{/* Image of the services. Takes the root context. */}}
{{- define "standing-order.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{/* Names of the secrets with Dapr's tokens, existing or created by the chart. Take the root context. */}}
{{- define "standing-order.apiTokenSecret" -}}
{{ default (printf "%s-dapr-api-token" (include "standing-order.fullname" .)) .Values.dapr.apiTokenSecret }}
{{- end -}}
{{- define "standing-order.appTokenSecret" -}}
{{ default (printf "%s-dapr-app-token" (include "standing-order.fullname" .)) .Values.dapr.appTokenSecret }}
{{- end -}}

{{/* Name of the secret with the keys that sign the tokens of commands, existing or created by the chart. Takes the root context. */}}
{{- define "standing-order.orderTokenKeysSecret" -}}
{{ default (printf "%s-order-token-keys" (include "standing-order.fullname" .)) .Values.order.tokenKeysSecret }}
{{- end -}}

{{/* Name of the secret with the keys that encrypt the secrets of webhooks, existing or created by the chart. Takes the root context. */}}
{{- define "standing-order.webhookKeysSecret" -}}
{{ default (printf "%s-webhook-keys" (include "standing-order.fullname" .)) .Values.notification.keysSecret }}
{{- end -}}

{{/*
Name of the secret with the password of a Redis or the connection string of a PostgreSQL; empty without one. Takes a dict of root
and part (stateStore or broker).
*/}}
{{- define "standing-order.backendSecret" -}}
{{- $part := get .root.Values .part -}}
{{- if and $part.inChart (ne $part.kind "kafka") -}}
{{ include "standing-order.fullname" .root }}-{{ .part | kebabcase }}
{{- else if not $part.inChart -}}
{{ $part.external.existingSecret }}
{{- end -}}
{{- end -}}

{{/* host:port of the state store or the broker. Takes a dict of root and part. */}}
{{- define "standing-order.backendAddress" -}}
{{- $part := get .root.Values .part -}}
{{- if $part.inChart -}}
{{- $port := dict "redis" 6379 "kafka" 9092 "postgresql" 5432 -}}
{{ include "standing-order.fullname" .root }}-{{ .part | kebabcase }}.{{ .root.Release.Namespace }}.svc:{{ get $port $part.kind }}
{{- else -}}
{{ $part.external.address }}
{{- end -}}
{{- end -}}

{{/* host:port of every store and broker inside the chart, as JSON. Takes the root context. */}}
{{- define "standing-order.inChartAddresses" -}}
{{- $addresses := list -}}
{{- range $part := list "stateStore" "broker" -}}
{{- if (get $.Values $part).inChart -}}
{{- $addresses = append $addresses (include "standing-order.backendAddress" (dict "root" $ "part" $part)) -}}
{{- end -}}
{{- end -}}
{{ $addresses | toJson }}
{{- end -}}

{{/* Pull secrets, as lines of a pod's spec; empty without any. Takes the root context. */}}
{{- define "standing-order.imagePullSecrets" -}}
{{- with .Values.image.pullSecrets -}}
imagePullSecrets: {{ toJson . }}
{{- end -}}
{{- end -}}

{{/* Maximum number of replicas of a service. Takes a dict of root and service (its values). */}}
{{- define "standing-order.maxReplicas" -}}
{{- if .root.Values.keda.enabled -}}
{{ int .root.Values.keda.maxReplicas }}
{{- else if .service.autoscaling.enabled -}}
{{ int .service.autoscaling.maxReplicas }}
{{- else -}}
{{ int .service.replicas }}
{{- end -}}
{{- end -}}

{{/*
Connections of all sidecars to PostgreSQL: with the additional pod of each service during an upgrade, and 8 for administrators.
Takes the root context.
*/}}
{{- define "standing-order.maxConnections" -}}
{{- $pods := 0 -}}
{{- range $name, $_ := .Values.services -}}
{{- $service := include "standing-order.serviceValues" (dict "root" $ "name" $name) | fromYaml -}}
{{- $pods = add $pods 1 (include "standing-order.maxReplicas" (dict "root" $ "service" $service)) -}}
{{- end -}}
{{ add 8 (mul $pods (include "standing-order.connectionsPerSidecar" .)) }}
{{- end -}}

{{/* Bytes in a quantity of Redis (768mb) or Kubernetes (1Gi); 0 in any other notation. Takes the quantity. */}}
{{- define "standing-order.bytes" -}}
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

{{/*
Soft memory limit of the Go runtime of a sidecar, in bytes: two fifths of its container's limit, since programs and stacks take memory
besides. Empty without a limit. Takes the values of the service.
*/}}
{{- define "standing-order.goMemoryLimit" -}}
{{- $bytes := dig "limits" "memory" "" .sidecarResources | include "standing-order.bytes" | int64 -}}
{{- if gt $bytes 0 -}}
{{ div (mul $bytes 2) 5 }}
{{- end -}}
{{- end -}}

{{/*
Approximate number of messages per Redis stream of the broker in the chart, at most 50,000. Five streams have large messages: the
commands to both validators and the replies, each for many orders, decided orders, and one client's outcomes. Such a message has at most
32 KiB. Full of such messages, the five streams take three quarters of maxMemory. Takes the root context.
*/}}
{{- define "standing-order.streamLength" -}}
{{- $memory := include "standing-order.bytes" .Values.broker.maxMemory | int64 -}}
{{- min 50000 (div (mul $memory 3) (mul 4 5 32768)) -}}
{{- end -}}

{{/*
Size of the volume of a store in the chart. Kubernetes does not change the volume of an installed StatefulSet and refuses an upgrade
that tries, so an installed store keeps its size. Takes root and part (stateStore or broker).
*/}}
{{- define "standing-order.volumeSize" -}}
{{- $suffix := ternary "state-store" "broker" (eq .part "stateStore") -}}
{{- $name := printf "%s-%s" (include "standing-order.fullname" .root) $suffix -}}
{{- $installed := lookup "apps/v1" "StatefulSet" .root.Release.Namespace $name | default dict -}}
{{- with dig "spec" "volumeClaimTemplates" list $installed -}}
{{- (first .).spec.resources.requests.storage -}}
{{- else -}}
{{- (get .root.Values .part).storage -}}
{{- end -}}
{{- end -}}

{{/*
Bytes of one partition of the Kafka in the chart: four fifths of the volume, divided by the partitions of 20 topics. These are eight
topics, their dead-letter topics and the outcomes of four clients. Takes the root context.
*/}}
{{- define "standing-order.partitionBytes" -}}
{{- $storage := include "standing-order.volumeSize" (dict "root" . "part" "broker") | include "standing-order.bytes" | int64 -}}
{{- div (mul $storage 4) (mul 5 20 (int .Values.broker.partitions)) -}}
{{- end -}}

{{/*
Init container of the state store in the chart. It refuses a volume that holds the data of the other kind, which the store would start
beside, empty. A file of the volume names the kind that used it last; volumes of earlier versions are recognised by their content.
Takes a dict of root, kind and image.
*/}}
{{- define "standing-order.storeKindGuard" -}}
- name: check-kind
  image: {{ .image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  terminationMessagePolicy: FallbackToLogsOnError
  command: [sh, -ec]
  args:
    - |
      kind={{ .kind }}
      mark=/data/state-store-kind
      found=$kind
      if [ -e /data/pgdata ]; then found=postgresql; fi
      if [ -e /data/appendonlydir ]; then found=redis; fi
      if [ -e "$mark" ]; then found=$(cat "$mark"); fi
      if [ "$found" != "$kind" ] && [ "$MAY_BE_EMPTY" != true ]; then
        echo "The volume holds the orders of $found, and stateStore.kind is $kind, which would start without them: set stateStore.kind=$found. To start without the former orders, set stateStore.mayBeEmpty=true." >&2
        exit 2
      fi
      echo "$kind" > "$mark"
  env:
    - { name: MAY_BE_EMPTY, value: {{ eq (toString .root.Values.stateStore.mayBeEmpty) "true" | quote }} }
  resources:
    requests: { cpu: 10m, memory: 16Mi }
    limits: { memory: 64Mi }
  securityContext: {{- include "standing-order.containerSecurityContext" nil | nindent 4 }}
  volumeMounts:
    - { name: data, mountPath: /data }
{{- end -}}

{{/* Security context of every container. Takes nothing. */}}
{{- define "standing-order.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Security context of every pod. Takes a user id. */}}
{{- define "standing-order.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: { type: RuntimeDefault }
{{- end -}}
