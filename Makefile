# The habits of the house. `make` lists them.

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null)
FUZZTIME ?= 20s
BENCH    ?= .
# Recorded answers of the reference; tests that need them are skipped without.
VECTORS  ?= $(abspath ../shared/vectors)
export VECTORS

.DEFAULT_GOAL := help
.PHONY: help build run test cgo race vet fmt lint check bench microbench fuzz interop conformance docs image clean

help: ## list the habits
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/concordat
	CGO_ENABLED=0 go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/concordat ./cmd/concordat

run: ## serve on 127.0.0.1:8081 from ./concordat.db
	go run ./cmd/concordat serve

test: ## run the tests
	go test ./...

cgo: ## test the adapter that needs cgo, a module of its own
	cd client/kafka/confluent && CGO_ENABLED=1 go test ./...

race: ## run the tests with the race detector
	go test -race ./...

vet: ## look for what the compiler lets through
	go vet ./...

fmt: ## list files that gofmt would change, and fail if there are any
	@files=$$(gofmt -l .); test -z "$$files" || { echo "$$files"; exit 1; }

lint: ## run staticcheck
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

check: fmt vet test ## what must pass before a commit

bench: ## measure the server beside the ceilings of this machine
	cd bench && go run .

microbench: ## measure the parts; BENCH=Name for one
	go test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## run each fuzz test for FUZZTIME (20s)
	@set -e; for file in $$(grep -rlE --include='*_test.go' '^func Fuzz' .); do \
	  for name in $$(sed -nE 's/^func (Fuzz[A-Za-z0-9_]*).*/\1/p' $$file); do \
	    go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) $$(dirname $$file); done; done

interop: ## let the clients of others talk to a server of ours
	interop/run
	interop/jsonata/run

conformance: ## compare with the recorded answers of the reference, in VECTORS
	@test -d "$(VECTORS)" || { echo "no recorded answers in $(VECTORS): set VECTORS to their folder"; exit 1; }
	go test -count=1 -v -run '^TestConformance' ./... | grep -E 'conformance [a-z]|FAIL'

docs: ## write the generated parts of the documentation anew
	go run ./cmd/concordat compat kinds -o markdown >docs/compatibility-kinds.md

image: ## build the container image
	docker build -t concordat --build-arg VERSION=$(VERSION) --build-arg COMMIT=$$(git rev-parse HEAD) .

clean: ## remove what was built
	rm -rf bin
