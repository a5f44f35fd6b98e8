package main

import (
	"context"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/components/bindings"
	"github.com/dapr/dapr/pkg/components/configuration"
	"github.com/dapr/dapr/pkg/components/conversation"
	"github.com/dapr/dapr/pkg/components/crypto"
	"github.com/dapr/dapr/pkg/components/lock"
	"github.com/dapr/dapr/pkg/components/middleware/http"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
	"github.com/dapr/dapr/pkg/healthz"
	"github.com/dapr/dapr/pkg/metrics"
	"github.com/dapr/dapr/pkg/modes"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/dapr/pkg/runtime/registry"
	"github.com/dapr/dapr/pkg/security"
	"github.com/dapr/kit/concurrency"
	"github.com/dapr/kit/logger"
	"go.opencensus.io/stats/view"
)

// registerComponents registers what this build includes. The runtime needs a registry of every kind, also an empty one.
func registerComponents() *registry.Options {
	componentLog := logger.NewLogger("dapr.contrib")
	state.DefaultRegistry.Logger = componentLog
	pubsub.DefaultRegistry.Logger = componentLog
	nameresolution.DefaultRegistry.Logger = componentLog
	secretstores.DefaultRegistry.Logger = componentLog
	for _, component := range included {
		component.register()
	}
	return registry.NewOptions().
		WithStateStores(state.DefaultRegistry).
		WithPubSubs(pubsub.DefaultRegistry).
		WithNameResolutions(nameresolution.DefaultRegistry).
		WithSecretStores(secretstores.DefaultRegistry).
		WithBindings(bindings.DefaultRegistry).
		WithConfigurations(configuration.DefaultRegistry).
		WithConversations(conversation.DefaultRegistry).
		WithCryptoProviders(crypto.DefaultRegistry).
		WithHTTPMiddlewares(http.DefaultRegistry).
		WithLocks(lock.DefaultRegistry)
}

// run starts the identity provider and the runtime, and returns when the runtime has stopped.
func run(ctx context.Context, opts *options.Options, components *registry.Options) error {
	health := healthz.New()
	identity, err := security.New(ctx, securityOptions(opts, health))
	if err != nil {
		return err
	}
	serveAPI := func(ctx context.Context) error {
		handler, err := identity.Handler(ctx)
		if err != nil {
			return err
		}
		config := runtimeConfig(opts)
		config.Registry = components
		config.Security = handler
		config.Healthz = health
		config.Metrics = metricsOptions(opts, health)
		sidecar, err := runtime.FromConfig(ctx, config)
		if err != nil {
			return err
		}
		return sidecar.Run(ctx)
	}
	return concurrency.NewRunnerManager(identity.Run, serveAPI).Run(ctx)
}

func securityOptions(opts *options.Options, health healthz.Healthz) security.Options {
	return security.Options{
		Mode:                    modes.DaprMode(opts.Mode),
		MTLSEnabled:             opts.EnableMTLS,
		AppID:                   opts.AppID,
		SentryAddress:           opts.SentryAddress,
		TrustAnchors:            opts.TrustAnchors,
		ControlPlaneNamespace:   opts.ControlPlaneNamespace,
		ControlPlaneTrustDomain: opts.ControlPlaneTrustDomain,
		JwtAudiences:            opts.SentryRequestJwtAudiences,
		Healthz:                 health,
	}
}

func metricsOptions(opts *options.Options, health healthz.Healthz) metrics.Options {
	return metrics.Options{
		Enabled:       opts.Metrics.Enabled(),
		Port:          opts.Metrics.Port(),
		ListenAddress: opts.Metrics.ListenAddress(),
		Namespace:     metrics.DefaultMetricNamespace,
		Meter:         view.NewMeter(),
		Log:           log,
		Healthz:       health,
	}
}

// runtimeConfig passes every flag on.
func runtimeConfig(opts *options.Options) *runtime.Config {
	return &runtime.Config{
		AppID: opts.AppID,
		Mode:  opts.Mode,

		AppChannelAddress: opts.AppChannelAddress,
		ApplicationPort:   opts.AppPort,
		AppProtocol:       opts.AppProtocol,
		AppSSL:            opts.AppSSL,
		AppMaxConcurrency: opts.AppMaxConcurrency,

		EnableAppHealthCheck:   opts.EnableAppHealthCheck,
		AppHealthCheckPath:     opts.AppHealthCheckPath,
		AppHealthProbeInterval: opts.AppHealthProbeInterval,
		AppHealthProbeTimeout:  opts.AppHealthProbeTimeout,
		AppHealthThreshold:     opts.AppHealthThreshold,

		DaprHTTPPort:                  opts.DaprHTTPPort,
		DaprAPIGRPCPort:               opts.DaprAPIGRPCPort,
		DaprAPIListenAddresses:        opts.DaprAPIListenAddresses,
		DaprInternalGRPCPort:          opts.DaprInternalGRPCPort,
		DaprInternalGRPCListenAddress: opts.DaprInternalGRPCListenAddress,
		DaprPublicPort:                opts.DaprPublicPort,
		DaprPublicListenAddress:       opts.DaprPublicListenAddress,
		UnixDomainSocket:              opts.UnixDomainSocket,
		AllowedOrigins:                opts.AllowedOrigins,
		EnableAPILogging:              opts.EnableAPILogging,
		DisableInitEndpoints:          opts.DisableInitEndpoints,
		MaxRequestSize:                opts.MaxRequestSize,
		ReadBufferSize:                opts.ReadBufferSize,
		EnableProfiling:               opts.EnableProfiling,
		ProfilePort:                   opts.ProfilePort,

		Config:                       opts.Config,
		ResourcesPath:                opts.ResourcesPath,
		ComponentsPath:               opts.ComponentsPath,
		DisableBuiltinK8sSecretStore: opts.DisableBuiltinK8sSecretStore,
		DaprGracefulShutdownSeconds:  opts.DaprGracefulShutdownSeconds,
		DaprBlockShutdownDuration:    opts.DaprBlockShutdownDuration,

		EnableMTLS:                 opts.EnableMTLS,
		SentryAddress:              opts.SentryAddress,
		ControlPlaneAddress:        opts.ControlPlaneAddress,
		ActorsService:              opts.ActorsService,
		ActorsDisseminationTimeout: opts.ActorsDisseminationTimeout,
		RemindersService:           opts.RemindersService,
		SchedulerAddress:           opts.SchedulerAddress,
		SchedulerStreams:           opts.SchedulerJobStreams,
	}
}
