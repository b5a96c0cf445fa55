// Command go drives a registry client of the Go world, unmodified, against the registry at CONCORDAT_URL, and checks
// what it answers. The registry must be empty. It needs no cgo; the serdes of the second, which do, are driven in the folder serde.
//
//	go run . franz        github.com/twmb/franz-go/pkg/sr
//	go run . confluent    github.com/confluentinc/confluent-kafka-go/v2/schemaregistry
package main

import (
	"fmt"
	"os"
)

func main() {
	clients := map[string]func(url string) []section{
		"franz":     func(url string) []section { return franz{url}.sections() },
		"confluent": func(url string) []section { return confluent{url}.sections() },
	}
	url := os.Getenv("CONCORDAT_URL")
	if url == "" {
		fatal("set CONCORDAT_URL to the base URL of an empty registry")
	}
	if len(os.Args) != 2 || clients[os.Args[1]] == nil {
		fatal("name one client: franz or confluent")
	}
	var r report
	for _, s := range clients[os.Args[1]](url) {
		r.run(s.name, s.checks)
	}
	if !r.summary() {
		os.Exit(1)
	}
}

func fatal(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}
