package server

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
)

// clientAuth is what each value of Settings.TLSClientAuth asks of clients.
// Certificates that are shown are always checked.
var clientAuth = map[string]tls.ClientAuthType{
	"":        tls.NoClientCert,
	"none":    tls.NoClientCert,
	"request": tls.VerifyClientCertIfGiven,
	"require": tls.RequireAndVerifyClientCert,
}

// tlsConfig makes the configuration of an HTTPS server, or nil where the
// settings ask for plain HTTP. TLS 1.2 is the least that is spoken. Certificate, key
// and client authorities are read again when their files change; files that
// cannot be read then leave them as they were and are logged.
func tlsConfig(s Settings) (*tls.Config, error) {
	if s.TLSCert == "" && s.TLSKey == "" {
		return nil, nil
	}
	files := &tlsFiles{settings: s}
	files.stamps = files.stamp() // before the files are read, so that a later change is seen
	config, err := files.read()
	if err != nil {
		return nil, err
	}
	files.config = config
	outer := config.Clone()
	outer.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return files.latest(), nil }
	return outer, nil
}

// tlsFiles are the files behind a configuration, and the last good one.
type tlsFiles struct {
	settings Settings
	mu       sync.Mutex
	stamps   [3]fileStamp
	config   *tls.Config
}

func (f *tlsFiles) stamp() [3]fileStamp {
	return [3]fileStamp{stampOf(f.settings.TLSCert), stampOf(f.settings.TLSKey), stampOf(f.settings.TLSClientCA)}
}

func (f *tlsFiles) latest() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps := f.stamp()
	if stamps == f.stamps {
		return f.config
	}
	// A state of the files that cannot be read is remembered too, and so told once.
	f.stamps = stamps
	logger := cmp.Or(f.settings.Logger, slog.Default())
	config, err := f.read()
	if err != nil {
		logger.Error("the TLS files changed and cannot be read; the certificate stays as it was", "error", err)
		return f.config
	}
	f.config = config
	logger.Info("read the TLS files again", "certificate", f.settings.TLSCert)
	return config
}

func (f *tlsFiles) read() (*tls.Config, error) {
	s := f.settings
	auth, known := clientAuth[s.TLSClientAuth]
	switch {
	case s.TLSCert == "" || s.TLSKey == "":
		return nil, errors.New("tls: a certificate and its private key are needed, both")
	case !known:
		return nil, fmt.Errorf("tls: client authentication %q is not one of none, request, require", s.TLSClientAuth)
	case auth != tls.NoClientCert && s.TLSClientCA == "":
		return nil, errors.New("tls: to check clients' certificates, a file of their authorities is needed")
	}
	certificate, err := tls.LoadX509KeyPair(s.TLSCert, s.TLSKey)
	if err != nil {
		return nil, fmt.Errorf("tls: certificate %s with key %s: %w", s.TLSCert, s.TLSKey, err)
	}
	config := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{certificate},
		ClientAuth:   auth,
		NextProtos:   []string{"h2", "http/1.1"},
	}
	if s.TLSClientCA == "" {
		return config, nil
	}
	pem, err := os.ReadFile(s.TLSClientCA)
	if err != nil {
		return nil, fmt.Errorf("tls: client authorities: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls: client authorities: no certificate in %s", s.TLSClientCA)
	}
	return config, nil
}
