{{/* Checks of the values of stores and brokers, for requirements.yaml. */}}

{{/* Faults of stateStore and broker, as a JSON list of sentences. Takes the root context. */}}
{{- define "standing-order.storeFaults" -}}
{{- $faults := list -}}
{{- range $part := list "stateStore" "broker" -}}
{{- $values := get $.Values $part -}}
{{- $external := $values.external -}}
{{- if $values.inChart -}}
{{- $set := or $external.address $external.existingSecret $external.tls $external.username $external.clientCertificate.secret $external.sentinel.masterName -}}
{{- if or $set (and (eq $part "broker") (or $external.authentication $external.ca.secret)) -}}
{{- $faults = append $faults (printf "%s.external is set, but %s.inChart is true: set %s.inChart=false to use the external one." $part $part $part) -}}
{{- end -}}
{{- if and $values.passwordSecret (eq $values.kind "kafka") -}}
{{- $faults = append $faults "broker.passwordSecret is set, but the Kafka in the chart has no password: remove it." -}}
{{- end -}}
{{- else -}}
{{- if $values.passwordSecret -}}
{{- $faults = append $faults (printf "%s.passwordSecret is set, but it is for the one in the chart: set %s.external.existingSecret." $part $part) -}}
{{- end -}}
{{- $faults = concat $faults (include (printf "standing-order.%sFaults" $values.kind) (dict "part" $part "external" $external) | fromJsonArray) -}}
{{- end -}}
{{- end -}}
{{ $faults | toJson }}
{{- end -}}

{{/* Faults of an external PostgreSQL, as a JSON list. Takes a dict of part and external. */}}
{{- define "standing-order.postgresqlFaults" -}}
{{- $faults := list -}}
{{- $external := .external -}}
{{- if not $external.existingSecret -}}
{{- $faults = append $faults "stateStore.inChart is false: set stateStore.external.existingSecret to the name of a secret that has the connection string of PostgreSQL under the key connectionString." -}}
{{- end -}}
{{- if or $external.address $external.tls -}}
{{- $faults = append $faults "stateStore.external.address and stateStore.external.tls have no effect with PostgreSQL: remove them, and put address and TLS mode into the connectionString of the secret." -}}
{{- end -}}
{{- if or $external.username $external.clientCertificate.secret $external.sentinel.masterName -}}
{{- $faults = append $faults "stateStore.external.username, clientCertificate and sentinel are for Redis: remove them." -}}
{{- end -}}
{{ $faults | toJson }}
{{- end -}}

{{/* The fault of an external store without an address, as a JSON list. Takes a dict of part and external. */}}
{{- define "standing-order.addressFaults" -}}
{{- if .external.address -}}
[]
{{- else -}}
{{ list (printf "%s.inChart is false: set %s.external.address to the address of the external one (host:port)." .part .part) | toJson }}
{{- end -}}
{{- end -}}

{{/* Faults of an external Redis, as a JSON list. Takes a dict of part and external. */}}
{{- define "standing-order.redisFaults" -}}
{{- $faults := include "standing-order.addressFaults" . | fromJsonArray -}}
{{- $external := .external -}}
{{- if and (contains "," $external.address) (not $external.sentinel.masterName) -}}
{{- $faults = append $faults (printf "%s.external.address lists several servers: set %s.external.sentinel.masterName if they are sentinels. A Redis Cluster is not supported." .part .part) -}}
{{- end -}}
{{- if and $external.clientCertificate.secret (not $external.tls) -}}
{{- $faults = append $faults (printf "%s.external.clientCertificate is set, but not %s.external.tls: set it to true." .part .part) -}}
{{- end -}}
{{- if and $external.sentinel.passwordKey (not $external.existingSecret) -}}
{{- $faults = append $faults (printf "%s.external.sentinel.passwordKey is set: set %s.external.existingSecret to the secret with this key." .part .part) -}}
{{- end -}}
{{- if and (eq .part "broker") (or $external.authentication (and $external.ca $external.ca.secret)) -}}
{{- $faults = append $faults "broker.external.authentication and broker.external.ca are for Kafka: remove them. The private certificate authority of a Redis is in caBundle." -}}
{{- end -}}
{{ $faults | toJson }}
{{- end -}}

{{/* Faults of an external Kafka, as a JSON list. Takes a dict of part and external. */}}
{{- define "standing-order.kafkaFaults" -}}
{{- $faults := include "standing-order.addressFaults" . | fromJsonArray -}}
{{- $external := .external -}}
{{- $authentication := $external.authentication | default (ternary "scram-sha-512" "none" (not (empty $external.existingSecret))) -}}
{{- if and (has $authentication (list "plain" "scram-sha-256" "scram-sha-512" "oidc")) (not $external.existingSecret) -}}
{{- $faults = append $faults (printf "broker.external.authentication is %s: set broker.external.existingSecret to the name of a secret with the credentials." $authentication) -}}
{{- end -}}
{{- if and (eq $authentication "none") $external.existingSecret -}}
{{- $faults = append $faults "broker.external.authentication is none, but broker.external.existingSecret is set: remove one of them." -}}
{{- end -}}
{{- if and (eq $authentication "oidc") (not $external.oidc.tokenEndpoint) -}}
{{- $faults = append $faults "broker.external.authentication is oidc: set broker.external.oidc.tokenEndpoint." -}}
{{- end -}}
{{- if and (eq $authentication "mtls") (not $external.tls) -}}
{{- $faults = append $faults "broker.external.authentication is mtls: set broker.external.tls to true." -}}
{{- end -}}
{{- if and (eq $authentication "mtls") (not $external.clientCertificate.secret) -}}
{{- $faults = append $faults "broker.external.authentication is mtls: set broker.external.clientCertificate.secret to the name of a secret with the client certificate." -}}
{{- end -}}
{{- if and (ne $authentication "mtls") $external.clientCertificate.secret -}}
{{- $faults = append $faults "broker.external.clientCertificate is set: set broker.external.authentication to mtls. Dapr sends no client certificate otherwise." -}}
{{- end -}}
{{- if and $external.tls (has $authentication (list "none" "mtls")) (not $external.ca.secret) -}}
{{- $faults = append $faults (printf "broker.external.tls is true with the authentication %s: set broker.external.ca.secret to the name of a secret with the certificate authority of the brokers. Dapr would not use TLS without it." $authentication) -}}
{{- end -}}
{{- if and $external.ca.secret (not $external.tls) -}}
{{- $faults = append $faults "broker.external.ca is set, but not broker.external.tls: set it to true." -}}
{{- end -}}
{{- if $external.sentinel.masterName -}}
{{- $faults = append $faults "broker.external.sentinel is for Redis: remove it." -}}
{{- end -}}
{{ $faults | toJson }}
{{- end -}}
