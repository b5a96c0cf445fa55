package client

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// FromProperties makes a client of settings by the names that Confluent's clients have for them. The names are Java's, but for the files
// of TLS, and each may begin with "schema.registry.", which goes before the same without. Names that are not known, such as
// those of serializers and of Kafka itself, are left alone. Options are applied after the properties.
//
//	schema.registry.url                     URLs, separated by commas
//	schema.registry.url.randomize           begin with any of them
//	http.connect.timeout.ms                 WithConnectTimeout
//	http.read.timeout.ms                    WithTimeout
//	max.retries, retries.wait.ms, retries.max.wait.ms
//	latest.cache.ttl.sec                    WithLatestTTL; -1 is for ever, 0 asks each time
//	missing.id.cache.ttl.sec, missing.version.cache.ttl.sec, missing.schema.cache.ttl.sec
//	                                        WithMissingTTL, of each alone; 0 asks each time
//	latest.cache.size, max.schemas.per.subject
//	                                        how many answers the cache holds: latest versions, others of each kind
//	subject.name.strategy.cache.expiry.secs how long associations are believed, if not as long as the latest version
//	proxy.host, proxy.port
//	request.header.NAME                     WithHeader
//	basic.auth.credentials.source           URL, USER_INFO, SASL_INHERIT
//	basic.auth.user.info                    user:password
//	bearer.auth.credentials.source          STATIC_TOKEN, OAUTHBEARER, SASL_OAUTHBEARER_INHERIT, or CUSTOM
//	                                        together with WithTokenSource
//	bearer.auth.token
//	bearer.auth.issuer.endpoint.url, bearer.auth.client.id, bearer.auth.client.secret, bearer.auth.scope
//	bearer.auth.logical.cluster, bearer.auth.identity.pool.id
//	sasl.mechanism, sasl.username, sasl.password, sasl.jaas.config, sasl.oauthbearer.token.endpoint.url
//	                                        for the sources that inherit
//	ssl.ca.location, ssl.certificate.location, ssl.key.location, ssl.key.password
//	                                        PEM files
//	schema.registry.ssl.truststore.*, schema.registry.ssl.keystore.*, schema.registry.ssl.key.password
//	                                        of type PEM; without the prefix they are Kafka's own
//	schema.registry.ssl.endpoint.identification.algorithm
//	                                        empty: the name of the host need not be in its certificate
func FromProperties(properties map[string]string, opts ...Option) (*Client, error) {
	p := props{properties}
	s := defaults()
	for _, name := range numbers {
		p.number(s, name)
	}
	for name, value := range properties {
		if header, ok := strings.CutPrefix(strings.TrimPrefix(name, ownPrefix), "request.header."); ok {
			WithHeader(header, value)(s)
		}
	}
	if strings.EqualFold(p.text("url.randomize"), "true") {
		s.random = true
	}
	for _, part := range []func(props, *settings) error{props.proxy, props.tls, props.login} {
		if err := part(p, s); err != nil {
			s.problems = append(s.problems, err)
		}
	}
	for _, o := range opts {
		o(s)
	}
	return s.client(p.properties[ownPrefix+"url"])
}

const ownPrefix = "schema.registry."

// props are properties by Confluent's names.
type props struct{ properties map[string]string }

// text is a property with the prefix of the registry, else without, "" if there is neither.
func (p props) text(name string) string {
	v, _ := p.find(name)
	return v
}

func (p props) find(name string) (value string, ok bool) {
	if value, ok = p.properties[ownPrefix+name]; !ok {
		value, ok = p.properties[name]
	}
	return strings.TrimSpace(value), ok
}

// number is a property that is a number.
type number struct {
	name     string
	min, max int64
	set      func(*settings, int64)
}

const maxMillis = math.MaxInt64 / int64(time.Millisecond)

var numbers = []number{
	{"http.connect.timeout.ms", 1, maxMillis, func(s *settings, n int64) { s.connectTimeout = millis(n) }},
	{"http.read.timeout.ms", 1, maxMillis, func(s *settings, n int64) { s.timeout = millis(n) }},
	{"max.retries", 0, 1000, func(s *settings, n int64) { s.retries.max = int(n) }},
	{"retries.wait.ms", 0, maxMillis, func(s *settings, n int64) { s.retries.wait = millis(n) }},
	{"retries.max.wait.ms", 0, maxMillis, func(s *settings, n int64) { s.retries.maxWait = millis(n) }},
	{"latest.cache.size", 0, math.MaxInt32, func(s *settings, n int64) { s.latestCapacity = int(n) }},
	{"max.schemas.per.subject", 0, math.MaxInt32, func(s *settings, n int64) { s.capacity = int(n) }},
	{"latest.cache.ttl.sec", -1, math.MaxInt32, func(s *settings, n int64) { s.latestTTL = believed(n) }},
	{"missing.id.cache.ttl.sec", 0, math.MaxInt32, func(s *settings, n int64) { s.missing.id = seconds(n) }},
	{"missing.version.cache.ttl.sec", 0, math.MaxInt32, func(s *settings, n int64) { s.missing.version = seconds(n) }},
	{"missing.schema.cache.ttl.sec", 0, math.MaxInt32, func(s *settings, n int64) { s.missing.schema = seconds(n) }},
	{"subject.name.strategy.cache.expiry.secs", -1, math.MaxInt32, func(s *settings, n int64) {
		if s.associationTTL = believed(n); n >= 0 {
			s.absenceTTL = s.associationTTL
		}
	}},
}

func millis(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }

// believed is how long an answer is believed that may be so many seconds old: -1 is for ever, and 0 not at all.
func believed(n int64) time.Duration {
	switch {
	case n < 0:
		return 0
	case n == 0:
		return time.Nanosecond
	}
	return seconds(n)
}

func (p props) number(s *settings, want number) {
	text, ok := p.find(want.name)
	if !ok || text == "" {
		return
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < want.min || n > want.max {
		s.refuse(fmt.Sprintf("%s must be a whole number of at least %d, and is %q", want.name, want.min, text))
		return
	}
	want.set(s, n)
}

func (p props) proxy(s *settings) error {
	host := p.text("proxy.host")
	if host == "" {
		return nil
	}
	port, err := strconv.ParseUint(p.text("proxy.port"), 10, 16)
	if err != nil || port == 0 {
		return errors.New("proxy.port must be the number of a port")
	}
	s.proxy = &url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.FormatUint(port, 10))}
	return nil
}

// login sets the credentials. Where no source is named it is the one that has something to give.
func (p props) login(s *settings) error {
	userInfo, token := p.text("basic.auth.user.info"), p.text("bearer.auth.token")
	basicSource := strings.ToUpper(p.text("basic.auth.credentials.source"))
	bearerSource := strings.ToUpper(p.text("bearer.auth.credentials.source"))
	if basicSource != "" && basicSource != "URL" && bearerSource != "" {
		return errors.New("basic.auth.credentials.source and bearer.auth.credentials.source are both set; one way to log in is needed")
	}
	s.cluster, s.pool = p.text("bearer.auth.logical.cluster"), p.text("bearer.auth.identity.pool.id")
	if !headerValue(s.cluster) || !headerValue(s.pool) {
		return errors.New("bearer.auth.logical.cluster or bearer.auth.identity.pool.id cannot be sent in a header")
	}
	switch {
	case basicSource == "USER_INFO", basicSource == "" && bearerSource == "" && userInfo != "" && token == "" && !strings.Contains(p.text("url"), "@"):
		user, password, ok := strings.Cut(userInfo, ":")
		if !ok {
			return errors.New("basic.auth.user.info must be a user and a password, separated by a colon")
		}
		WithBasicAuth(user, password)(s)
		return nil
	case basicSource == "SASL_INHERIT":
		return p.inheritBasic(s)
	case basicSource != "" && basicSource != "URL":
		return fmt.Errorf("basic.auth.credentials.source must be URL, USER_INFO or SASL_INHERIT, and is %q", basicSource)
	}
	switch bearerSource {
	case "":
		if token != "" {
			WithBearerToken(token)(s)
		}
		return nil
	case "STATIC_TOKEN":
		if token == "" {
			return errors.New("bearer.auth.token must be set for bearer.auth.credentials.source=STATIC_TOKEN")
		}
		WithBearerToken(token)(s)
		return nil
	case "OAUTHBEARER":
		WithOAuth(OAuth{TokenURL: p.text("bearer.auth.issuer.endpoint.url"), ClientID: p.text("bearer.auth.client.id"),
			ClientSecret: p.text("bearer.auth.client.secret"), Scopes: strings.Fields(p.text("bearer.auth.scope"))})(s)
		return nil
	case "SASL_OAUTHBEARER_INHERIT":
		return p.inheritOAuth(s)
	case "CUSTOM", "OAUTHBEARER_AZURE_IMDS", "UAMI":
		s.noAuth = fmt.Errorf("bearer.auth.credentials.source=%s is not built in; give the tokens by the option WithTokenSource", bearerSource)
		return nil
	}
	return fmt.Errorf("bearer.auth.credentials.source must be STATIC_TOKEN, OAUTHBEARER or SASL_OAUTHBEARER_INHERIT, and is %q", bearerSource)
}

// inheritBasic takes the user that logs in to Kafka.
func (p props) inheritBasic(s *settings) error {
	if strings.EqualFold(p.text("sasl.mechanism"), "GSSAPI") || strings.EqualFold(p.text("sasl.mechanisms"), "GSSAPI") {
		return errors.New("basic.auth.credentials.source=SASL_INHERIT needs a SASL mechanism with a user and a password, and GSSAPI has none")
	}
	jaas := readJAAS(p.text("sasl.jaas.config"))
	user, password := jaas["username"], jaas["password"]
	if name, ok := p.find("sasl.username"); ok {
		user, password = name, p.text("sasl.password")
	}
	if user == "" {
		return errors.New("basic.auth.credentials.source=SASL_INHERIT needs sasl.username and sasl.password, or both in sasl.jaas.config")
	}
	WithBasicAuth(user, password)(s)
	return nil
}

// inheritOAuth takes the client that gets tokens for Kafka.
func (p props) inheritOAuth(s *settings) error {
	jaas := readJAAS(p.text("sasl.jaas.config"))
	first := func(values ...string) string {
		for _, v := range values {
			if v != "" {
				return v
			}
		}
		return ""
	}
	o := OAuth{
		TokenURL:     p.text("sasl.oauthbearer.token.endpoint.url"),
		ClientID:     first(p.text("sasl.oauthbearer.client.credentials.client.id"), p.text("sasl.oauthbearer.client.id"), jaas["clientId"]),
		ClientSecret: first(p.text("sasl.oauthbearer.client.credentials.client.secret"), p.text("sasl.oauthbearer.client.secret"), jaas["clientSecret"]),
		Scopes:       strings.Fields(first(p.text("sasl.oauthbearer.scope"), jaas["scope"])),
	}
	if o.TokenURL == "" || o.ClientID == "" || o.ClientSecret == "" {
		return errors.New("bearer.auth.credentials.source=SASL_OAUTHBEARER_INHERIT needs sasl.oauthbearer.token.endpoint.url, and the client's id and secret in sasl.oauthbearer.client.… or sasl.jaas.config")
	}
	WithOAuth(o)(s)
	return nil
}

// readJAAS reads the options of a line such as
//
//	org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p";
//
// What is not in the form name=value is passed over.
func readJAAS(line string) map[string]string {
	options := map[string]string{}
	for rest := line; rest != ""; {
		rest = strings.TrimLeft(rest, " \t\r\n;")
		end := strings.IndexAny(rest, "= \t\r\n;")
		if end < 0 {
			break
		}
		name := rest[:end]
		if rest = strings.TrimLeft(rest[end:], " \t\r\n"); !strings.HasPrefix(rest, "=") {
			continue
		}
		options[name], rest = readJAASValue(strings.TrimLeft(rest[1:], " \t\r\n"))
	}
	return options
}

// readJAASValue reads a value, in quotes or not, in which a backslash takes the next character as it is.
func readJAASValue(text string) (value, rest string) {
	var b strings.Builder
	quote := byte(0)
	i := 0
	if text != "" && (text[0] == '"' || text[0] == '\'') {
		quote, i = text[0], 1
	}
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			b.WriteByte(text[i])
		case quote != 0 && c == quote:
			return b.String(), text[i+1:]
		case quote == 0 && strings.IndexByte(" \t\r\n;", c) >= 0:
			return b.String(), text[i:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}

// tls reads the settings of Go's and Python's clients, which are PEM files, then those of Java with the prefix. Java's without it are Kafka's.
func (p props) tls(s *settings) error {
	file := func(name string) pemText { return pemText{name: name, file: p.text(name)} }
	if ca := file("ssl.ca.location"); ca.given() {
		s.tls.roots = append(s.tls.roots, ca)
	}
	s.tls.certificate, s.tls.key = file("ssl.certificate.location"), file("ssl.key.location")
	s.tls.setPassword(p.text("ssl.key.password"))
	if v, ok := p.properties[ownPrefix+"ssl.endpoint.identification.algorithm"]; ok && strings.TrimSpace(v) == "" {
		s.tls.anyHost = true
	}
	return errors.Join(p.trustStore(s), p.keyStore(s))
}

// own is a property that counts with the prefix alone.
func (p props) own(name string) string { return strings.TrimSpace(p.properties[ownPrefix+name]) }

// pem is a text in PEM in one property, or the file that another names.
func (p props) pem(inline, location string) pemText {
	if text := p.own(inline); text != "" {
		return pemText{name: ownPrefix + inline, inline: hide(text)}
	}
	return pemText{name: ownPrefix + location, file: p.own(location)}
}

func (p props) trustStore(s *settings) error {
	store := p.pem("ssl.truststore.certificates", "ssl.truststore.location")
	if !store.given() {
		return nil
	}
	if err := p.storeType("truststore"); err != nil {
		return err
	}
	s.tls.roots = append(s.tls.roots, store)
	return nil
}

func (p props) keyStore(s *settings) error {
	key, certificate := p.pem("ssl.keystore.key", "ssl.keystore.location"), p.pem("ssl.keystore.certificate.chain", "ssl.keystore.location")
	if !key.given() && !certificate.given() {
		return nil
	}
	if err := p.storeType("keystore"); err != nil {
		return err
	}
	s.tls.key, s.tls.certificate = key, certificate
	return nil
}

// storeType refuses stores in formats of Java.
func (p props) storeType(which string) error {
	kind := strings.ToUpper(p.own("ssl." + which + ".type"))
	if kind == "PEM" {
		return nil
	}
	name := ownPrefix + "ssl." + which
	if kind == "" {
		kind = "JKS, as no type is set"
	}
	convert := "openssl pkcs12 -in store.p12 -nodes -out store.pem"
	if kind != "PKCS12" {
		convert = "keytool -importkeystore -srckeystore store.jks -destkeystore store.p12 -deststoretype PKCS12 && " + convert
	}
	return fmt.Errorf("%s.location is of type %s, and only PEM can be read: convert it by %s, then set %s.type=PEM", name, kind, convert, name)
}
