{{/* The secrets of the chart and the secrets that values name. */}}

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
The secrets that the chart creates, because no value names an existing one, as a JSON list. `value` is the value that would name it, `key`
the key in it, `bytes` whether the key is 32 random bytes in base64 instead of a random text, `kept` whether `helm uninstall` keeps it.
Takes the root context.
*/}}
{{- define "standing-order.createdSecrets" -}}
{{- $all := list -}}
{{- $all = append $all (dict "value" "dapr.apiTokenSecret" "name" (include "standing-order.apiTokenSecret" .) "component" "dapr" "key" "token") -}}
{{- $all = append $all (dict "value" "dapr.appTokenSecret" "name" (include "standing-order.appTokenSecret" .) "component" "dapr" "key" "token") -}}
{{- $all = append $all (dict "value" "order.tokenKeysSecret" "name" (include "standing-order.orderTokenKeysSecret" .) "component" "order" "key" "keys" "bytes" true) -}}
{{- if hasKey .Values.services "notification" -}}
{{- $all = append $all (dict "value" "notification.keysSecret" "name" (include "standing-order.webhookKeysSecret" .) "component" "notification" "key" "keys" "bytes" true "kept" true) -}}
{{- end -}}
{{- range $part := list "stateStore" "broker" -}}
{{- $values := get $.Values $part -}}
{{- if and $values.inChart (ne $values.kind "kafka") -}}
{{- $name := include "standing-order.backendSecret" (dict "root" $ "part" $part) -}}
{{- $all = append $all (dict "value" (printf "%s.passwordSecret" $part) "name" $name "component" ($part | kebabcase) "key" "password" "kept" true) -}}
{{- end -}}
{{- end -}}
{{- $created := list -}}
{{- range $all -}}
{{- $path := splitList "." .value -}}
{{- if not (get (get $.Values (first $path)) (last $path)) -}}
{{- $created = append $created . -}}
{{- end -}}
{{- end -}}
{{ $created | toJson }}
{{- end -}}

{{/*
Whether Helm can read from a cluster: not empty if so. A list has the key `items`, even without any. Without a cluster, `lookup` returns an
empty dict for everything. Helm itself lists the secrets of the namespace, so it may. Takes the root context.
*/}}
{{- define "standing-order.hasCluster" -}}
{{- if hasKey (lookup "v1" "Secret" .Release.Namespace "") "items" }}yes{{ end -}}
{{- end -}}

{{/* The values that have to name an existing secret, because Helm can neither find nor keep a generated one; empty without any. Takes the root context. */}}
{{- define "standing-order.missingSecrets" -}}
{{- $missing := list -}}
{{- range include "standing-order.createdSecrets" . | fromJsonArray -}}
{{- if not (lookup "v1" "Secret" $.Release.Namespace .name) -}}
{{- $missing = append $missing .value -}}
{{- end -}}
{{- end -}}
{{- if and $missing (not (include "standing-order.hasCluster" .)) -}}
{{ join ", " $missing }}
{{- end -}}
{{- end -}}

{{/*
Names of the existing secrets that the values name and that the pods of a service or their sidecars read, as a JSON list. Takes a dict of root
and name (of the service).
*/}}
{{- define "standing-order.namedSecrets" -}}
{{- $values := .root.Values -}}
{{- $names := list $values.dapr.apiTokenSecret $values.dapr.appTokenSecret $values.caBundle.secret -}}
{{- if eq .name "order" -}}
{{- $names = append $names $values.order.tokenKeysSecret -}}
{{- else if eq .name "notification" -}}
{{- $names = append $names $values.notification.keysSecret -}}
{{- end -}}
{{- range $part := list $values.stateStore $values.broker -}}
{{- if $part.inChart -}}
{{- $names = append $names $part.passwordSecret -}}
{{- else -}}
{{- $names = concat $names (list $part.external.existingSecret $part.external.clientCertificate.secret (dig "ca" "secret" "" $part.external)) -}}
{{- end -}}
{{- range $part.metadata -}}
{{- if kindIs "map" . }}{{ $names = append $names .name }}{{ end -}}
{{- end -}}
{{- end -}}
{{ without (compact $names | uniq | sortAlpha) "" | toJson }}
{{- end -}}

{{/*
A digest of the secrets and ConfigMaps that the values name, so that an upgrade after a change replaces the pods that read them; empty without
any, or without a cluster. Takes a dict of root, secrets and configMaps (names).
*/}}
{{- define "standing-order.secretsDigest" -}}
{{- $root := .root -}}
{{- $contents := list -}}
{{- range $kind, $names := dict "Secret" .secrets "ConfigMap" (.configMaps | default list) -}}
{{- range $names -}}
{{- with lookup "v1" $kind $root.Release.Namespace . -}}
{{- $contents = append $contents (list $kind .metadata.name .data) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $contents }}{{ toJson . | sha256sum }}{{ end -}}
{{- end -}}
