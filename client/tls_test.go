package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/client"
)

// authority signs certificates.
type authority struct {
	t    testing.TB
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t testing.TB) *authority {
	a := &authority{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der := must(x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key))(t)
	a.cert = must(x509.ParseCertificate(der))(t)
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a
}

// issue makes a certificate of a host or a client, and its key.
func (a *authority) issue(host string) (certificate, key []byte) {
	private := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(a.t)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	if ip := net.ParseIP(host); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{host}
	}
	der := must(x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key))(a.t)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))(a.t)})
}

// serveTLS puts a handler behind an https URL, by a certificate of a host. Clients that are to show one get the name in it answered.
func serveTLS(t testing.TB, a *authority, host string, clients bool) string {
	t.Helper()
	certificate, key := a.issue(host)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := ""
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		says(200, vendorJSON, `["`+name+`"]`)(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{must(tls.X509KeyPair(certificate, key))(t)}}
	if clients {
		s.TLS.ClientCAs = x509.NewCertPool()
		s.TLS.ClientCAs.AddCert(a.cert)
		s.TLS.ClientAuth = tls.RequireAndVerifyClientCert
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func write(t testing.TB, dir, name string, texts ...[]byte) string {
	t.Helper()
	file := filepath.Join(dir, name)
	var all []byte
	for _, text := range texts {
		all = append(all, text...)
	}
	if err := os.WriteFile(file, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestTLS(t *testing.T) {
	a, other := newAuthority(t), newAuthority(t)
	plain, mutual, foreign := serveTLS(t, a, "127.0.0.1", false), serveTLS(t, a, "127.0.0.1", true), serveTLS(t, a, "elsewhere", false)
	dir := t.TempDir()
	certificate, key := a.issue("me")
	ca, badCA := write(t, dir, "ca.pem", a.pem), write(t, dir, "bad.pem", other.pem)
	certFile, keyFile := write(t, dir, "me.pem", certificate), write(t, dir, "me.key", key)
	both := write(t, dir, "both.pem", key, certificate)
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	const prefix = "schema.registry.ssl."
	type properties = map[string]string
	for _, c := range []struct {
		name       string
		url        string
		opts       []client.Option
		properties properties
		want       string // the client's name
		refused    bool
	}{
		{"the system's authorities", plain, nil, nil, "", true},
		{"authority", plain, []client.Option{client.WithCAFile(ca)}, nil, "", false},
		{"another authority", plain, []client.Option{client.WithCAFile(badCA)}, nil, "", true},
		{"two authorities", plain, []client.Option{client.WithCAFile(badCA), client.WithCAFile(ca)}, nil, "", false},
		{"configuration", plain, []client.Option{client.WithTLSConfig(&tls.Config{RootCAs: pool})}, nil, "", false},
		{"configuration and authority", plain, []client.Option{client.WithTLSConfig(&tls.Config{RootCAs: x509.NewCertPool()}), client.WithCAFile(ca)}, nil, "", false},
		{"no certificate", mutual, []client.Option{client.WithCAFile(ca)}, nil, "", true},
		{"certificate", mutual, []client.Option{client.WithCAFile(ca), client.WithCertificateFiles(certFile, keyFile, "")}, nil, "me", false},
		{"certificate in one file", mutual, []client.Option{client.WithCAFile(ca), client.WithCertificateFiles(both, both, "")}, nil, "me", false},
		{"another host", foreign, []client.Option{client.WithCAFile(ca)}, nil, "", true},
		{"not TLS", strings.Replace(plain, "https", "http", 1), nil, nil, "", true},
		{"names of Go and Python", mutual, nil, properties{"ssl.ca.location": ca, "ssl.certificate.location": certFile, "ssl.key.location": keyFile}, "me", false},
		{"names of Java", mutual, nil, properties{prefix + "truststore.type": "PEM", prefix + "truststore.location": ca,
			prefix + "keystore.type": "PEM", prefix + "keystore.location": both}, "me", false},
		{"texts of Java", mutual, nil, properties{prefix + "truststore.type": "PEM", prefix + "truststore.certificates": string(a.pem),
			prefix + "keystore.type": "PEM", prefix + "keystore.certificate.chain": string(certificate), prefix + "keystore.key": string(key)}, "me", false},
		{"any host", foreign, nil, properties{"ssl.ca.location": ca, prefix + "endpoint.identification.algorithm": ""}, "", false},
		{"any host, but not any authority", foreign, nil, properties{"ssl.ca.location": badCA, prefix + "endpoint.identification.algorithm": ""}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var cl *client.Client
			if c.properties == nil {
				cl = connect(t, c.url, c.opts...)
			} else {
				c.properties["schema.registry.url"] = c.url
				cl = must(client.FromProperties(c.properties, quick))(t)
				defer cl.Close()
			}
			got, err := cl.Subjects(background)
			if !c.refused {
				same(t, "answer", must(got, err)(t), []string{c.want})
				return
			}
			// Another attempt would not help, and is not made.
			var e *client.Error
			if !errors.As(err, &e) || e.Attempts != 1 || errors.Is(err, client.ErrUnavailable) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestBadTLS(t *testing.T) {
	a := newAuthority(t)
	dir := t.TempDir()
	certificate, key := a.issue("me")
	_, otherKey := a.issue("you")
	certFile, keyFile, otherFile, empty := write(t, dir, "c", certificate), write(t, dir, "k", key), write(t, dir, "o", otherKey), write(t, dir, "e")
	for name, o := range map[string]client.Option{
		"no file":      client.WithCAFile(filepath.Join(dir, "none")),
		"no PEM":       client.WithCAFile(empty),
		"no key file":  client.WithCertificateFiles(certFile, filepath.Join(dir, "none"), ""),
		"no key":       client.WithCertificateFiles(certFile, empty, ""),
		"half a pair":  client.WithCertificateFiles(certFile, "", ""),
		"another key":  client.WithCertificateFiles(certFile, otherFile, ""),
		"wrong places": client.WithCertificateFiles(keyFile, certFile, ""),
	} {
		if _, err := client.New("https://host", o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

// Keys as openssl encrypts them, all of the same private key, with the password "opensesame".
func TestEncryptedKeys(t *testing.T) {
	for _, c := range []struct {
		name, password, text string // of the error
	}{
		{"pbes2-aes256-sha256.pem", "opensesame", ""},
		{"pbes2-aes128-sha1.pem", "opensesame", ""},
		{"pbes2-aes192-sha512.pem", "opensesame", ""},
		{"legacy.pem", "opensesame", ""},
		{"pbes2-aes256-sha256.pem", "wr0ng", "password"},
		{"legacy.pem", "wr0ng", "password"},
		{"pbes2-aes256-sha256.pem", "", "no password"},
		{"pbes2-des3.pem", "opensesame", "openssl pkcs8"},
		{"pbes1.pem", "opensesame", "openssl pkcs8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cl, err := client.New("https://host", client.WithCertificateFiles("testdata/key/certificate.pem", "testdata/key/"+c.name, c.password))
			if err == nil {
				cl.Close()
			}
			if c.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.text) || c.password != "" && strings.Contains(err.Error(), c.password) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestProxy(t *testing.T) {
	var asked string
	proxy, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		says(200, vendorJSON, `[]`)(w, r)
	}))
	u := must(url.Parse(proxy))(t)
	must(connect(t, "http://registry.invalid", client.WithProxy(u)).Subjects(background))(t)
	same(t, "asked", asked, "http://registry.invalid/subjects")
	c := must(client.FromProperties(map[string]string{"schema.registry.url": "http://other.invalid", "proxy.host": u.Hostname(), "proxy.port": u.Port()}))(t)
	defer c.Close()
	must(c.Subjects(background))(t)
	same(t, "asked", asked, "http://other.invalid/subjects")
}
