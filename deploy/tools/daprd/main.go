// Command daprd is Dapr's sidecar with only the components that Standing Order uses.
//
// Dapr's own command registers about 150 components, and compiling them takes minutes. This command starts the same
// runtime, from the same module, and has the same flags.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/dapr/dapr/cmd/daprd/options"
	"github.com/dapr/dapr/pkg/buildinfo"
	"github.com/dapr/dapr/pkg/runtime"
	"github.com/dapr/kit/logger"
	"github.com/dapr/kit/signals"
	"go.uber.org/automaxprocs/maxprocs"
)

const description = "Standing Order build, not a Dapr release"

var log = logger.NewLogger("dapr.runtime")

func main() {
	// An error leaves GOMAXPROCS as Go chose it.
	_, _ = maxprocs.Set()
	opts, err := options.New(os.Args[1:])
	if err != nil {
		log.Fatalf("the flags are not valid: %v", err)
	}
	switch {
	case opts.RuntimeVersion:
		fmt.Println(buildinfo.Version())
	case opts.BuildInfo:
		fmt.Printf("Version: %s\nBuild: %s\nComponents: %s\n", buildinfo.Version(), description, componentNames())
	case opts.WaitCommand:
		runtime.WaitUntilDaprOutboundReady(opts.DaprHTTPPort)
	default:
		serve(opts)
	}
}

// serve runs the sidecar until a signal or its shutdown API ends it. On SIGHUP it starts the runtime again.
func serve(opts *options.Options) {
	opts.Logger.SetAppID(opts.AppID)
	if err := logger.ApplyOptionsToLoggers(&opts.Logger); err != nil {
		log.Fatal(err)
	}
	log.Infof("Starting Dapr Runtime -- version %s -- %s, with these components only: %s",
		buildinfo.Version(), description, componentNames())
	registry := registerComponents()
	for ctx := range signals.OnHUP(signals.Context()) {
		if err := run(ctx, opts, registry); err != nil {
			log.Fatalf("the runtime failed: %v", err)
		}
		// The context still holds when the shutdown API, not a signal, ended the runtime.
		if ctx.Err() == nil {
			break
		}
	}
	log.Info("Daprd shutdown gracefully")
}

func componentNames() string {
	names := make([]string, len(included))
	for i, component := range included {
		names[i] = component.name
	}
	return strings.Join(names, ", ")
}
