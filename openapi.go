// Package concordat holds what describes the whole: the API.
package concordat

import _ "embed"

// OpenAPI is the description of the REST API, openapi.yaml. It must not be changed.
//
//go:embed openapi.yaml
var OpenAPI []byte
