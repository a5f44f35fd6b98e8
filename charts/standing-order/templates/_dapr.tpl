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

{{/* Address, credentials and TLS of a Redis, as settings of a component in YAML. Takes a dict of root and part (stateStore or broker). */}}
{{- define "standing-order.redisSettings" -}}
{{- $part := get .root.Values .part -}}
{{- $external := ternary dict $part.external $part.inChart -}}
{{- $secret := include "standing-order.backendSecret" . -}}
redisHost: {{ include "standing-order.backendAddress" . | quote }}
{{- with $secret }}
redisPassword: { name: {{ . }}, key: {{ dig "keys" "password" "password" $external }} }
{{- end }}
{{- with $external }}
{{- with .username }}
redisUsername: {{ . | quote }}
{{- end }}
{{- if .tls }}
enableTLS: "true"
{{- end }}
{{- with .clientCertificate }}
{{- if .secret }}
clientCert: { name: {{ .secret }}, key: {{ .certificateKey }} }
clientKey: { name: {{ .secret }}, key: {{ .privateKeyKey }} }
{{- end }}
{{- end }}
{{- with .sentinel }}
{{- if .masterName }}
failover: "true"
sentinelMasterName: {{ .masterName | quote }}
{{- with .username }}
sentinelUsername: {{ . | quote }}
{{- end }}
{{- with .passwordKey }}
sentinelPassword: { name: {{ $secret }}, key: {{ . }} }
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/*
Credentials and URL of the PostgreSQL, as settings of a component in YAML. Dapr puts the password into the URL and escapes it. Takes a dict of
root and part.
*/}}
{{- define "standing-order.postgresqlSettings" -}}
{{- $part := get .root.Values .part -}}
{{- $secret := include "standing-order.backendSecret" . -}}
{{- if $part.inChart -}}
connectionString: postgres://postgres@{{ include "standing-order.backendAddress" . }}/postgres?sslmode=disable
password: { name: {{ $secret }}, key: password }
{{- else -}}
connectionString: { name: {{ $secret }}, key: {{ $part.external.keys.connectionString }} }
{{- end }}
{{- end -}}

{{/* How clients authenticate at the Kafka: none, plain, scram-sha-256, scram-sha-512, oidc or mtls. Takes the root context. */}}
{{- define "standing-order.kafkaAuthentication" -}}
{{- $external := .Values.broker.external -}}
{{- if .Values.broker.inChart -}}
none
{{- else -}}
{{ $external.authentication | default (ternary "scram-sha-512" "none" (not (empty $external.existingSecret))) }}
{{- end -}}
{{- end -}}

{{/*
Address, credentials and TLS of the Kafka, as settings of a component in YAML. With authType none Dapr switches TLS off and ignores disableTls,
so TLS without authentication is authType certificate. Takes the root context.
*/}}
{{- define "standing-order.kafkaSettings" -}}
{{- $external := .Values.broker.external -}}
{{- $authentication := include "standing-order.kafkaAuthentication" . -}}
{{- $mechanisms := dict "plain" "PLAIN" "scram-sha-256" "SHA-256" "scram-sha-512" "SHA-512" -}}
{{- $tls := and (not .Values.broker.inChart) $external.tls -}}
brokers: {{ include "standing-order.backendAddress" (dict "root" . "part" "broker") | quote }}
disableTls: {{ not $tls | quote }}
{{- if and $tls $external.ca.secret }}
caCert: { name: {{ $external.ca.secret }}, key: {{ $external.ca.key }} }
{{- end }}
{{- if hasKey $mechanisms $authentication }}
authType: password
saslMechanism: {{ get $mechanisms $authentication }}
{{- if $external.username }}
saslUsername: {{ $external.username | quote }}
{{- else }}
saslUsername: { name: {{ $external.existingSecret }}, key: {{ $external.keys.username }} }
{{- end }}
saslPassword: { name: {{ $external.existingSecret }}, key: {{ $external.keys.password }} }
{{- else if eq $authentication "oidc" }}
authType: oidc
oidcTokenEndpoint: {{ $external.oidc.tokenEndpoint | quote }}
oidcClientID: { name: {{ $external.existingSecret }}, key: {{ $external.keys.clientId }} }
oidcClientSecret: { name: {{ $external.existingSecret }}, key: {{ $external.keys.clientSecret }} }
{{- with $external.oidc.scopes }}
oidcScopes: {{ join "," . | quote }}
{{- end }}
{{- else if eq $authentication "mtls" }}
authType: mtls
clientCert: { name: {{ $external.clientCertificate.secret }}, key: {{ $external.clientCertificate.certificateKey }} }
clientKey: { name: {{ $external.clientCertificate.secret }}, key: {{ $external.clientCertificate.privateKeyKey }} }
{{- else }}
authType: {{ ternary "certificate" "none" $tls }}
{{- end }}
{{- end -}}

{{/*
Parameters with which KEDA authenticates at the broker, as YAML: `secrets` are references to keys of secrets, `texts` are values. They are those of
the component `messages` under the names of KEDA. Takes the root context.
*/}}
{{- define "standing-order.kedaParameters" -}}
{{- $settings := dict -}}
{{- $names := dict -}}
{{- if eq .Values.broker.kind "kafka" -}}
{{- $settings = include "standing-order.kafkaSettings" . | fromYaml -}}
{{- $names = dict "saslUsername" "username" "saslPassword" "password" "oidcClientID" "username" "oidcClientSecret" "password" "oidcTokenEndpoint" "oauthTokenEndpointUri" "oidcScopes" "scopes" "caCert" "ca" "clientCert" "cert" "clientKey" "key" -}}
{{- else -}}
{{- $settings = include "standing-order.redisSettings" (dict "root" . "part" "broker") | fromYaml -}}
{{- $names = dict "redisUsername" "username" "redisPassword" "password" "sentinelUsername" "sentinelUsername" "sentinelPassword" "sentinelPassword" "clientCert" "cert" "clientKey" "key" -}}
{{- end -}}
{{- $secrets := dict -}}
{{- $texts := dict -}}
{{- range $setting, $name := $names -}}
{{- with get $settings $setting -}}
{{- $_ := set (ternary $secrets $texts (kindIs "map" .)) $name . -}}
{{- end -}}
{{- end -}}
{{ dict "secrets" $secrets "texts" $texts | toYaml }}
{{- end -}}

{{/* Every topic of the release that has to exist in the broker, as a JSON list. Takes the root context. */}}
{{- define "standing-order.allTopics" -}}
{{- $topics := list -}}
{{- range $topic, $subscriber := include "standing-order.topics" . | fromYaml -}}
{{- if hasKey $.Values.services $subscriber }}{{ $topics = append $topics $topic }}{{ end -}}
{{- end -}}
{{- range .Values.broker.clients -}}
{{- $topics = append $topics (printf "order-outcomes-%s" (.name | default .appId)) -}}
{{- end -}}
{{- $deadLetters := list -}}
{{- range $topics }}{{ $deadLetters = append $deadLetters (printf "%s-dead" .) }}{{ end -}}
{{ concat $topics $deadLetters | sortAlpha | toJson }}
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
