package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

var serveCommand = command{
	name:    "serve",
	summary: "run the registry",
	details: `Serves Kafka clients until it is told to stop: SIGINT and SIGTERM let requests
that have begun finish, a second signal ends it at once. Everything is kept in
the file that the setting data names; it is created if it is not there.`,
	settings: true,
	run:      runServe,
}

func runServe(ctx context.Context, c *call) (err error) {
	conf := &c.load.config
	logger, isText := newLogger(c.stderr, conf)
	for _, w := range c.load.warnings {
		logger.Warn(w)
	}
	for _, w := range exposures(conf.Server) {
		logger.Warn(w)
	}
	store, err := openStore(conf, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	reg, err := registry.New(store, conf.Registry)
	if err != nil {
		return err
	}
	defer func() {
		if err := reg.Close(); err != nil {
			logger.Warn("the last uses told could not be kept", "error", err)
		}
	}()
	stats, err := reg.Stats()
	if err != nil {
		return err
	}
	b := thisBuild()
	conf.Server.Logger, conf.Server.Version, conf.Server.Commit = logger, b.Version, b.Commit
	srv, err := server.New(reg, store, conf.Server)
	if err != nil {
		return err
	}
	err = srv.ListenAndServe(ctx, func(addr string) {
		g := greeting{b.Version, baseURL(addr, conf.Server), conf.Data, stats, conf.Server.AuthFile != ""}
		if isText {
			fmt.Fprint(c.stdout, g)
		} else {
			g.log(logger)
		}
	})
	if err == nil {
		logger.Info("stopped")
	}
	return err
}

// openStore opens the data file for the registry.
func openStore(c *config, logger *slog.Logger) (*bolt.Store, error) {
	return bolt.Open(c.Data, bolt.Options{
		Buckets:   registry.Buckets(),
		MaxRecord: c.Registry.MaxRecord,
		Logger:    logger,
	}, registry.Apply)
}

// greeting is what a server says when it begins: where it is, what it holds
// and what to do next.
type greeting struct {
	version, url, data string
	stats              registry.Stats
	logIn              bool // whether requests need a user
}

func (g greeting) String() string {
	return fmt.Sprintf(`Concordat %s serves %s
  data  %s, subjects: %d, schemas: %d
  try   %s
`, g.version, g.url, g.path(), g.stats.Subjects, g.stats.Schemas, strings.Join(g.try(), "\n        "))
}

func (g greeting) log(logger *slog.Logger) {
	logger.Info("serving", "version", g.version, "url", g.url, "data", g.path(),
		"subjects", g.stats.Subjects, "schemas", g.stats.Schemas, "try", g.try())
}

func (g greeting) path() string {
	if abs, err := filepath.Abs(g.data); err == nil {
		return abs
	}
	return g.data
}

func (g greeting) try() []string {
	curl := "curl"
	if g.logIn {
		curl = "curl -u USER"
	}
	return []string{
		curl + " " + g.url + "/subjects",
		curl + ` -H 'Content-Type: application/json' -d '{"schema":"\"string\""}' ` + g.url + "/subjects/hello-value/versions",
	}
}

// baseURL is where to reach a server that listens on addr, from this machine.
func baseURL(addr string, s server.Settings) string {
	scheme := "http"
	if s.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return scheme + "://" + addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1" // one that listens on [::] can be reached there too
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// exposures tells what others on the network could do with this server.
func exposures(s server.Settings) []string {
	host, _, err := net.SplitHostPort(s.Listen)
	ip := net.ParseIP(host)
	if err != nil || host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	switch {
	case s.AuthFile == "" && s.TLSClientAuth != "require":
		return []string{fmt.Sprintf("everyone who can reach %s may read and change the registry: set auth.file, or listen on 127.0.0.1", s.Listen)}
	case s.AuthFile != "" && s.TLSCert == "":
		return []string{fmt.Sprintf("passwords sent to %s can be read on the way: set tls.cert and tls.key, or put a proxy that speaks TLS in front", s.Listen)}
	}
	return nil
}
