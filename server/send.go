package server

import (
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Bodies shorter than this are not worth compressing.
const minGzip = 1400

var gzipWriters = sync.Pool{New: func() any { w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed); return w }}

var (
	varyAcceptEncoding = []string{"Accept-Encoding"}
	encodingGzip       = []string{"gzip"}
)

// acceptsGzip reports whether the client takes gzip.
func acceptsGzip(r *http.Request) bool {
	for _, h := range r.Header["Accept-Encoding"] {
		for part := range strings.SplitSeq(h, ",") {
			name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.TrimSpace(name) == "gzip" && !strings.HasPrefix(strings.ReplaceAll(params, " ", ""), "q=0") {
				return true
			}
		}
	}
	return false
}

// send answers with a body. An empty content type sends no such header.
func send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) error {
	h := w.Header()
	if contentType == "" {
		h["Content-Type"] = nil // keeps net/http from guessing
	} else {
		h["Content-Type"] = []string{contentType}
	}
	if len(h["Vary"]) == 0 {
		h["Vary"] = varyAcceptEncoding
	} else { // CORS has set it
		h.Add("Vary", varyAcceptEncoding[0])
	}
	if len(body) >= minGzip && acceptsGzip(r) && r.Method != http.MethodHead {
		h["Content-Encoding"] = encodingGzip
		w.WriteHeader(status)
		return compress(w, body)
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, err := w.Write(body)
	return err
}

func compress(w http.ResponseWriter, body []byte) error {
	z := gzipWriters.Get().(*gzip.Writer)
	defer gzipWriters.Put(z)
	z.Reset(w)
	if _, err := z.Write(body); err != nil {
		return err
	}
	return z.Close()
}
