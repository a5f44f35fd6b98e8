{{/* Parts of NetworkPolicies. */}}

{{/*
IPv4 ranges outside the internet: those of RFC 6890 that are routed, and the metadata service of Azure. The notification service refuses
these and more. Takes nothing.
*/}}
{{- define "standing-order.privateRanges" -}}
[0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 168.63.129.16/32, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15,
  224.0.0.0/3]
{{- end -}}

{{/* A range of IPv6 in lower case and without leading zeros, to compare it with another one. Takes the range, also one of IPv4. */}}
{{- define "standing-order.shortIpv6" -}}
{{ regexReplaceAll "(^|:)0+([0-9a-f])" (lower .) "${1}${2}" }}
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
(`redis`), a Service of another namespace (`redis.db.svc`), or an IP address, IPv6 in brackets. Empty for any other host. A host of two labels may be a
public one (`issuer.example`) or a Service (`collector.watch`): it counts as a Service where public addresses are allowed anyway. Takes a
dict of configured, host and isPublicAllowed.
*/}}
{{- define "standing-order.egressPeers" -}}
{{- if .configured -}}
{{ .configured | toJson }}
{{- else if regexMatch "^([0-9]{1,3}\\.){3}[0-9]{1,3}$" .host -}}
{{ list (dict "ipBlock" (dict "cidr" (printf "%s/32" .host))) | toJson }}
{{- else if regexMatch "^\\[.+\\]$" .host -}}
{{ list (dict "ipBlock" (dict "cidr" (printf "%s/128" (trimAll "[]" .host)))) | toJson }}
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
Rules of egress to the dependencies outside of the chart, as a JSON list. Takes a dict of root, name (of the component) and purposes. The
notification service connects to addresses that others choose, so its rules name peers wherever the values do, and never open port 443
or another port of an issuer, a collector or a proxy to all addresses. `purposes` are the dependencies that a pod has; all by default.
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
{{- $host := regexReplaceAll ":[0-9]+$" (trim .) "" -}}
{{- $targets = append $targets (dict "purpose" $part "host" $host "port" (regexFind "[0-9]+$" . | int)) -}}
{{- if and (eq $values.kind "redis") $values.external.sentinel.masterName -}}
{{- /* Sentinels name the addresses of the servers. */ -}}
{{- $targets = append $targets (dict "purpose" $part "host" "" "port" (int $values.external.sentinel.redisPort)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $urls := list (list "collector" $root.Values.telemetry.otlpEndpoint) (list "issuer" $root.Values.auth.issuer) (list "issuer" $root.Values.auth.jwksUrl) -}}
{{- if and $isNotification (ne $root.Values.notification.proxy "direct") -}}
{{- $urls = append $urls (list "proxy" $root.Values.notification.proxy) -}}
{{- end -}}
{{- if and (eq $root.Values.broker.kind "kafka") (eq (include "standing-order.kafkaAuthentication" $root) "oidc") -}}
{{- $urls = append $urls (list "tokenEndpoint" $root.Values.broker.external.oidc.tokenEndpoint) -}}
{{- end -}}
{{- range $urls -}}
{{- $url := index . 1 -}}
{{- if $url -}}
{{- $host := regexReplaceAll ":[0-9]*$" (urlParse $url).host "" -}}
{{- $targets = append $targets (dict "purpose" (index . 0) "host" $host "port" (include "standing-order.urlPort" $url | int)) -}}
{{- end -}}
{{- end -}}
{{- $purposes := .purposes -}}
{{- $rules := list -}}
{{- range $target := $targets -}}
{{- if or (kindIs "invalid" $purposes) (has $target.purpose $purposes) -}}
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
{{- end -}}
{{ $rules | uniq | toJson }}
{{- end -}}

{{/* The rule of egress for DNS, as JSON. Takes the root context. */}}
{{- define "standing-order.dnsEgress" -}}
{{- $ports := list -}}
{{- range .Values.networkPolicy.dnsPorts -}}
{{- $ports = concat $ports (list (dict "port" (int .) "protocol" "UDP") (dict "port" (int .) "protocol" "TCP")) -}}
{{- end -}}
{{ dict "ports" $ports | toJson }}
{{- end -}}

{{/* Port of an http or https URL. Takes the URL. */}}
{{- define "standing-order.urlPort" -}}
{{- $url := urlParse . -}}
{{- trimPrefix ":" (regexFind ":[0-9]+$" $url.host) | default (ternary "443" "80" (eq $url.scheme "https")) -}}
{{- end -}}
