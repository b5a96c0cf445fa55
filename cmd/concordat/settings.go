package main

import (
	"log/slog"
	"strings"
	"time"

	"github.com/seed-9f7c7091/concordat/registry"
	"github.com/seed-9f7c7091/concordat/server"
)

// config is what the settings amount to.
type config struct {
	Server   server.Settings
	Registry registry.Settings
	Data     string // path of the file that holds everything

	LogLevel  slog.Level
	LogFormat string // auto, text, json

	URL  string // of the running server that commands talk to; empty for the one that would listen here
	User string // name:password to show it
	CA   string // PEM file of authorities trusted besides the system's
}

func defaultConfig() config {
	return config{
		Server:    server.DefaultSettings(),
		Registry:  registry.DefaultSettings(),
		Data:      "concordat.db",
		LogFormat: "auto",
	}
}

// setting is a row of the table below.
type setting struct {
	key       string   // in the YAML file, where dots nest, and as a flag behind "--"
	kind      kind     // which values it takes and where they go
	doc       string   // one line without a full stop
	reference []string // the reference's properties that mean the same, the first one given wins
	secret    bool     // whether its value must not be shown
}

// settings is the one table of all settings. Their defaults are those of
// defaultConfig.
var settings = []setting{
	{key: "listen", kind: address(func(c *config) *string { return &c.Server.Listen }),
		doc: "address to serve on; port 0 picks a free one", reference: []string{"listeners"}},
	{key: "data", kind: text("FILE", func(c *config) *string { return &c.Data }),
		doc: "the file that holds the registry"},

	{key: "tls.cert", kind: text("FILE", func(c *config) *string { return &c.Server.TLSCert }),
		doc: "certificate to serve HTTPS with, as PEM; read again when it changes"},
	{key: "tls.key", kind: text("FILE", func(c *config) *string { return &c.Server.TLSKey }),
		doc: "private key of tls.cert, as PEM"},
	{key: "tls.client-ca", kind: text("FILE", func(c *config) *string { return &c.Server.TLSClientCA }),
		doc: "authorities that sign clients' certificates, as PEM"},
	{key: "tls.client-auth", kind: choice(func(c *config) *string { return &c.Server.TLSClientAuth }, "none", "request", "require"),
		doc: "whether clients show a certificate", reference: []string{"ssl.client.authentication", "ssl.client.auth"}},

	{key: "auth.file", kind: text("FILE", func(c *config) *string { return &c.Server.AuthFile }),
		doc: "users who may log in, a line each: user:bcrypt-hash[:role,…]; everyone may when empty"},
	{key: "auth.realm", kind: text("NAME", func(c *config) *string { return &c.Server.AuthRealm }),
		doc: "realm named to those who must log in", reference: []string{"authentication.realm"}},
	{key: "auth.roles", kind: list("ROLE,…", func(c *config) *[]string { return &c.Server.AuthRoles }),
		doc: "roles that may use the registry; empty or * lets in every user", reference: []string{"authentication.roles"}},

	{key: "cors.allow-origin", kind: text("ORIGIN", func(c *config) *string { return &c.Server.AllowOrigin }),
		doc: "web pages that may call the registry; none when empty", reference: []string{"access.control.allow.origin"}},
	{key: "cors.allow-methods", kind: text("METHOD,…", func(c *config) *string { return &c.Server.AllowMethods }),
		doc: "methods they may use", reference: []string{"access.control.allow.methods"}},
	{key: "cors.allow-headers", kind: text("HEADER,…", func(c *config) *string { return &c.Server.AllowHeaders }),
		doc: "headers they may send", reference: []string{"access.control.allow.headers"}},
	{key: "response.headers", kind: headers(func(c *config) *map[string]string { return &c.Server.ResponseHeaders }),
		doc: "headers sent with every answer", reference: []string{"response.http.headers.config"}},

	{key: "limits.max-body", kind: size(func(c *config) *int64 { return &c.Server.MaxBody }, 1),
		doc: "largest body of a request; a larger one is answered 413", reference: []string{"size.limit.filter.max.request.body.size"}},
	{key: "limits.max-header", kind: size(func(c *config) *int { return &c.Server.MaxHeader }, 1<<10),
		doc: "largest header of a request; a larger one is answered 431"},
	{key: "limits.header-timeout", kind: duration(func(c *config) *time.Duration { return &c.Server.HeaderTimeout }),
		doc: "time to send a request's header"},
	{key: "limits.request-timeout", kind: duration(func(c *config) *time.Duration { return &c.Server.RequestTimeout }),
		doc: "time to send a request and get its answer; a slower one is answered 504", reference: []string{"request.timeout.ms"}},
	{key: "limits.idle-timeout", kind: duration(func(c *config) *time.Duration { return &c.Server.IdleTimeout }),
		doc: "time an unused connection is kept", reference: []string{"idle.timeout.ms"}},
	{key: "limits.shutdown-grace", kind: duration(func(c *config) *time.Duration { return &c.Server.ShutdownGrace }),
		doc: "time to finish requests when the server stops", reference: []string{"shutdown.graceful.ms"}},
	{key: "limits.max-record", kind: size(func(c *config) *int { return &c.Registry.MaxRecord }, 1<<10),
		doc: "largest schema with its contract; a larger one is answered 42209"},
	{key: "limits.answer-cache", kind: size(func(c *config) *int { return &c.Server.AnswerCache }, 0),
		doc: "memory for answers held ready"},
	{key: "limits.parsed-cache", kind: size(func(c *config) *int { return &c.Registry.ParsedCache }, 0),
		doc: "memory for parsed schemas, roughly"},

	{key: "search.schemas.default", kind: count(func(c *config) *int { return &c.Registry.Schemas.Default }),
		doc: "length of a list of schemas, referrers or associations when none is asked for", reference: []string{"schema.search.default.limit"}},
	{key: "search.schemas.max", kind: count(func(c *config) *int { return &c.Registry.Schemas.Max }),
		doc: "longest such list that can be asked for", reference: []string{"schema.search.max.limit"}},
	{key: "search.subjects.default", kind: count(func(c *config) *int { return &c.Registry.Subjects.Default }),
		doc: "length of a list of subjects when none is asked for", reference: []string{"subject.search.default.limit"}},
	{key: "search.subjects.max", kind: count(func(c *config) *int { return &c.Registry.Subjects.Max }),
		doc: "longest such list that can be asked for", reference: []string{"subject.search.max.limit"}},
	{key: "search.versions.default", kind: count(func(c *config) *int { return &c.Registry.Versions.Default }),
		doc: "length of a list of versions when none is asked for", reference: []string{"subject.version.search.default.limit"}},
	{key: "search.versions.max", kind: count(func(c *config) *int { return &c.Registry.Versions.Max }),
		doc: "longest such list that can be asked for", reference: []string{"subject.version.search.max.limit"}},
	{key: "search.contexts.default", kind: count(func(c *config) *int { return &c.Registry.Contexts.Default }),
		doc: "length of a list of contexts when none is asked for", reference: []string{"context.search.default.limit"}},
	{key: "search.contexts.max", kind: count(func(c *config) *int { return &c.Registry.Contexts.Max }),
		doc: "longest such list that can be asked for", reference: []string{"context.search.max.limit"}},

	{key: "compatibility.level", kind: compatibilityLevel(),
		doc: "which schemas must read whose data, where no configuration says otherwise",
		// The reference lets its legacy name win.
		reference: []string{"avro.compatibility.level", "schema.compatibility.level"}},
	{key: "validate.fields", kind: boolean(func(c *config) *bool { return &c.Registry.ValidateFields }),
		doc: "refuse reserved field names, where no configuration says otherwise", reference: []string{"schema.validate.fields"}},
	{key: "validate.new-schemas", kind: boolean(func(c *config) *bool { return &c.Registry.ValidateNewSchemas }),
		doc: "read schemas about to be registered more strictly", reference: []string{"schema.validate.new.schemas"}},
	{key: "rules.check", kind: choice(func(c *config) *string { return (*string)(&c.Registry.RuleChecks) }, "off", "warn", "enforce"),
		doc: "what becomes of rules that cannot work when they are registered: warn tells the client and the log, enforce refuses them"},
	{key: "reject.empty-subject", kind: boolean(func(c *config) *bool { return &c.Registry.RejectEmptySubject }),
		doc: "refuse to register under an empty subject name", reference: []string{"schema.reject.empty.subject"}},
	{key: "references.strict-versions", kind: boolean(func(c *config) *bool { return &c.Registry.StrictReferenceVersions }),
		doc: "refuse schemas that reach one reference in two versions", reference: []string{"schema.providers.reference.versions.strict"}},
	{key: "mode.mutability", kind: boolean(func(c *config) *bool { return &c.Registry.ModeMutability }),
		doc: "allow modes to be changed", reference: []string{"mode.mutability"}},
	{key: "associations.enable", kind: boolean(func(c *config) *bool { return &c.Registry.Associations }),
		doc: "serve the association calls", reference: []string{"associations.enable"}},
	{key: "leader.eligibility", kind: boolean(func(c *config) *bool { return &c.Registry.LeaderEligibility }),
		doc: "take writes; they are answered 50004 otherwise",
		// The reference lets its legacy name win.
		reference: []string{"master.eligibility", "leader.eligibility"}},

	{key: "cluster.id", kind: text("ID", func(c *config) *string { return &c.Server.ClusterID }),
		doc: "the Kafka cluster named in /v1/metadata/id"},
	{key: "group.id", kind: text("ID", func(c *config) *string { return &c.Server.GroupID }),
		doc: "the group of registries named in /v1/metadata/id", reference: []string{"schema.registry.group.id"}},

	{key: "log.level", kind: logLevel(),
		doc: "the least severe lines to log"},
	{key: "log.format", kind: choice(func(c *config) *string { return &c.LogFormat }, "auto", "text", "json"),
		doc: "form of the log; auto is text on a terminal and JSON elsewhere"},
	{key: "log.access", kind: boolean(func(c *config) *bool { return &c.Server.AccessLog }),
		doc: "log a line for each request"},

	{key: "url", kind: webAddress(func(c *config) *string { return &c.URL }),
		doc: "running server that commands talk to; the one these settings describe when empty"},
	{key: "user", kind: text("NAME:PASSWORD", func(c *config) *string { return &c.User }), secret: true,
		doc: "whom commands log in as at that server; safer in the environment than as a flag"},
	{key: "ca", kind: text("FILE", func(c *config) *string { return &c.CA }),
		doc: "authorities to trust at that server besides the system's, as PEM"},
}

// Besides the settings, these keys of flags and of the environment say which
// files to read them from.
const (
	configKey     = "config"
	propertiesKey = "properties"
)

func isSourceKey(key string) bool { return key == configKey || key == propertiesKey }

// ownKeys are the keys that flags and the environment may name.
func ownKeys() []string {
	keys := []string{configKey, propertiesKey}
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	return keys
}

func findSetting(key string) (setting, bool) {
	for _, s := range settings {
		if s.key == key {
			return s, true
		}
	}
	return setting{}, false
}

const envPrefix = "CONCORDAT_"

// envName is the environment variable of a key.
func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
}

func (s setting) env() string { return envName(s.key) }

// show is the value in the form in which it can be given, masked where it is
// a secret.
func (s setting) show(c *config) string {
	v := s.kind.get(c)
	if s.secret && v != "" {
		return "********"
	}
	return v
}
