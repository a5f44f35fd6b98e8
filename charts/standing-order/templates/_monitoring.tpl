{{/* Shared parts of the alert rules and the dashboard. */}}

{{/* Matchers of the metrics of one service, as the ServiceMonitor labels them. Takes a dict of root and name (of the service). */}}
{{- define "standing-order.serviceMatchers" -}}
namespace={{ .root.Release.Namespace | quote }},job="{{ include "standing-order.fullname" .root }}-{{ .name }}"
{{- end -}}

{{/* A duration of an alert rule, such as 5m, shortened by monitoring.alerts.timeScale. Takes a dict of root and seconds. */}}
{{- define "standing-order.alertDuration" -}}
{{- $seconds := int .seconds -}}
{{- $scale := float64 .root.Values.monitoring.alerts.timeScale -}}
{{- if ne $scale 1.0 -}}
{{ mulf 1000 $seconds $scale | ceil | int }}ms
{{- else if eq 0 (mod $seconds 86400) -}}
{{ div $seconds 86400 }}d
{{- else if eq 0 (mod $seconds 3600) -}}
{{ div $seconds 3600 }}h
{{- else if eq 0 (mod $seconds 60) -}}
{{ div $seconds 60 }}m
{{- else -}}
{{ $seconds }}s
{{- end -}}
{{- end -}}

{{/*
The stores whose fill level the chart exports, as a JSON list of stateStore and broker; empty if that is switched off. Those are all stores in
the chart, and every Redis. Takes the root context.
*/}}
{{- define "standing-order.measuredStores" -}}
{{- $monitoring := .Values.monitoring -}}
{{- $isUsed := or .Values.serviceMonitor.enabled $monitoring.alerts.enabled $monitoring.dashboard.enabled -}}
{{- $parts := list -}}
{{- if ternary $isUsed $monitoring.stores.enabled (kindIs "invalid" $monitoring.stores.enabled) -}}
{{- range $part := list "stateStore" "broker" -}}
{{- $values := get $.Values $part -}}
{{- if or $values.inChart (eq $values.kind "redis") }}{{ $parts = append $parts $part }}{{ end -}}
{{- end -}}
{{- end -}}
{{ $parts | toJson }}
{{- end -}}

{{/* Name of a store in the label `store` of its fill level. Takes stateStore or broker. */}}
{{- define "standing-order.storeLabel" -}}
{{ ternary "state" "broker" (eq . "stateStore") }}
{{- end -}}

{{/*
The share of bad events in a window, in PromQL. Without an event it has no value. Takes a dict of root, indicator (acceptance or
settlement) and window.
*/}}
{{- define "standing-order.badShare" -}}
{{- $order := include "standing-order.serviceMatchers" (dict "root" .root "name" "order") -}}
{{- if eq .indicator "acceptance" -}}
{{- $requests := printf `%s,http_request_method="POST",http_route="/orders"` $order -}}
(sum(rate(http_server_request_duration_count{ {{- $requests }},http_response_status_code=~"5.."}[{{ .window }}])) or vector(0)) / sum(rate(http_server_request_duration_count{ {{- $requests }}}[{{ .window }}]))
{{- else -}}
{{- /* Prometheus 3 writes the bound 30 as 30.0. */ -}}
1 - sum(rate(orders_settlement_duration_bucket{ {{- $order }},le=~"{{ .root.Values.monitoring.alerts.settlement.seconds }}([.]0)?"}[{{ .window }}])) / sum(rate(orders_settlement_duration_count{ {{- $order }}}[{{ .window }}]))
{{- end -}}
{{- end -}}
