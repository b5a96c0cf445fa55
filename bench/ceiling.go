package main

import (
	"io"
	"net/http"
	"strconv"
	"sync"
)

// serveCeiling is the least a server on net/http can do: it answers reads with
// held bytes, found in a map by path, and posts by reading the body and finding it in
// a map. What it does not hold yet it asks of the server it is compared with.
func serveCeiling(args []string) {
	c := &ceiling{from: args[1], reads: map[string][]byte{}, posts: map[string][]byte{}}
	check(http.ListenAndServe(args[0], c))
}

type ceiling struct {
	from  string
	mu    sync.RWMutex
	reads map[string][]byte
	posts map[string][]byte
}

func (c *ceiling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var answer []byte
	var held bool
	var body []byte
	if r.Method == http.MethodPost {
		body = make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c.mu.RLock()
		answer, held = c.posts[string(body)]
		c.mu.RUnlock()
	} else {
		c.mu.RLock()
		answer, held = c.reads[r.URL.Path]
		c.mu.RUnlock()
	}
	if !held {
		answer = c.ask(r, body)
	}
	w.Header()["Content-Type"] = []string{accept}
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
	w.Write(answer)
}

func (c *ceiling) ask(r *http.Request, body []byte) []byte {
	if r.URL.Path == "/up" {
		return []byte("{}")
	}
	var res *http.Response
	var err error
	if r.Method == http.MethodPost {
		res, err = http.Post("http://"+c.from+r.URL.Path, accept, newReader(body))
	} else {
		res, err = http.Get("http://" + c.from + r.URL.Path)
	}
	check(err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	check(err)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Method == http.MethodPost {
		c.posts[string(body)] = answer
	} else {
		c.reads[r.URL.Path] = answer
	}
	return answer
}
