package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTLSSettings(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t)
	cert, key := ca.issue(t, dir, "server")
	caFile := testFile(t, filepath.Join(dir, "ca.pem"), ca.pem)
	noPEM := testFile(t, filepath.Join(dir, "no.pem"), "nothing")
	for _, test := range []struct {
		settings Settings
		plain    bool
		err      string
	}{
		{settings: Settings{}, plain: true},
		{settings: Settings{TLSCert: cert, TLSKey: key}},
		{settings: Settings{TLSCert: cert, TLSKey: key, TLSClientAuth: "require", TLSClientCA: caFile}},
		{settings: Settings{TLSCert: cert}, err: "both"},
		{settings: Settings{TLSKey: key}, err: "both"},
		{settings: Settings{TLSCert: noPEM, TLSKey: key}, err: "no.pem"},
		{settings: Settings{TLSCert: cert, TLSKey: key, TLSClientAuth: "maybe"}, err: "none, request, require"},
		{settings: Settings{TLSCert: cert, TLSKey: key, TLSClientAuth: "request"}, err: "authorities"},
		{settings: Settings{TLSCert: cert, TLSKey: key, TLSClientCA: noPEM}, err: "no certificate in"},
		{settings: Settings{TLSCert: cert, TLSKey: key, TLSClientCA: dir + "/none"}, err: "no such file"},
	} {
		config, err := tlsConfig(test.settings)
		switch {
		case test.err != "":
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%+v: got error %v, want %q", test.settings, err, test.err)
			}
		case err != nil || (config == nil) != test.plain:
			t.Errorf("%+v: got %v, %v", test.settings, config, err)
		}
	}
}

func TestTLSHandshake(t *testing.T) {
	dir := t.TempDir()
	ca, stranger := newAuthority(t), newAuthority(t)
	cert, key := ca.issue(t, dir, "server")
	caFile := testFile(t, filepath.Join(dir, "ca.pem"), ca.pem)
	known := ca.load(t, dir, "client")
	unknown := stranger.load(t, dir, "stranger")
	for _, test := range []struct {
		name    string
		auth    string
		shows   *tls.Certificate
		version uint16
		ok      bool
	}{
		{"no client certificate asked", "none", nil, 0, true},
		{"TLS 1.2", "none", nil, tls.VersionTLS12, true},
		{"TLS 1.1", "none", nil, tls.VersionTLS11, false},
		{"requested and not shown", "request", nil, 0, true},
		{"requested and shown", "request", known, 0, true},
		{"requested and of a stranger", "request", unknown, 0, false},
		{"required and not shown", "require", nil, 0, false},
		{"required and shown", "require", known, 0, true},
		{"required and of a stranger", "require", unknown, 0, false},
	} {
		config, err := tlsConfig(Settings{TLSCert: cert, TLSKey: key, TLSClientAuth: test.auth, TLSClientCA: caFile})
		if err != nil {
			t.Fatal(err)
		}
		client := &tls.Config{RootCAs: ca.pool(), ServerName: "localhost", MinVersion: tls.VersionTLS10, MaxVersion: test.version}
		client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if test.shows == nil {
				return &tls.Certificate{}, nil
			}
			return test.shows, nil
		}
		if _, err := handshake(t, config, client); (err == nil) != test.ok {
			t.Errorf("%s: got %v", test.name, err)
		}
	}
}

func TestTLSFilesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	first, second := newAuthority(t), newAuthority(t)
	cert, key := first.issue(t, dir, "server")
	config, err := tlsConfig(Settings{TLSCert: cert, TLSKey: key, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	serves := func(when string, want *authority) {
		t.Helper()
		seen, err := handshake(t, config, &tls.Config{RootCAs: want.pool(), ServerName: "localhost"})
		if err != nil {
			t.Errorf("%s: %v (certificate of %v)", when, err, seen)
		}
	}
	serves("at first", first)

	then := time.Now().Add(time.Second)
	freshCert, freshKey := second.issue(t, dir, "fresh")
	replace := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(to, then, then); err != nil {
			t.Fatal(err)
		}
	}
	replace(freshCert, cert)
	serves("while the key is still the old one", first)
	replace(freshKey, key)
	serves("with both replaced", second)
}

// handshake lets a client and a server meet and returns the server's certificate.
// Both sides must be content.
func handshake(t *testing.T, server, client *tls.Config) (*x509.Certificate, error) {
	t.Helper()
	here, there := net.Pipe()
	deadline := time.Now().Add(10 * time.Second)
	here.SetDeadline(deadline)
	there.SetDeadline(deadline)
	s, c := tls.Server(there, server), tls.Client(here, client)
	result := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("."))
		}
		there.Close()
		result <- err
	}()
	err := c.Handshake()
	if err == nil {
		_, err = c.Read(make([]byte, 1))
	}
	here.Close()
	if serverErr := <-result; err == nil {
		err = serverErr
	}
	if peers := c.ConnectionState().PeerCertificates; len(peers) > 0 {
		return peers[0], err
	}
	return nil, err
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pemBlock("CERTIFICATE", der)
	return a
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// issue writes NAME.pem and NAME.key, for localhost and good for both sides.
func (a *authority) issue(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return testFile(t, filepath.Join(dir, name+".pem"), pemBlock("CERTIFICATE", der)),
		testFile(t, filepath.Join(dir, name+".key"), pemBlock("PRIVATE KEY", secret))
}

func (a *authority) load(t *testing.T, dir, name string) *tls.Certificate {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(a.issue(t, dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return &cert
}

func pemBlock(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
