{{/* Dapr objects. Their source is dapr/, a link to deploy/dapr; the chart sets addresses, secrets, names and scopes. */}}

{{/* An object of dapr/, as YAML. Takes a dict of root and path. */}}
{{- define "standing-order.daprObject" -}}
{{- $text := .root.Files.Get (printf "dapr/%s" .path) -}}
{{- if not $text -}}
{{- fail (printf "the chart has no file dapr/%s. In a checkout of the repository, dapr is a symbolic link to ../../deploy/dapr: check it out with core.symlinks=true, or use a packaged chart." .path) -}}
{{- end -}}
{{- $object := fromYaml $text -}}
{{- $_ := set $object.metadata "labels" (include "standing-order.labels" (dict "root" .root "component" "dapr") | fromYaml) -}}
{{ $object | toYaml }}
{{- end -}}

{{/*
A component of dapr/ that the services of the release load, as YAML. Takes a dict of root, path and settings. Settings replace or
extend the metadata of the file: a text is a value, a dict is a secretKeyRef. `clients` are app ids besides the services.
*/}}
{{- define "standing-order.daprComponent" -}}
{{- $object := include "standing-order.daprObject" . | fromYaml -}}
{{- $items := list -}}
{{- range $object.spec.metadata -}}
{{- if not (hasKey $.settings .name) -}}
{{- $items = append $items . -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .settings -}}
{{- $items = append $items (dict "name" $name (ternary "secretKeyRef" "value" (kindIs "map" $value)) $value) -}}
{{- end -}}
{{- $_ := set $object.spec "metadata" $items -}}
{{- $_ := set $object "scopes" (concat (keys .root.Values.services) (.clients | default list) | sortAlpha) -}}
{{- $_ := set $object "auth" (dict "secretStore" "kubernetes") -}}
{{ $object | toYaml }}
{{- end -}}

{{/*
The topics that each application may publish and subscribe to, as settings of the component `messages` in YAML: those of the
file for the services of the release, and those of broker.clients. Takes a dict of root and path.
*/}}
{{- define "standing-order.topicScopes" -}}
{{- $settings := dict -}}
{{- range (.root.Files.Get (printf "dapr/%s" .path) | fromYaml).spec.metadata -}}
{{- if has .name (list "publishingScopes" "subscriptionScopes") -}}
{{- $lists := list -}}
{{- range $list := nospace .value | splitList ";" -}}
{{- if hasKey $.root.Values.services (splitList "=" $list | first) -}}
{{- $lists = append $lists $list -}}
{{- end -}}
{{- end -}}
{{- $publishing := eq .name "publishingScopes" -}}
{{- range $.root.Values.broker.clients -}}
{{- $outcomes := printf "order-outcomes-%s" (.name | default .appId) -}}
{{- $lists = append $lists (printf "%s=%s" .appId (ternary (printf "order-confirmations,%s-dead,order-requests" $outcomes) $outcomes $publishing)) -}}
{{- end -}}
{{- $_ := set $settings .name (join ";" $lists) -}}
{{- end -}}
{{- end -}}
{{ $settings | toYaml }}
{{- end -}}

{{/* Password and TLS of a Redis, as settings of a component in YAML. Takes a dict of root and part (stateStore or broker). */}}
{{- define "standing-order.redisCredentials" -}}
{{- $part := get .root.Values .part -}}
{{- if or $part.inChart $part.external.existingSecret }}
redisPassword: { name: {{ include "standing-order.backendSecret" . }}, key: password }
{{- end }}
{{- if and (not $part.inChart) $part.external.tls }}
enableTLS: "true"
{{- end }}
{{- end -}}

{{/* Every topic with the service that receives it, as YAML. Takes the root context. */}}
{{- define "standing-order.topics" -}}
{{- range $path, $_ := .Files.Glob "dapr/subscriptions/*.yaml" }}
{{- $subscription := $.Files.Get $path | fromYaml }}
{{ $subscription.spec.topic }}: {{ first $subscription.scopes }}
{{- end }}
{{- end -}}

{{/* Connections that each sidecar may open to PostgreSQL. Takes the root context. */}}
{{- define "standing-order.connectionsPerSidecar" -}}
{{- range (.Files.Get "dapr/state/postgresql/state.yaml" | fromYaml).spec.metadata -}}
{{- if eq .name "maxConns" }}{{ .value }}{{ end -}}
{{- end -}}
{{- end -}}
