//go:build tools

// Package tools pins the program that deploy/tools builds from this module.
package tools

import _ "go.k6.io/k6/v2"
