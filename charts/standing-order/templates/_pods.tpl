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
overridden by those of a service, a store, the test or the pod of the fill levels. A store has no labels and annotations of `defaults`: users change them to replace the
pods of the services. Takes a dict of root and component (order, state-store, test ...).
*/}}
{{- define "standing-order.podValues" -}}
{{- $values := .root.Values -}}
{{- $parts := dict "state-store" $values.stateStore "broker" $values.broker "test" $values.test "store-metrics" $values.monitoring.stores -}}
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
Soft memory limit of the Go runtime of a sidecar, in bytes: a quarter of its container's limit, since the program, stacks and
messages that arrive at once take memory besides. Empty without a limit. Takes the values of the service.
*/}}
{{- define "standing-order.goMemoryLimit" -}}
{{- $bytes := dig "limits" "memory" "" .sidecarResources | include "standing-order.bytes" | int64 -}}
{{- if gt $bytes 0 -}}
{{ div $bytes 4 }}
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

{{/*
Annotations of the pods of a service, as YAML. Those of podAnnotations replace those of the chart, such as dapr.io/log-level, except for
dapr.io/env, which has them already. Takes a dict of root, name, service (its values), secrets and configMaps (names).
*/}}
{{- define "standing-order.serviceAnnotations" -}}
{{- $own := include "standing-order.podAnnotations" (dict "root" .root "component" .name) | fromYaml -}}
{{ mustMergeOverwrite (include "standing-order.sidecarAnnotations" . | fromYaml) (omit $own "dapr.io/env") | toYaml }}
{{- end -}}

{{/* The annotations of the chart for the sidecar of a service, as YAML. Takes the same. */}}
{{- define "standing-order.sidecarAnnotations" -}}
dapr.io/enabled: "true"
dapr.io/app-id: {{ $.name }}
dapr.io/app-port: "8080"
dapr.io/config: {{ include "standing-order.fullname" $.root }}
dapr.io/api-token-secret: {{ include "standing-order.apiTokenSecret" $.root }}
dapr.io/app-token-secret: {{ include "standing-order.appTokenSecret" $.root }}
{{- if $.root.Values.dapr.nativeSidecar }}
# Kubernetes stops the sidecar after the application has stopped.
dapr.io/enable-native-sidecar: "true"
{{- else }}
# Kubernetes stops both containers at once. The sidecar then receives no more messages, and stays for the whole duration.
dapr.io/block-shutdown-duration: {{ printf "%ds" (int $.root.Values.dapr.blockShutdownSeconds) }}
{{- end }}
dapr.io/graceful-shutdown-seconds: "5"
# Subscriptions are declarative; the sidecar requests nothing from the application at startup.
dapr.io/disable-init-endpoints: config,subscribe
{{- if eq $.root.Values.broker.kind "kafka" }}
# A sidecar whose application is dead releases its partitions to other replicas. With Redis the checks do harm (ADR 0010).
dapr.io/enable-app-health-check: "true"
dapr.io/app-health-check-path: /healthz
dapr.io/app-health-probe-interval: "2"
dapr.io/app-health-probe-timeout: "1900"
dapr.io/app-health-threshold: "3"
{{- end }}
# Dapr's operator reads the secrets of components; the pods have no ServiceAccount token to read them.
dapr.io/disable-builtin-k8s-secret-store: "true"
dapr.io/log-level: {{ $.root.Values.dapr.logLevel }}
dapr.io/log-as-json: "true"
{{- with $.root.Values.telemetry.otlpHeadersSecret }}
dapr.io/env-from-secret: OTEL_EXPORTER_OTLP_HEADERS={{ . }}:headers
{{- end }}
{{- range $resource := list "cpu" "memory" }}
{{- range $bound := list "request" "limit" }}
{{- with dig (printf "%ss" $bound) $resource "" $.service.sidecarResources }}
dapr.io/sidecar-{{ $resource }}-{{ $bound }}: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
# A sidecar reloads some of its Dapr objects, and others only at startup, so a change replaces the pods.
{{- range $kind := list "component" "subscription" "resiliency" "configuration" }}
checksum/dapr-{{ $kind }}: {{ include (printf "%s/dapr-%s.yaml" $.root.Template.BasePath $kind) $.root | sha256sum }}
{{- end }}
{{- with include "standing-order.secretsDigest" (dict "root" $.root "secrets" $.secrets "configMaps" $.configMaps) }}
# The same for the secrets that the values name.
checksum/secrets: {{ . }}
{{- end }}
{{- if or $.root.Values.caBundle.configMap $.root.Values.caBundle.secret }}
dapr.io/volume-mounts: ca-bundle:/etc/ca-bundle
{{- end }}
{{- with include "standing-order.sidecarEnvironment" (dict "root" $.root "service" $.service) }}
dapr.io/env: {{ . | quote }}
{{- end }}
{{- end -}}
