package server

import (
	"mime"
	"strconv"
	"strings"
)

// The media types answers can have, best first.
var produced = []string{
	"application/vnd.schemaregistry.v1+json",
	"application/vnd.schemaregistry+json",
	"application/json",
}

// consumed are the media types of request bodies. All are read as JSON.
var consumed = map[string]bool{
	"application/vnd.schemaregistry.v1+json": true,
	"application/vnd.schemaregistry+json":    true,
	"application/json":                       true,
	"application/octet-stream":               true,
}

// plainAccept reports whether an Accept header plainly asks for the best type.
func plainAccept(accept []string) bool {
	return len(accept) == 0 || len(accept) == 1 && (accept[0] == "" || accept[0] == "*/*" || accept[0] == produced[0])
}

// negotiate picks the type of the answer. The client's weights decide, then the
// server's order. ok is false where no type is acceptable. Parameters the client
// names with a type are repeated.
func negotiate(accept []string) (contentType string, ok bool) {
	if plainAccept(accept) {
		return produced[0], true
	}
	best, bestWeight, bestExact := "", -1.0, -1
	anything := false
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		anything = true
		name, params, err := mime.ParseMediaType(part)
		if err != nil || !strings.Contains(name, "/") {
			continue
		}
		weight := 1.0
		if q, there := params["q"]; there {
			if weight, err = strconv.ParseFloat(q, 64); err != nil || weight < 0 || weight > 1 {
				continue
			}
			delete(params, "q")
		}
		if weight == 0 {
			continue
		}
		for rank, t := range produced {
			exact := len(produced) - rank
			if name != t && name != "*/*" && name != "application/*" {
				continue
			}
			if weight > bestWeight || weight == bestWeight && exact > bestExact {
				best, bestWeight, bestExact = t, weight, exact
				for k, v := range params {
					best += ";" + k + "=" + v
				}
			}
			break
		}
	}
	if !anything {
		return produced[0], true
	}
	return best, best != ""
}

// bodyType judges the Content-Type of a request; absent is fine.
type bodyType int

const (
	bodyFine bodyType = iota
	bodyUnsupported
	bodyMalformed
)

func judgeContentType(header []string) bodyType {
	if len(header) == 0 || header[0] == "" || consumed[header[0]] {
		return bodyFine
	}
	name, _, err := mime.ParseMediaType(header[0])
	switch {
	case err != nil && name == "" || !strings.Contains(header[0], "/"):
		return bodyMalformed
	case consumed[name]:
		return bodyFine
	}
	return bodyUnsupported
}
