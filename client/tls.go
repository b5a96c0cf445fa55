package client

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// tlsSettings are what is asked of TLS. Files are read when the client is made.
type tlsSettings struct {
	base        *tls.Config
	roots       []pemText // besides those of base; instead of the system's
	certificate pemText
	key         pemText
	password    *secret
	anyHost     bool // the host's name need not be in its certificate
}

// pemText is a text in PEM, or the file that it is in.
type pemText struct {
	name   string // for errors: the setting that it comes from
	file   string
	inline secret
}

func (p pemText) given() bool { return p.file != "" || p.inline.text != nil }

func (p pemText) read() ([]byte, error) {
	if p.inline.text != nil {
		return []byte(p.inline.reveal()), nil
	}
	b, err := os.ReadFile(p.file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	return b, nil
}

// config is nil if nothing was asked.
func (t *tlsSettings) config() (*tls.Config, error) {
	if t.base == nil && len(t.roots) == 0 && !t.certificate.given() && !t.key.given() && !t.anyHost {
		return nil, nil
	}
	c := &tls.Config{}
	if t.base != nil {
		c = t.base.Clone()
	}
	for _, p := range t.roots {
		text, err := p.read()
		if err != nil {
			return nil, err
		}
		if c.RootCAs == nil {
			c.RootCAs = x509.NewCertPool()
		} else {
			c.RootCAs = c.RootCAs.Clone()
		}
		if !c.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%s: there is no certificate in PEM in it", p.name)
		}
	}
	switch {
	case t.certificate.given() && t.key.given():
		pair, err := t.pair()
		if err != nil {
			return nil, err
		}
		c.Certificates = append(c.Certificates[:len(c.Certificates):len(c.Certificates)], pair)
	case t.certificate.given() || t.key.given():
		return nil, errors.New("a client certificate needs both the certificate and its key")
	}
	if t.anyHost {
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, c.RootCAs) }
	}
	return c, nil
}

func (t *tlsSettings) pair() (tls.Certificate, error) {
	var none tls.Certificate
	certificate, err := t.certificate.read()
	if err != nil {
		return none, err
	}
	key, err := t.key.read()
	if err != nil {
		return none, err
	}
	if key, err = decryptPEM(key, t.password); err != nil {
		return none, fmt.Errorf("%s: %w", t.key.name, err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return none, fmt.Errorf("%s and %s: %w", t.certificate.name, t.key.name, err)
	}
	return pair, nil
}

// verifyChain checks the certificate of a server but for the name in it.
func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server has no certificate")
	}
	o := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range s.PeerCertificates[1:] {
		o.Intermediates.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(o)
	if err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: s.PeerCertificates, Err: err}
	}
	return nil
}

// decryptPEM gives a text in PEM with its encrypted keys in the clear.
func decryptPEM(text []byte, password *secret) ([]byte, error) {
	var out []byte
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		plain, err := decryptBlock(block, password)
		if err != nil {
			return nil, err
		}
		out = append(out, pem.EncodeToMemory(plain)...)
	}
	if out == nil {
		return nil, errors.New("there is nothing in PEM in it")
	}
	return out, nil
}

func decryptBlock(block *pem.Block, password *secret) (*pem.Block, error) {
	//lint:ignore SA1019 Such keys are weakly protected, but they are about, and whoever has one has a reason.
	legacy := x509.IsEncryptedPEMBlock(block)
	if !legacy && block.Type != "ENCRYPTED PRIVATE KEY" {
		return block, nil
	}
	if password == nil {
		return nil, errors.New("the key is encrypted, and no password was given")
	}
	if legacy {
		//lint:ignore SA1019 See above.
		der, err := x509.DecryptPEMBlock(block, []byte(password.reveal()))
		return &pem.Block{Type: block.Type, Bytes: der}, err
	}
	der, err := decryptPKCS8(block.Bytes, []byte(password.reveal()))
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
}

// WithTLSConfig is the base of the TLS settings, which is copied; the other options add to it.
func WithTLSConfig(config *tls.Config) Option {
	return func(s *settings) {
		if config == nil {
			s.refuse("the TLS configuration is nil")
			return
		}
		s.tls.base = config
	}
}

// WithCAFile trusts the certificates in a PEM file, and no longer those of the system. It may be given several times.
func WithCAFile(file string) Option {
	return func(s *settings) { s.tls.roots = append(s.tls.roots, pemText{name: file, file: file}) }
}

// WithCertificateFiles shows a certificate to the registry. Both files are PEM and may be the same one. The password is that of the key, "" if
// it is not encrypted; PKCS #8 with PBES2 and the old "Proc-Type: 4,ENCRYPTED" can be read.
func WithCertificateFiles(certificate, key, password string) Option {
	return func(s *settings) {
		s.tls.certificate, s.tls.key = pemText{name: certificate, file: certificate}, pemText{name: key, file: key}
		s.tls.setPassword(password)
	}
}

func (t *tlsSettings) setPassword(password string) {
	if password != "" {
		p := hide(password)
		t.password = &p
	}
}
