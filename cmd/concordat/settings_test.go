package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// given is what the sources say in one case.
type given struct {
	flags      []string
	env        []string
	yaml       string // concordat.yaml
	properties string // schema-registry.properties
}

// settle loads the settings in an empty folder with the files of a case.
func settle(t *testing.T, g given) (*loaded, error) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{defaultConfigFile: g.yaml, defaultPropertiesFile: g.properties} {
		if text != "" {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	c := &call{command: configCommand}
	flags, err := c.parseFlags(g.flags)
	if err != nil {
		return nil, err
	}
	l, err := load(flags, g.env)
	if err == nil {
		err = l.check()
	}
	return l, err
}

// The table holds together: keys, flags and variables are unlike, values show
// as they are given, every row is documented.
func TestSettingsTable(t *testing.T) {
	defaults := defaultConfig()
	keys, envs, properties := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, key := range ownKeys() {
		if keys[key] || envs[envName(key)] {
			t.Errorf("%s: the key or its variable %s is there twice", key, envName(key))
		}
		keys[key], envs[envName(key)] = true, true
	}
	for _, s := range settings {
		if s.doc == "" || strings.HasSuffix(s.doc, ".") || strings.Contains(s.doc, "\n") {
			t.Errorf("%s: want one line of documentation without a full stop, got %q", s.key, s.doc)
		}
		for _, p := range s.reference {
			if properties[p] {
				t.Errorf("%s: property %s belongs to another setting too", s.key, p)
			}
			properties[p] = true
		}
		for key := range keys {
			if strings.HasPrefix(key, s.key+".") {
				t.Errorf("%s and %s cannot both be in one YAML file", s.key, key)
			}
		}
		value := s.kind.get(&defaults)
		changed := config{}
		if !s.kind.set(&changed, value) {
			t.Errorf("%s: its default %q cannot be set", s.key, value)
		} else if got := s.kind.get(&changed); got != value {
			t.Errorf("%s: set to %q, shows %q", s.key, value, got)
		}
	}
	for name := range conversions {
		if !properties[name] {
			t.Errorf("%s is converted for no setting", name)
		}
	}
}

func TestPrecedence(t *testing.T) {
	sources := []given{ // from the weakest to the strongest
		{properties: "\nschema.compatibility.level=none\n"},
		{env: []string{"SCHEMA_REGISTRY_SCHEMA_COMPATIBILITY_LEVEL=forward"}},
		{yaml: "compatibility:\n  level: full\n"},
		{env: []string{"CONCORDAT_COMPATIBILITY_LEVEL=forward_transitive"}},
		{flags: []string{"--compatibility.level=full_transitive"}},
	}
	want := []struct{ value, from string }{
		{"NONE", "schema-registry.properties:2 (schema.compatibility.level)"},
		{"FORWARD", "env SCHEMA_REGISTRY_SCHEMA_COMPATIBILITY_LEVEL (schema.compatibility.level)"},
		{"FULL", "concordat.yaml:2"},
		{"FORWARD_TRANSITIVE", "env CONCORDAT_COMPATIBILITY_LEVEL"},
		{"FULL_TRANSITIVE", "flag --compatibility.level"},
	}
	check := func(all given, value, from string) {
		t.Helper()
		l, err := settle(t, all)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(l.config.Registry.CompatibilityLevel); got != value || l.from("compatibility.level") != from {
			t.Errorf("got %s from %s, want %s from %s", got, l.from("compatibility.level"), value, from)
		}
	}
	all := given{}
	check(all, "BACKWARD", "default")
	for i, s := range sources {
		all = given{append(all.flags, s.flags...), append(all.env, s.env...), all.yaml + s.yaml, all.properties + s.properties}
		check(all, want[i].value, want[i].from)
	}
}

// values by key; those not named must be the defaults.
type values map[string]string

func checkValues(t *testing.T, name string, l *loaded, want values) {
	t.Helper()
	defaults := defaultConfig()
	for _, s := range settings {
		expected, ok := want[s.key]
		if !ok {
			expected = s.kind.get(&defaults)
		}
		if got := s.kind.get(&l.config); got != expected {
			t.Errorf("%s: %s: got %q, want %q", name, s.key, got, expected)
		}
	}
}

func TestValues(t *testing.T) {
	for _, test := range []struct {
		name  string
		given given
		want  values
	}{
		{"nothing", given{}, values{}},
		{"flags in both forms", given{flags: []string{"--listen", ":9000", "--data=x.db", "--log.access", "--validate.fields=TRUE"}},
			values{"listen": ":9000", "data": "x.db", "log.access": "true", "validate.fields": "true"}},
		{"the last of two flags", given{flags: []string{"--data=a", "--data", "b"}}, values{"data": "b"}},
		{"an empty text", given{env: []string{"CONCORDAT_AUTH_REALM="}}, values{"auth.realm": ""}},
		{"sizes", given{env: []string{"CONCORDAT_LIMITS_MAX_BODY=1MB", "CONCORDAT_LIMITS_MAX_HEADER=8192", "CONCORDAT_LIMITS_ANSWER_CACHE=0",
			"CONCORDAT_LIMITS_PARSED_CACHE=1 GiB", "CONCORDAT_LIMITS_MAX_RECORD=1536"}},
			values{"limits.max-body": "1000000", "limits.max-header": "8KiB", "limits.answer-cache": "0", "limits.parsed-cache": "1GiB", "limits.max-record": "1536"}},
		{"durations", given{yaml: "limits: {header-timeout: 1500ms, idle-timeout: 90s, request-timeout: 1h}"},
			values{"limits.header-timeout": "1.5s", "limits.idle-timeout": "1m30s", "limits.request-timeout": "1h"}},
		{"keys with dots in YAML", given{yaml: "log.level: WARN\ntls.client-auth: None\nsearch.subjects: {max: 5}\nsearch:\n  subjects.default: 3\n"},
			values{"log.level": "warn", "search.subjects.max": "5", "search.subjects.default": "3"}},
		{"a sequence and a mapping in YAML", given{yaml: "auth: {roles: [admin, 'a,b'], file: f}\nresponse:\n  headers:\n    X-A: '1, 2'\n    X-B: \"3\"\n"},
			values{"auth.roles": `admin,"a,b"`, "auth.file": "f", "response.headers": `"X-A: 1, 2",X-B: 3`}},
		{"keys without values in YAML", given{yaml: "log:\ntls:\n  cert:\n  key: ~\n# nothing else\n"}, values{}},
		{"aliases in YAML", given{yaml: "data: &name x.db\ngroup.id: *name\n"}, values{"data": "x.db", "group.id": "x.db"}},
		{"an empty YAML file", given{yaml: "# nothing\n"}, values{}},
		{"lists and headers as text", given{env: []string{"CONCORDAT_AUTH_ROLES= admin , user,", "CONCORDAT_AUTH_FILE=f", `CONCORDAT_RESPONSE_HEADERS=X-A: 1:2,"X-B: a, b"`}},
			values{"auth.roles": "admin,user", "auth.file": "f", "response.headers": `X-A: 1:2,"X-B: a, b"`}},
		{"what Kubernetes sets for a Service of our name", given{env: []string{
			"CONCORDAT_SERVICE_HOST=10.0.0.7", "CONCORDAT_SERVICE_PORT=8081", "CONCORDAT_SERVICE_PORT_HTTP=8081", "CONCORDAT_PORT=tcp://10.0.0.7:8081",
			"CONCORDAT_PORT_8081_TCP=tcp://10.0.0.7:8081", "CONCORDAT_PORT_8081_TCP_PROTO=tcp", "CONCORDAT_PORT_8081_TCP_PORT=8081", "CONCORDAT_PORT_8081_TCP_ADDR=10.0.0.7",
			"CONCORDAT_WEB_SERVICE_HOST=10.0.0.8", "CONCORDAT_WEB_PORT=tcp://10.0.0.8:80", "SCHEMA_REGISTRY_PORT=tcp://10.0.0.9:8081", "SCHEMA_REGISTRY_SERVICE_HOST=10.0.0.9"}},
			values{}},
	} {
		l, err := settle(t, test.given)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if len(l.warnings) > 0 {
			t.Errorf("%s: warnings %q", test.name, l.warnings)
		}
		checkValues(t, test.name, l, test.want)
	}
}

// What is wrong is told with its source and what is allowed or nearest.
func TestSettingsErrors(t *testing.T) {
	for _, test := range []struct {
		given given
		want  []string // parts of the error
	}{
		{given{flags: []string{"--lisen=:1"}}, []string{"unknown flag --lisen (did you mean --listen?)"}},
		{given{flags: []string{"-listen", ":1"}}, []string{"unknown flag -listen (did you mean --listen?)"}},
		{given{flags: []string{"--zzzzzzzzzzzzzzzz=:1"}}, []string{"unknown flag --zzzzzzzzzzzzzzzz"}},
		{given{flags: []string{"--listen"}}, []string{"--listen needs a value"}},
		{given{env: []string{"CONCORDAT_LOGLEVEL=debug"}}, []string{"env CONCORDAT_LOGLEVEL", "did you mean CONCORDAT_LOG_LEVEL?"}},
		{given{env: []string{"CONCORDAT_PORT=8081"}}, []string{"env CONCORDAT_PORT"}},
		{given{yaml: "log:\n  levle: debug\n"}, []string{"concordat.yaml:2: log.levle is not a setting (did you mean log.level?)"}},
		{given{yaml: "lgo:\n  level: debug\n"}, []string{"concordat.yaml:1: lgo"}},
		{given{yaml: "log: debug\n"}, []string{"concordat.yaml:1: log: want a mapping"}},
		{given{yaml: "- listen\n"}, []string{"concordat.yaml:1: the file: want a mapping"}},
		{given{yaml: "listen: [a\n"}, []string{"concordat.yaml: yaml: line"}},
		{given{yaml: "listen: {a: {b: c}}\n"}, []string{"concordat.yaml:1: listen: want host:port"}},
		{given{yaml: "data: a\n---\ndata: b\n"}, []string{"want one YAML document"}},
		{given{yaml: "log.level: info\nlog: {level: debug}\n"}, []string{"concordat.yaml:2: log.level is set in line 1 already"}},
		{given{yaml: "listen: nowhere\n"}, []string{`listen: "nowhere" (concordat.yaml:1) is not allowed; want host:port`}},
		{given{flags: []string{"--listen=1.2.3.4:70000"}}, []string{`"1.2.3.4:70000" (flag --listen)`, "0 to 65535"}},
		{given{env: []string{"CONCORDAT_LOG_LEVEL=info+2"}}, []string{"env CONCORDAT_LOG_LEVEL", "one of debug, info, warn, error"}},
		{given{env: []string{"CONCORDAT_LOG_FORMAT=xml"}}, []string{"one of auto, text, json"}},
		{given{env: []string{"CONCORDAT_COMPATIBILITY_LEVEL=BEST"}}, []string{`compatibility.level: "BEST"`, "one of NONE, BACKWARD,"}},
		{given{env: []string{"CONCORDAT_VALIDATE_FIELDS=yes"}}, []string{"want true or false"}},
		{given{env: []string{"CONCORDAT_LIMITS_MAX_BODY=lots"}}, []string{"a size from 1 to 1024GiB"}},
		{given{env: []string{"CONCORDAT_LIMITS_MAX_BODY=-1"}}, []string{"want a size"}},
		{given{env: []string{"CONCORDAT_LIMITS_MAX_BODY=9223372036854775807GiB"}}, []string{"want a size"}},
		{given{env: []string{"CONCORDAT_LIMITS_MAX_HEADER=10"}}, []string{"a size from 1KiB"}},
		{given{env: []string{"CONCORDAT_LIMITS_IDLE_TIMEOUT=30"}}, []string{"a duration above zero with its unit"}},
		{given{env: []string{"CONCORDAT_LIMITS_IDLE_TIMEOUT=-1s"}}, []string{"a duration above zero"}},
		{given{env: []string{"CONCORDAT_SEARCH_SUBJECTS_MAX=0"}}, []string{"a whole number from 1 to 2147483647"}},
		{given{env: []string{"CONCORDAT_RESPONSE_HEADERS=X A: b"}}, []string{"response.headers", "want headers"}},
		{given{env: []string{"CONCORDAT_RESPONSE_HEADERS=X-A"}}, []string{"want headers"}},
		{given{env: []string{"CONCORDAT_URL=localhost:8081"}}, []string{"want a URL such as"}},
		{given{env: []string{"CONCORDAT_URL=http://a:b@localhost"}}, []string{"want a URL"}},
		{given{env: []string{"CONCORDAT_USER=only-a-name"}}, []string{"user (env CONCORDAT_USER): want name:password"}},
		{given{env: []string{"CONCORDAT_DATA="}}, []string{"data (env CONCORDAT_DATA): want the path"}},
		{given{flags: []string{"--tls.cert=c"}}, []string{"tls.cert (flag --tls.cert)", "set tls.key"}},
		{given{flags: []string{"--tls.key=c"}}, []string{"set tls.cert"}},
		{given{flags: []string{"--tls.client-auth=require"}}, []string{"set tls.cert", "set tls.client-ca"}},
		{given{flags: []string{"--config=none.yaml"}}, []string{"flag --config", "none.yaml: no such file"}},
		{given{env: []string{"CONCORDAT_PROPERTIES=none.properties"}}, []string{"env CONCORDAT_PROPERTIES", "no such file"}},
		{given{env: []string{"CONCORDAT_DATE=x", "CONCORDAT_LOG_LEVEL=loud"}, yaml: "listen: here\nall: 1\n"},
			[]string{"did you mean CONCORDAT_DATA?", `"loud"`, `"here"`, "concordat.yaml:2: all"}}, // all at once
	} {
		_, err := settle(t, test.given)
		for _, part := range test.want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%+v:\n got %v\nwant %s", test.given, err, part)
			}
		}
	}
}

func TestErrorsAreTyped(t *testing.T) {
	_, err := settle(t, given{env: []string{"CONCORDAT_LISTEN=x", "CONCORDAT_LISTN=x"}})
	var value *valueError
	var unknown *unknownKeyError
	if !errors.As(err, &value) || value.key != "listen" || !errors.As(err, &unknown) || unknown.key != "CONCORDAT_LISTN" {
		t.Errorf("got %v", err)
	}
}

func TestSecretsAreMasked(t *testing.T) {
	l, err := settle(t, given{env: []string{"CONCORDAT_USER=ann:open sesame"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if strings.Contains(s.show(&l.config), "sesame") {
			t.Errorf("%s shows %s", s.key, s.show(&l.config))
		}
	}
	if l.config.User != "ann:open sesame" {
		t.Errorf("got user %s", l.config.User)
	}
}

// Reference properties and their meaning here.
func TestReferenceProperties(t *testing.T) {
	for _, test := range []struct {
		properties string
		want       values
		warnings   []string // a part of each, in the order of property names
		err        string
	}{
		{properties: "listeners=http://0.0.0.0:8081", want: values{"listen": "0.0.0.0:8081"}},
		{properties: "listeners=http://[::]:9000", want: values{"listen": "[::]:9000"}},
		{properties: "listeners=http://:9000", want: values{"listen": ":9000"}},
		{properties: "listeners=http://registry", want: values{"listen": "registry:8081"}},
		{properties: "listeners=http://a:1, https://b:2", want: values{"listen": "a:1"}, warnings: []string{"one address is served, http://a:1; not: https://b:2"}},
		{properties: "listeners=https://a:1", err: "an https listener needs a certificate: set tls.cert and tls.key"},
		{properties: "listeners=INSIDE://a:1", err: "want http://HOST:PORT or https://HOST:PORT"},
		{properties: "listeners=http://a:x", err: "want http://HOST:PORT"},
		{properties: "listeners=http://a:70000", err: "0 to 65535"},
		{properties: "host.name=h\nport=8081", warnings: []string{"host.name: has no meaning here", "port: has no meaning here"}},
		{properties: "ssl.keystore.location=/k\nssl.keystore.password=secret", warnings: []string{"set tls.cert and tls.key", "set tls.cert and tls.key"}},
		{properties: "ssl.truststore.location=/k", warnings: []string{"set tls.client-ca"}},
		{properties: "ssl.client.auth=false", want: values{}},
		{properties: "ssl.client.auth=true\nssl.client.authentication=NONE", want: values{}}, // the newer name wins
		{properties: "ssl.client.authentication=REQUIRED", err: "tls.client-auth (schema-registry.properties:1 (ssl.client.authentication)): clients can show"},
		{properties: "ssl.client.authentication=MAYBE", err: "want one of none, requested, required"},
		{properties: "authentication.method=NONE", want: values{}},
		{properties: "authentication.method=BASIC", err: "set auth.file to a file of users"},
		{properties: "authentication.method=BEARER", err: "only BASIC (with auth.file) and NONE are there"},
		{properties: "authentication.realm=R\nauthentication.roles=a,b", want: values{"auth.realm": "R", "auth.roles": "a,b"}, warnings: []string{"auth.roles (schema-registry.properties:2 (authentication.roles)) has no effect without auth.file"}},
		{properties: "access.control.allow.origin=*\naccess.control.allow.methods=GET,PUT\naccess.control.allow.headers=a,b",
			want: values{"cors.allow-origin": "*", "cors.allow-methods": "GET,PUT", "cors.allow-headers": "a,b"}},
		{properties: `response.http.headers.config=add X-A: 1, "set Cache-Control: no-cache, no-store", setDate Expires: 1000`,
			want: values{"response.headers": `"Cache-Control: no-cache, no-store",X-A: 1`}, warnings: []string{"setDate Expires: 1000"}},
		{properties: "response.http.headers.config=drop X-A", err: "want set or add"},
		{properties: "size.limit.filter.enabled=true", want: values{"limits.max-body": "1MiB"}},
		{properties: "size.limit.filter.enabled=true\nsize.limit.filter.max.request.body.size=2048", want: values{"limits.max-body": "2KiB"}},
		{properties: "size.limit.filter.max.request.body.size=2048", warnings: []string{"has no effect without size.limit.filter.enabled=true"}},
		{properties: "size.limit.filter.enabled=false", warnings: []string{"bodies are limited in any case"}},
		{properties: "request.timeout.ms=60000\nidle.timeout.ms=1000\nshutdown.graceful.ms=500",
			want: values{"limits.request-timeout": "1m", "limits.idle-timeout": "1s", "limits.shutdown-grace": "500ms"}},
		{properties: "request.timeout.ms=soon", err: "request.timeout.ms: \"soon\" is not allowed; want milliseconds"},
		{properties: "schema.compatibility.level=full\navro.compatibility.level=none", want: values{"compatibility.level": "NONE"}},
		{properties: "schema.compatibility.level=best", err: `compatibility.level: "best" (schema-registry.properties:1 (schema.compatibility.level)) is not allowed`},
		{properties: "schema.validate.fields=true\nschema.validate.new.schemas=false\nschema.reject.empty.subject=True\nschema.providers.reference.versions.strict=true\nmode.mutability=false\nassociations.enable=false\nleader.eligibility=false\n",
			want: values{"validate.fields": "true", "validate.new-schemas": "false", "reject.empty-subject": "true", "references.strict-versions": "true",
				"mode.mutability": "false", "associations.enable": "false", "leader.eligibility": "false"}},
		{properties: "master.eligibility=true\nleader.eligibility=false", want: values{}},
		{properties: "schema.registry.group.id=g", want: values{"group.id": "g"}},
		{properties: "schema.search.default.limit=1\nschema.search.max.limit=2\nsubject.search.default.limit=3\nsubject.search.max.limit=4\n" +
			"subject.version.search.default.limit=5\nsubject.version.search.max.limit=6\ncontext.search.default.limit=7\ncontext.search.max.limit=8",
			want: values{"search.schemas.default": "1", "search.schemas.max": "2", "search.subjects.default": "3", "search.subjects.max": "4",
				"search.versions.default": "5", "search.versions.max": "6", "search.contexts.default": "7", "search.contexts.max": "8"}},
		{properties: "resource.extension.class=io.confluent.dekregistry.DekRegistryResourceExtension"},
		{properties: "schema.registry.resource.extension.class=a.DekRegistryResourceExtension, com.example.Mine", warnings: []string{"Java extensions cannot be loaded"}},
		{properties: "kafkastore.topic=_schemas\nkafkastore.timeout.ms=500\nkafkastore.security.protocol=SSL", warnings: []string{"not in Kafka", "not in Kafka", "not in Kafka"}},
		{properties: "kafkastore.bootstrap.servers=PLAINTEXT://kafka:9092", err: "schemas cannot be kept in Kafka yet"},
		{properties: "kafkastore.connection.url=zk:2181", err: "schemas cannot be kept in Kafka yet"},
		{properties: "schema.providers.json.fetch.remote.schemas=false"},
		{properties: "schema.providers.json.fetch.remote.schemas=true", warnings: []string{"never fetched"}},
		{properties: "schema.canonicalize.on.consume=\nschema.cache.size=1000\nschema.cache.expiry.secs=300", warnings: []string{"schema.cache.expiry.secs", "schema.cache.size"}},
		{properties: "inter.instance.protocol=http\nleader.connect.timeout.ms=60000", warnings: []string{"inter.instance.protocol", "leader.connect.timeout.ms"}},
		{properties: "metadata.encoder.secret=secret", warnings: []string{"sensitive metadata is stored as it is sent"}},
		{properties: "what.is.this=secret", warnings: []string{"what.is.this: has no meaning here"}},
		{properties: "mode.mutability=true\nmode.mutability=false", want: values{"mode.mutability": "false"}}, // the last counts
		{properties: `a=\u12x`, err: `schema-registry.properties:1: \u12x: want four hexadecimal digits`},
	} {
		l, err := settle(t, given{properties: test.properties})
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s:\n got %v\nwant %s", test.properties, err, test.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", test.properties, err)
			continue
		}
		checkValues(t, test.properties, l, test.want)
		if len(l.warnings) != len(test.warnings) {
			t.Errorf("%s: got warnings %q, want %q", test.properties, l.warnings, test.warnings)
			continue
		}
		for i, w := range l.warnings {
			if !strings.Contains(w, test.warnings[i]) || !strings.Contains(w, "schema-registry.properties:") || strings.Contains(w, "secret ") {
				t.Errorf("%s: got warning %q, want %q", test.properties, w, test.warnings[i])
			}
		}
	}
}

func TestReferenceEnvironment(t *testing.T) {
	l, err := settle(t, given{
		properties: "mode.mutability=false\nschema.registry.group.id=file\n",
		env: []string{"SCHEMA_REGISTRY_SCHEMA_REGISTRY_GROUP_ID=environment", "SCHEMA_REGISTRY_LISTENERS=http://0.0.0.0:8081",
			"SCHEMA_REGISTRY_HOST_NAME=h", "SCHEMA_REGISTRY_A__B___C=1", "SCHEMA_REGISTRY_HEAP_OPTS=-Xmx1g"},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkValues(t, "environment", l, values{"mode.mutability": "false", "group.id": "environment", "listen": "0.0.0.0:8081"})
	for i, part := range []string{"env SCHEMA_REGISTRY_A__B___C: a_b-c:", "heap.opts", "host.name"} {
		if i >= len(l.warnings) || !strings.Contains(l.warnings[i], part) {
			t.Errorf("got warnings %q, want one with %s", l.warnings, part)
		}
	}
}

// Every property that the recordings of the reference were made with means
// something here or is warned about.
func TestRecordedServerConfigs(t *testing.T) {
	root := os.Getenv("VECTORS")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "vectors")
	}
	files, err := filepath.Glob(filepath.Join(root, "rest", "*.json"))
	if err != nil || len(files) == 0 {
		t.Skipf("no recorded exchanges in %s (set VECTORS to their folder)", root)
	}
	configs := map[string]map[string]string{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var recorded struct {
			ServerConfig map[string]string `json:"server_config"`
		}
		if err := json.Unmarshal(data, &recorded); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		configs[filepath.Base(file)] = recorded.ServerConfig
	}
	for name, recorded := range configs {
		var lines []string
		for _, key := range slices.Sorted(maps.Keys(recorded)) {
			lines = append(lines, key+"="+recorded[key])
		}
		l, err := settle(t, given{properties: strings.Join(lines, "\n"), flags: []string{"--auth.file=users"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		told := strings.Join(append(l.warnings, slices.Collect(maps.Values(l.origin))...), "\n")
		for key, value := range recorded {
			silent := key == "authentication.method" || key == "resource.extension.class"
			if !silent && !strings.Contains(told, key) {
				t.Errorf("%s: %s=%s has neither a meaning nor a warning", name, key, value)
			}
		}
	}
}

// The format is that of java.util.Properties.
func TestParseProperties(t *testing.T) {
	for text, want := range map[string]string{
		"a=b":                         "a|b|1",
		"a:b":                         "a|b|1",
		"a b":                         "a|b|1",
		"a \t=  b ":                   "a|b |1",
		"a==b":                        "a|=b|1",
		"  a.b = c=d:e f":             "a.b|c=d:e f|1",
		"a":                           "a||1",
		"=b":                          "|b|1",
		"":                            "",
		"# a=b\n! c=d\n\n  \t\ne=f":   "e|f|5",
		`a\=b\:c\ d = e`:              "a=b:c d|e|1",
		"a=b\\\n   c\\\n  d\ne=f":     "a|bcd|1 e|f|4",
		"a=b\\\\\nc=d":                `a|b\|1 c|d|2`,
		"a=b\\":                       "a|b|1",
		"a=b\\\n# c":                  "a|b# c|1",
		"a=1\r\nb=2\rc=3":             "a|1|1 b|2|2 c|3|3",
		`a=\t\n\r\f\\\x\"`:            "a|\t\n\r\f\\x\"|1",
		`a=\u0041\u00e9\ud83d\ude00!`: "a|Aé😀!|1",
		"a=é":                         "a|é|1",
		"a=\xe9":                      "a|é|1", // Latin-1
		"a=😀\\!":                      "a|😀!|1",
	} {
		found, errs := parseProperties("f", []byte(text))
		var got []string
		for _, a := range found {
			got = append(got, a.key+"|"+a.value+"|"+strings.TrimPrefix(a.origin, "f:"))
		}
		if strings.Join(got, " ") != want || errs != nil {
			t.Errorf("%q: got %q, %v, want %q", text, got, errs, want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"listen", "data", "log.level", "log.format", "tls.cert"}
	for word, want := range map[string]string{
		"listen": "listen", "lisen": "listen", "listne": "listen", "dta": "data", "log-level": "log.level",
		"loglevel": "log.level", "tls.certificate": "tls.cert", "x": "", "": "", "something else": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("%s: got %q, want %q", word, got, want)
		}
	}
}

func FuzzParseProperties(f *testing.F) {
	f.Add([]byte("a=b\\\n c\\u0041"))
	f.Fuzz(func(_ *testing.T, data []byte) { parseProperties("f", data) })
}

func FuzzParseYAML(f *testing.F) {
	f.Add([]byte("log: {level: &a debug}\nresponse: {headers: {X-A: *a}}"))
	f.Fuzz(func(_ *testing.T, data []byte) { parseYAML("f", data) })
}
