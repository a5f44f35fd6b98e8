{{/* Addresses, secrets and sizes of the stores and brokers. */}}

{{/*
Name of the secret with the credentials of a store or a broker; empty without one. Takes a dict of root and part (stateStore or broker).
*/}}
{{- define "standing-order.backendSecret" -}}
{{- $part := get .root.Values .part -}}
{{- if and $part.inChart (ne $part.kind "kafka") -}}
{{ $part.passwordSecret | default (printf "%s-%s" (include "standing-order.fullname" .root) (.part | kebabcase)) }}
{{- else if not $part.inChart -}}
{{ $part.external.existingSecret }}
{{- end -}}
{{- end -}}

{{/*
Annotations of the pod of a store in the chart, as YAML; empty without any. Takes a dict of root and part (stateStore or broker).
*/}}
{{- define "standing-order.storeAnnotations" -}}
{{- $annotations := include "standing-order.podAnnotations" (dict "root" .root "component" (.part | kebabcase)) | fromYaml | default dict -}}
{{- $part := get .root.Values .part -}}
{{- if and $part.passwordSecret (eq $part.kind "redis") -}}
{{- with include "standing-order.secretsDigest" (dict "root" .root "secrets" (list $part.passwordSecret)) -}}
{{- $_ := set $annotations "checksum/secrets" . -}}
{{- end -}}
{{- end -}}
{{- with $annotations }}{{ toYaml . }}{{ end -}}
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
Approximate number of messages per Redis stream of the broker in the chart, at most 50,000. Seven streams have large messages: the
commands to both validators, the replies, and clients' requests and confirmations, each for many orders, decided orders, and one
client's outcomes. Such a message has at most 32 KiB. Full of such messages, the seven streams take three quarters of maxMemory. Takes
the root context.
*/}}
{{- define "standing-order.streamLength" -}}
{{- $memory := include "standing-order.bytes" .Values.broker.maxMemory | int64 -}}
{{- min 50000 (div (mul $memory 3) (mul 4 7 32768)) -}}
{{- end -}}

{{/* Size of the volume of an installed store; empty without one, or without a cluster. Takes a dict of root and part (stateStore or broker). */}}
{{- define "standing-order.installedVolumeSize" -}}
{{- $name := printf "%s-%s" (include "standing-order.fullname" .root) (kebabcase .part) -}}
{{- $installed := lookup "apps/v1" "StatefulSet" .root.Release.Namespace $name | default dict -}}
{{- with dig "spec" "volumeClaimTemplates" list $installed -}}
{{- (first .).spec.resources.requests.storage -}}
{{- end -}}
{{- end -}}

{{/*
Size of the volume of a store in the chart. Kubernetes does not change the volume of an installed StatefulSet and refuses an upgrade
that tries, so an installed store keeps its size. Takes a dict of root and part.
*/}}
{{- define "standing-order.volumeSize" -}}
{{- include "standing-order.installedVolumeSize" . | default (get .root.Values .part).storage -}}
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
  {{- include "standing-order.containerSpec" (dict "root" .root "resources" .root.Values.initContainers.resources) | nindent 2 }}
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
  volumeMounts:
    - { name: data, mountPath: /data }
{{- end -}}

{{/*
Environment of a program that connects to a store, as a JSON list. The variables are the connection settings of the Dapr component, such as
STATE_STORE_REDIS_HOST. Takes a dict of root and part (stateStore or broker).
*/}}
{{- define "standing-order.storeVariables" -}}
{{- $values := get .root.Values .part -}}
{{- $prefix := snakecase .part | upper -}}
{{- $variables := list (dict "name" (printf "%s_KIND" $prefix) "value" $values.kind) -}}
{{- $settings := dict -}}
{{- if eq $values.kind "kafka" -}}
{{- $_ := set $settings "brokers" (include "standing-order.backendAddress" .) -}}
{{- else -}}
{{- $own := include (printf "standing-order.%sSettings" $values.kind) . | fromYaml -}}
{{- $names := list "redisHost" "redisUsername" "redisPassword" "enableTLS" "clientCert" "clientKey" "connectionString" -}}
{{- $names = concat $names (list "sentinelMasterName" "sentinelUsername" "sentinelPassword") -}}
{{- range $name := $names -}}
{{- if hasKey $values.metadata $name }}{{ $_ := set $own $name (get $values.metadata $name) }}{{ end -}}
{{- end -}}
{{- $settings = $own -}}
{{- end -}}
{{- range $name := omit $settings "failover" | keys | sortAlpha -}}
{{- $variable := dict "name" (printf "%s_%s" $prefix (snakecase $name | upper)) -}}
{{- $setting := get $settings $name -}}
{{- if kindIs "map" $setting -}}
{{- $variables = append $variables (set $variable "valueFrom" (dict "secretKeyRef" $setting)) -}}
{{- else -}}
{{- $variables = append $variables (set $variable "value" $setting) -}}
{{- end -}}
{{- end -}}
{{ $variables | toJson }}
{{- end -}}

{{/*
The same for the program that reads the settings of the stores outside of the chart; empty without any. Kafka has no such settings. Takes
the root context.
*/}}
{{- define "standing-order.externalStoreVariables" -}}
{{- $variables := list -}}
{{- range $part := list "stateStore" "broker" -}}
{{- $values := get $.Values $part -}}
{{- if and (not $values.inChart) (ne $values.kind "kafka") -}}
{{- $variables = concat $variables (include "standing-order.storeVariables" (dict "root" $ "part" $part) | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{ $variables | toJson }}
{{- end -}}

{{/*
The same for the program that exports the fill levels, with the sizes of the volumes. Kafka reads its own. Takes the root context.
*/}}
{{- define "standing-order.measuredStoreVariables" -}}
{{- $variables := list -}}
{{- range $part := include "standing-order.measuredStores" . | fromJsonArray -}}
{{- $values := get $.Values $part -}}
{{- $variables = concat $variables (include "standing-order.storeVariables" (dict "root" $ "part" $part) | fromJsonArray) -}}
{{- $volume := include "standing-order.volumeSize" (dict "root" $ "part" $part) | include "standing-order.bytes" -}}
{{- if and $values.inChart (ne $values.kind "kafka") (ne $volume "0") -}}
{{- $variables = append $variables (dict "name" (printf "%s_VOLUME_BYTES" (snakecase $part | upper)) "value" $volume) -}}
{{- end -}}
{{- end -}}
{{ $variables | toJson }}
{{- end -}}
