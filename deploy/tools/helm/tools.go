//go:build tools

// Package tools pins the program that deploy/tools builds from this module.
package tools

import _ "helm.sh/helm/v4/cmd/helm"
