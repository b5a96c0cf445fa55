package client_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/api"
	"github.com/seed-9f7c7091/concordat/client"
)

// The ways to log in, by the names of properties, and what the registry sees of them.
func TestLogins(t *testing.T) {
	var seen http.Header
	addr, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		says(200, vendorJSON, `[]`)(w, r)
	}))
	at, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		_ = r.ParseForm()
		says(200, "application/json", fmt.Sprintf(`{"access_token":"%s/%s/%s"}`, id, secret, strings.ReplaceAll(r.PostForm.Get("scope"), " ", "+")))(w, r)
	}))
	const up = "Basic dTpwOnE=" // u and p:q
	type properties = map[string]string
	for _, c := range []struct {
		name       string
		properties properties
		want       string // the header, or the text of the error
	}{
		{"nobody", properties{}, ""},
		{"user info", properties{"basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "u:p:q"}, up},
		{"user info with the prefix", properties{"schema.registry.basic.auth.credentials.source": "USER_INFO", "schema.registry.basic.auth.user.info": "u:p:q"}, up},
		{"user info by its old name", properties{"basic.auth.credentials.source": "USER_INFO", "schema.registry.basic.auth.user.info": "u:p:q"}, up},
		{"user info alone", properties{"basic.auth.user.info": "u:p:q"}, up},
		{"user info without a password", properties{"basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "s3cret"}, "colon"},
		{"URL", properties{"schema.registry.url": strings.Replace(addr, "://", "://u:p:q@", 1)}, up},
		{"URL by name", properties{"basic.auth.credentials.source": "URL", "schema.registry.url": strings.Replace(addr, "://", "://u:p:q@", 1)}, up},
		{"URL before user info", properties{"basic.auth.user.info": "a:b", "schema.registry.url": strings.Replace(addr, "://", "://u:p:q@", 1)}, up},
		{"SASL", properties{"basic.auth.credentials.source": "SASL_INHERIT", "sasl.mechanism": "PLAIN", "sasl.username": "u", "sasl.password": "p:q"}, up},
		{"JAAS", properties{"basic.auth.credentials.source": "SASL_INHERIT",
			"sasl.jaas.config": `org.apache.kafka.common.security.plain.PlainLoginModule required username="u" password="p:q";`}, up},
		{"GSSAPI", properties{"basic.auth.credentials.source": "SASL_INHERIT", "sasl.mechanism": "GSSAPI"}, "GSSAPI"},
		{"no SASL", properties{"basic.auth.credentials.source": "SASL_INHERIT"}, "sasl.username"},
		{"unknown source", properties{"basic.auth.credentials.source": "USER"}, "USER_INFO"},
		{"token", properties{"bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "t"}, "Bearer t"},
		{"token alone", properties{"bearer.auth.token": "t", "basic.auth.user.info": "u:p"}, "Bearer t"},
		{"no token", properties{"bearer.auth.credentials.source": "STATIC_TOKEN"}, "bearer.auth.token"},
		{"OAuth", properties{"bearer.auth.credentials.source": "OAUTHBEARER", "bearer.auth.issuer.endpoint.url": at, "bearer.auth.client.id": "i",
			"bearer.auth.client.secret": "s", "bearer.auth.scope": "a b", "bearer.auth.logical.cluster": "lsrc", "bearer.auth.identity.pool.id": "pool"}, "Bearer i/s/a+b lsrc pool"},
		{"no issuer", properties{"bearer.auth.credentials.source": "OAUTHBEARER", "bearer.auth.client.id": "i", "bearer.auth.client.secret": "s"}, "token endpoint"},
		{"OAuth of Kafka", properties{"bearer.auth.credentials.source": "SASL_OAUTHBEARER_INHERIT", "sasl.oauthbearer.token.endpoint.url": at,
			"sasl.jaas.config": `org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required clientId='i' clientSecret=s scope="a" ;`}, "Bearer i/s/a"},
		{"OAuth of librdkafka", properties{"bearer.auth.credentials.source": "SASL_OAUTHBEARER_INHERIT", "sasl.oauthbearer.token.endpoint.url": at,
			"sasl.oauthbearer.client.id": "i", "sasl.oauthbearer.client.secret": "s"}, "Bearer i/s/"},
		{"no OAuth of Kafka", properties{"bearer.auth.credentials.source": "SASL_OAUTHBEARER_INHERIT"}, "sasl.oauthbearer"},
		{"custom", properties{"bearer.auth.credentials.source": "CUSTOM"}, "WithTokenSource"},
		{"unknown bearer", properties{"bearer.auth.credentials.source": "TOKEN"}, "STATIC_TOKEN"},
		{"both", properties{"bearer.auth.credentials.source": "STATIC_TOKEN", "bearer.auth.token": "t", "basic.auth.credentials.source": "USER_INFO", "basic.auth.user.info": "u:s3cret"}, "one way"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.properties["schema.registry.url"] == "" {
				c.properties["schema.registry.url"] = addr
			}
			cl, err := client.FromProperties(c.properties)
			if err != nil {
				if c.want == "" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
					t.Errorf("error %v", err)
				}
				return
			}
			defer cl.Close()
			must(cl.Subjects(background))(t)
			got := strings.TrimSpace(strings.Join([]string{seen.Get("Authorization"), seen.Get("target-sr-cluster"), seen.Get("Confluent-Identity-Pool-Id")}, " "))
			same(t, "header", got, c.want)
		})
	}
}

// A source of one's own is what the property CUSTOM means.
func TestCustomTokens(t *testing.T) {
	addr, _ := serve(t, wants(func(token string) bool { return token == "token1" }))
	c := must(client.FromProperties(map[string]string{"schema.registry.url": addr, "bearer.auth.credentials.source": "CUSTOM"}, client.WithTokenSource(&source{})))(t)
	defer c.Close()
	must(c.Subjects(background))(t)
}

// What is wrong in a property is said of it; what is nobody's business here is left alone.
func TestBadProperties(t *testing.T) {
	for name, value := range map[string]string{
		"max.retries": "many", "schema.registry.max.retries": "-1", "retries.wait.ms": "1.5", "http.read.timeout.ms": "0", "http.connect.timeout.ms": "99999999999999999999",
		"latest.cache.ttl.sec": "-2", "missing.id.cache.ttl.sec": "-1", "latest.cache.size": "x", "max.schemas.per.subject": "x", "subject.name.strategy.cache.expiry.secs": "x", "retries.max.wait.ms": "x",
	} {
		_, err := client.FromProperties(map[string]string{"schema.registry.url": "http://host", name: value})
		if err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "schema.registry.")) || !strings.Contains(err.Error(), value) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	for name, properties := range map[string]map[string]string{
		"schema.registry.ssl.keystore.type": {"schema.registry.ssl.keystore.location": "/x.jks"},
		"PKCS12":                            {"schema.registry.ssl.truststore.location": "/x.p12", "schema.registry.ssl.truststore.type": "PKCS12"},
		"keytool":                           {"schema.registry.ssl.truststore.location": "/x.jks", "schema.registry.ssl.truststore.type": "JKS"},
		"proxy.port":                        {"proxy.host": "h", "proxy.port": "0"},
		"a header has a name":               {"request.header.a b": "c"},
		"bearer.auth.logical.cluster":       {"bearer.auth.logical.cluster": "a\nb"},
		"no URL":                            {"schema.registry.url": ""},
	} {
		if properties["schema.registry.url"] == "" && name != "no URL" {
			properties["schema.registry.url"] = "http://host"
		}
		if _, err := client.FromProperties(properties); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := client.FromProperties(map[string]string{"schema.registry.url": "http://host", "auto.register.schemas": "perhaps", "use.latest.version": "maybe", "ssl.keystore.location": "/kafka.jks",
		"ssl.truststore.type": "JKS", "ssl.key.password": "x", "rule.executors.a.param.b": "c", "json.fail.invalid.schema": "?", "bootstrap.servers": "x", "max.retry": "no number",
		"bearer.auth.cache.expiry.buffer.seconds": "300"})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestProperties(t *testing.T) {
	clk := newClock()
	var seen http.Header
	addr, n := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		if strings.HasSuffix(r.URL.Path, "/hang") {
			hanging(w, r)
		}
		if strings.HasPrefix(r.URL.Path, "/associations") {
			says(200, vendorJSON, `[]`)(w, r)
			return
		}
		says(503, "", "")(w, r)
	}))
	c := must(client.FromProperties(map[string]string{
		"schema.registry.url": closedURL(t) + "," + addr, "schema.registry.url.randomize": "false", "max.retries": "2", "schema.registry.max.retries": "1",
		"retries.wait.ms": "1", "retries.max.wait.ms": "2", "http.read.timeout.ms": "50", "http.connect.timeout.ms": "5000", "request.header.X-A": "1", "schema.registry.request.header.X-B": "2",
		"latest.cache.ttl.sec": "60", "subject.name.strategy.cache.expiry.secs": "10",
	}, client.WithClock(clk.now)))(t)
	defer c.Close()
	if _, err := c.Subjects(background); err == nil {
		t.Error("a 503 was taken")
	}
	same(t, "requests", n.requests.Load(), 2)
	same(t, "headers", seen.Get("X-A")+seen.Get("X-B"), "12")
	same(t, "TTL", c.Cache().LatestTTL(), time.Minute)
	if _, err := c.Versions(background, "hang"); err == nil {
		t.Error("a server that hangs was waited for")
	}
	before := n.requests.Load()
	for _, step := range []struct {
		after    time.Duration
		requests int64
	}{{0, 1}, {9 * time.Second, 1}, {time.Second, 2}} {
		clk.advance(step.after)
		must(c.Cache().AssociatedSubject(background, "", "t", "key"))(t)
		same(t, "requests", n.requests.Load()-before, step.requests)
	}
	for value, want := range map[string]time.Duration{"-1": 0, "0": time.Nanosecond, "": 0} {
		c := must(client.FromProperties(map[string]string{"schema.registry.url": addr, "latest.cache.ttl.sec": value}))(t)
		same(t, "TTL "+value, c.Cache().LatestTTL(), want)
		c.Close()
	}
	addr, n = serve(t, says(404, vendorJSON, `{"error_code":40403,"message":"no"}`))
	c = must(client.FromProperties(map[string]string{
		"schema.registry.url": addr, "missing.id.cache.ttl.sec": "1", "missing.version.cache.ttl.sec": "2", "schema.registry.missing.schema.cache.ttl.sec": "3",
	}, client.WithClock(clk.now)))(t)
	defer c.Close()
	for _, requests := range []int64{3, 4, 6, 8, 10} { // one second after the other
		for what, ask := range map[string]func() (*api.Schema, error){
			"id":      func() (*api.Schema, error) { return c.Cache().ByID(background, "s", 1) },
			"version": func() (*api.Schema, error) { return c.Cache().Version(background, "s", 1) },
			"schema": func() (*api.Schema, error) {
				return c.Cache().LookUp(background, "s", &api.Schema{Schema: "x"}, false, false)
			},
		} {
			if _, err := ask(); !errors.Is(err, client.ErrSchemaNotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		same(t, "requests", n.requests.Load(), requests)
		clk.advance(time.Second)
	}
}
