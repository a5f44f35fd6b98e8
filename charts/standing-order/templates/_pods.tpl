{{/* Settings of pods, shared by the services, the stores and the test. */}}

{{/* Values of a service, merged over `defaults`, as YAML. Takes a dict of root and name. */}}
{{- define "standing-order.serviceValues" -}}
{{- $own := default dict (get .root.Values.services .name) -}}
{{- mustMergeOverwrite (deepCopy .root.Values.defaults) $own | toYaml -}}
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

{{/*
Number of replicas of a service; empty for none. With an autoscaler it is the number that the Deployment has: without the field, the API server
would set 1 when the autoscaler is switched on. Without a cluster there is no number, so that a tool that renders again does not undo the
autoscaler's. Takes a dict of root, name and service (its values).
*/}}
{{- define "standing-order.replicas" -}}
{{- if or .service.autoscaling.enabled .root.Values.keda.enabled -}}
{{- $name := printf "%s-%s" (include "standing-order.fullname" .root) .name -}}
{{- dig "spec" "replicas" "" (lookup "apps/v1" "Deployment" .root.Release.Namespace $name | default dict) -}}
{{- else -}}
{{ .service.replicas }}
{{- end -}}
{{- end -}}

{{/* HOST:PORT of each service's Service that names every pod, separated by commas. Takes the root context. */}}
{{- define "standing-order.podAddresses" -}}
{{- $addresses := list -}}
{{- range $name, $_ := .Values.services -}}
{{- $addresses = append $addresses (printf "%s-%s-pods:8080" (include "standing-order.fullname" $) $name) -}}
{{- end -}}
{{ join "," $addresses }}
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
Settings of one pod, as YAML: podLabels, podAnnotations, nodeSelector, tolerations, affinity, priorityClassName. Those of `defaults`,
overridden by those of a service, a store or the test. A store has no labels and annotations of `defaults`: users change them to replace the
pods of the services. Takes a dict of root and component (order, state-store, test ...).
*/}}
{{- define "standing-order.podValues" -}}
{{- $values := .root.Values -}}
{{- $parts := dict "state-store" $values.stateStore "broker" $values.broker "test" $values.test -}}
{{- $overrides := get $parts .component | default (get $values.services .component) | default dict -}}
{{- $settings := list "podLabels" "podAnnotations" "nodeSelector" "tolerations" "affinity" "priorityClassName" -}}
{{- $merged := dict -}}
{{- range $name := $settings -}}
{{- $default := get $values.defaults $name -}}
{{- if and (has $.component (list "state-store" "broker")) (hasPrefix "pod" $name) -}}
{{- $default = dict -}}
{{- end -}}
{{- $own := get $overrides $name -}}
{{- $value := ternary $own $default (and (hasKey $overrides $name) (ne (toString $own) "")) -}}
{{- if and (kindIs "map" $value) (kindIs "map" $default) -}}
{{- $value = mustMergeOverwrite (deepCopy $default) $value -}}
{{- end -}}
{{- $_ := set $merged $name $value -}}
{{- end -}}
{{ $merged | toYaml }}
{{- end -}}

{{/*
Labels of a pod. Without the chart's version: it would restart the stores at every upgrade. Takes a dict of root and component.
*/}}
{{- define "standing-order.podLabels" -}}
{{- $own := (include "standing-order.podValues" . | fromYaml).podLabels | default dict -}}
{{- $selector := include "standing-order.selectorLabels" . | fromYaml -}}
{{ mustMergeOverwrite (deepCopy .root.Values.commonLabels) $own $selector | toYaml }}
{{- end -}}

{{/* Annotations of a pod by the values, as YAML; empty without any. Takes a dict of root and component. */}}
{{- define "standing-order.podAnnotations" -}}
{{- with (include "standing-order.podValues" . | fromYaml).podAnnotations -}}
{{ toYaml . }}
{{- end -}}
{{- end -}}

{{/* The lines that the spec of every pod has. Takes a dict of root, component and userId (of its image). */}}
{{- define "standing-order.podSpec" -}}
{{- $context := dict "runAsNonRoot" true "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- if eq .root.Values.security.ids "image" -}}
{{- $_ := merge $context (dict "runAsUser" .userId "runAsGroup" .userId "fsGroup" .userId) -}}
{{- end -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
{{- mustMergeOverwrite $context .root.Values.security.podSecurityContext | toYaml | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- $pod := include "standing-order.podValues" . | fromYaml }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with get $pod $key }}
{{ $key }}: {{ toJson . }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The lines that every container has. Takes a dict of root and resources. */}}
{{- define "standing-order.containerSpec" -}}
{{- $capabilities := dict "drop" (list "ALL") -}}
{{- $context := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "capabilities" $capabilities -}}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
resources: {{ .resources | default dict | toJson }}
securityContext: {{ mustMergeOverwrite $context .root.Values.security.containerSecurityContext | toJson }}
{{- end -}}

{{/* The volume with the certificate authorities of caBundle, as JSON. Takes the root context. */}}
{{- define "standing-order.caVolume" -}}
{{- $bundle := .Values.caBundle -}}
{{- $source := dict "items" (list (dict "key" $bundle.key "path" $bundle.key)) -}}
{{- $kind := ternary "configMap" "secret" (not (empty $bundle.configMap)) -}}
{{- $_ := set $source (ternary "name" "secretName" (eq $kind "configMap")) (get $bundle $kind) -}}
{{ dict "name" "ca-bundle" $kind $source | toJson }}
{{- end -}}

{{/*
Soft memory limit of the Go runtime of a sidecar, in bytes: a third of its container's limit, since programs and stacks take memory
besides. Empty without a limit. Takes the values of the service.
*/}}
{{- define "standing-order.goMemoryLimit" -}}
{{- $bytes := dig "limits" "memory" "" .sidecarResources | include "standing-order.bytes" | int64 -}}
{{- if gt $bytes 0 -}}
{{ div $bytes 3 }}
{{- end -}}
{{- end -}}

{{/*
Environment of a sidecar, as the value of its annotation; empty for none. The value of podAnnotations replaces the memory limit of Go, which
makes Go collect garbage more often above it. The certificates are besides the public ones of the image. Dapr's Configuration has the host
of the collector only, so the path of its URL comes from here. Takes a dict of root and service (its values).
*/}}
{{- define "standing-order.sidecarEnvironment" -}}
{{- $variables := list -}}
{{- if hasKey .service.podAnnotations "dapr.io/env" -}}
{{- $variables = append $variables (get .service.podAnnotations "dapr.io/env") -}}
{{- else -}}
{{- with include "standing-order.goMemoryLimit" .service }}{{ $variables = append $variables (printf "GOMEMLIMIT=%s" .) }}{{ end -}}
{{- end -}}
{{- if or .root.Values.caBundle.configMap .root.Values.caBundle.secret -}}
{{- $variables = append $variables "SSL_CERT_DIR=/etc/ca-bundle" -}}
{{- end -}}
{{- with .root.Values.telemetry.otlpEndpoint -}}
{{- if trimPrefix "/" (urlParse .).path }}{{ $variables = append $variables (printf "OTEL_EXPORTER_OTLP_ENDPOINT=%s" .) }}{{ end -}}
{{- end -}}
{{ join "," $variables }}
{{- end -}}
