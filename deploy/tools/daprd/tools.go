//go:build tools

// Package tools pins the programs that deploy/tools builds from this module.
package tools

import (
	_ "github.com/dapr/dapr/cmd/daprd"
)
