package main

import (
	kubernetesnames "github.com/dapr/components-contrib/nameresolution/kubernetes"
	sqlitenames "github.com/dapr/components-contrib/nameresolution/sqlite"
	kafkapubsub "github.com/dapr/components-contrib/pubsub/kafka"
	redispubsub "github.com/dapr/components-contrib/pubsub/redis"
	kubernetessecrets "github.com/dapr/components-contrib/secretstores/kubernetes"
	postgresqlstate "github.com/dapr/components-contrib/state/postgresql/v2"
	redisstate "github.com/dapr/components-contrib/state/redis"
	"github.com/dapr/dapr/pkg/components"
	"github.com/dapr/dapr/pkg/components/nameresolution"
	"github.com/dapr/dapr/pkg/components/pubsub"
	"github.com/dapr/dapr/pkg/components/secretstores"
	"github.com/dapr/dapr/pkg/components/state"
)

// component is one component of this build.
type component struct {
	name     string
	register func()
}

// included lists every component of this build. To add a component, add an entry and run `go mod tidy`.
var included = []component{
	{"state.redis", func() {
		state.DefaultRegistry.RegisterComponent(redisstate.NewRedisStateStore, "redis")
	}},
	{"state.postgresql/v2", func() {
		state.DefaultRegistry.RegisterComponentWithVersions("postgresql", components.Versioning{
			Preferred: components.VersionConstructor{Version: "v2", Constructor: postgresqlstate.NewPostgreSQLStateStore},
			Default:   "v2",
		})
	}},
	{"pubsub.redis", func() {
		pubsub.DefaultRegistry.RegisterComponent(redispubsub.NewRedisStreams, "redis")
	}},
	{"pubsub.kafka", func() {
		pubsub.DefaultRegistry.RegisterComponent(kafkapubsub.NewKafka, "kafka")
	}},
	{"nameresolution.sqlite", func() {
		nameresolution.DefaultRegistry.RegisterComponent(sqlitenames.NewResolver, "sqlite")
	}},
	// In a cluster Dapr uses these two without being configured to.
	{"nameresolution.kubernetes", func() {
		nameresolution.DefaultRegistry.RegisterComponent(kubernetesnames.NewResolver, "kubernetes")
	}},
	{"secretstores.kubernetes", func() {
		secretstores.DefaultRegistry.RegisterComponent(kubernetessecrets.NewKubernetesSecretStore, "kubernetes")
	}},
}
