package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

var backupCommand = command{
	name:    "backup",
	args:    []string{"FILE"},
	summary: "copy the registry to FILE, while it is served or not",
	details: `Asks the running server for a consistent copy, checks it and puts it in the
place of FILE in one step: FILE is the old backup or the new one, never a part
of one. The server is the one that --url names, else the one that the settings
describe. If that one is not running, the data file itself is copied.

Log in with the setting user, best from the environment:
CONCORDAT_USER=name:password.`,
	settings: true,
	run:      runBackup,
}

func runBackup(ctx context.Context, c *call) error {
	file, conf := c.args[0], &c.load.config
	if same(file, conf.Data) {
		return fmt.Errorf("%s is the data file itself; name another file", file)
	}
	base := cmp.Or(conf.URL, baseURL(conf.Server.Listen, conf.Server))
	from := base
	size, err := replaceFile(file, func(w io.Writer) error { return fetchBackup(ctx, w, base, conf) })
	if isUnreachable(err) && conf.URL == "" {
		unreachable := err
		from = conf.Data
		size, err = replaceFile(file, func(w io.Writer) error { return copyStore(w, conf) })
		if errors.Is(err, bolt.ErrInUse) {
			return fmt.Errorf("%w, and %w; name the server that has it with --url", unreachable, err)
		}
		if errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w, and there is no file to copy: %w; name the server with --url or the file with --data", unreachable, err)
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "backed up %s to %s, %s\n", from, file, megabytes(size))
	return err
}

// same tells whether two paths lead to one file that is there.
func same(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

// copyStore copies the data file, which nobody may have open for writing.
func copyStore(w io.Writer, c *config) error {
	store, err := bolt.Open(c.Data, bolt.Options{Buckets: registry.Buckets(), ReadOnly: true}, registry.Apply)
	if err != nil {
		return err
	}
	_, err = store.Backup(w)
	return errors.Join(err, store.Close())
}

// fetchBackup copies what a running server holds.
func fetchBackup(ctx context.Context, w io.Writer, base string, c *config) error {
	client, err := newHTTPClient(c)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/concordat/v1/backup", nil)
	if err != nil {
		return err
	}
	if name, password, ok := strings.Cut(c.User, ":"); ok {
		r.SetBasicAuth(name, password)
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("no server at %s: %w", base, errors.Unwrap(err)) // without the URL once more
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s answered %w", base, refusal(answer))
	}
	if _, err := io.Copy(w, answer.Body); err != nil {
		return fmt.Errorf("copying from %s: %w", base, err)
	}
	return nil
}

// refusal is what a server says instead of giving a backup.
func refusal(answer *http.Response) error {
	var told api.Error
	text := answer.Status
	if json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&told) == nil && told.Message != "" {
		text = fmt.Sprintf("%d: %s", answer.StatusCode, told.Message)
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		text += " (give a user who may use it: CONCORDAT_USER=name:password)"
	case http.StatusNotFound:
		text += " (is it Concordat?)"
	}
	return errors.New(text)
}

// isUnreachable tells whether no connection to a server could be made.
func isUnreachable(err error) bool {
	var failed *net.OpError
	return errors.As(err, &failed) && failed.Op == "dial"
}

// newHTTPClient makes a client for the server that the settings name.
func newHTTPClient(c *config) (*http.Client, error) {
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: time.Minute,
	}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("ca: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool() // a system without authorities
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca: no certificate in %s; want PEM", c.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	// A redirect would take the password elsewhere.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}, nil
}

// replaceFile lets write make a copy of a store beside path, checks it, and
// gives it that name in one step, durably. On an error, path is as before. It
// returns the size in bytes.
func replaceFile(path string, write func(io.Writer) error) (size int64, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name()) // gone already if all went well
	defer f.Close()
	if err := write(f); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return 0, err
	}
	if err := bolt.Check(f.Name()); err != nil {
		return 0, fmt.Errorf("the copy cannot be used, %s is as before: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return 0, err
	}
	return info.Size(), syncFolder(filepath.Dir(path))
}

// syncFolder makes a rename in a folder durable, where the file system can.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrInvalid) {
		return err
	}
	return nil
}

// megabytes is a size for people.
func megabytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
