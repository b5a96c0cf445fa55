package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// translation is what the reference's properties amount to in our settings.
type translation struct {
	assignments  []assignment
	warnings     []string
	errs         []error
	https        string // the origin of "listen" if the listener is an https one
	authenticate string // the origin of a wish for basic authentication
}

const referencePrefix = "SCHEMA_REGISTRY_"

// referenceEnv takes the reference's properties out of the environment, named
// there as its container image does: "_" for ".", "__" for "_", "___" for "-".
func referenceEnv(env []string) (found []assignment) {
	names := strings.NewReplacer("___", "-", "__", "_", "_", ".")
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if key, ok := strings.CutPrefix(name, referencePrefix); ok && !isServiceLink(name, value) {
			found = append(found, assignment{names.Replace(strings.ToLower(key)), value, "env " + name})
		}
	}
	return found
}

// translate gives each of the reference's properties its meaning: a setting
// that the table of settings names it with, or a notice. Of two with one name
// the last counts.
func translate(properties []assignment) translation {
	given := map[string]assignment{}
	for _, p := range properties {
		p.value = strings.TrimSpace(p.value)
		given[p.key] = p
	}
	t := translation{}
	meant := map[string]bool{}
	for _, s := range settings {
		chosen := false
		for _, name := range s.reference {
			meant[name] = true
			p, ok := given[name]
			if !ok || chosen {
				continue
			}
			chosen = true
			t.assign(s, p, given)
		}
	}
	if p, ok := given[limitEnabled]; ok {
		t.enableLimit(p, given)
	}
	properties = slices.Clone(properties)
	slices.SortStableFunc(properties, func(a, b assignment) int { return strings.Compare(a.key, b.key) })
	for i, p := range properties {
		last := i+1 == len(properties) || properties[i+1].key != p.key
		if last && !meant[p.key] {
			t.notice(given[p.key])
		}
	}
	return t
}

// assign takes one property for a setting.
func (t *translation) assign(s setting, p assignment, given map[string]assignment) {
	a := assignment{s.key, p.value, fmt.Sprintf("%s (%s)", p.origin, p.key)}
	if convert, ok := conversions[p.key]; ok {
		value, warning, err := convert(p.value)
		if err != nil {
			t.errs = append(t.errs, fmt.Errorf("%s: %s: %w", p.origin, p.key, err))
			return
		}
		if warning != "" {
			t.warnings = append(t.warnings, fmt.Sprintf("%s: %s: %s", p.origin, p.key, warning))
		}
		a.value = value
	}
	switch {
	case a.value == "" && p.value != "":
		return // nothing is left of it
	case p.key == limitSize && !strings.EqualFold(given[limitEnabled].value, "true"):
		t.warnings = append(t.warnings, fmt.Sprintf("%s: %s has no effect without %s=true", p.origin, p.key, limitEnabled))
		return
	case p.key == "listeners" && strings.HasPrefix(strings.ToLower(p.value), "https:"):
		t.https = a.origin
	}
	t.assignments = append(t.assignments, a)
}

// The reference limits bodies only when asked to, and then to a mebibyte if no
// size is given.
const (
	limitEnabled = "size.limit.filter.enabled"
	limitSize    = "size.limit.filter.max.request.body.size"
)

func (t *translation) enableLimit(p assignment, given map[string]assignment) {
	if _, sized := given[limitSize]; !sized && strings.EqualFold(p.value, "true") {
		t.assignments = append(t.assignments, assignment{"limits.max-body", "1MiB", fmt.Sprintf("%s (%s)", p.origin, p.key)})
	}
}

// conversions turn a property's value into that of the setting. An empty
// result without an error leaves the setting alone.
var conversions = map[string]func(value string) (ours, warning string, err error){
	"listeners":                    listenAddress,
	"request.timeout.ms":           milliseconds,
	"idle.timeout.ms":              milliseconds,
	"shutdown.graceful.ms":         milliseconds,
	"ssl.client.authentication":    words(map[string]string{"none": "none", "requested": "request", "required": "require"}),
	"ssl.client.auth":              words(map[string]string{"false": "none", "true": "require"}),
	"response.http.headers.config": responseHeaders,
}

// listenAddress takes the first of the reference's listeners.
func listenAddress(value string) (string, string, error) {
	all := strings.Split(value, ",")
	u, err := url.Parse(strings.TrimSpace(all[0]))
	if err != nil || u.Hostname() == "" && u.Port() == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return "", "", fmt.Errorf("%q is not allowed; want http://HOST:PORT or https://HOST:PORT", all[0])
	}
	port := u.Port()
	if port == "" {
		port = "8081"
	}
	warning := ""
	if len(all) > 1 {
		warning = fmt.Sprintf("one address is served, %s; not: %s", strings.TrimSpace(all[0]), strings.TrimSpace(strings.Join(all[1:], ",")))
	}
	return net.JoinHostPort(u.Hostname(), port), warning, nil
}

func milliseconds(value string) (string, string, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	const longest = 365 * 24 * 3600 * 1000 // a year
	if err != nil || n <= 0 || n > longest {
		return "", "", fmt.Errorf("%q is not allowed; want milliseconds above zero, such as 30000", value)
	}
	return value + "ms", "", nil
}

func words(ours map[string]string) func(string) (string, string, error) {
	return func(value string) (string, string, error) {
		word, ok := ours[strings.ToLower(value)]
		if !ok {
			var allowed []string
			for w := range ours {
				allowed = append(allowed, w)
			}
			slices.Sort(allowed)
			return "", "", fmt.Errorf("%q is not allowed; want one of %s", value, strings.Join(allowed, ", "))
		}
		return word, "", nil
	}
}

// responseHeaders reads a list of `set Name: value` and `add Name: value`.
// The actions that compute a date cannot be kept.
func responseHeaders(value string) (string, string, error) {
	items, err := splitList(value)
	if err != nil {
		return "", "", fmt.Errorf("%q is not a list of headers: %w", value, err)
	}
	var headers, dates []string
	for _, item := range items {
		action, header, _ := strings.Cut(item, " ")
		header = strings.TrimSpace(header)
		switch strings.ToLower(action) {
		case "set", "add":
			headers = append(headers, header)
		case "setdate", "adddate":
			dates = append(dates, item)
		default:
			return "", "", fmt.Errorf("%q is not allowed; want set or add and then Name: value", item)
		}
	}
	warning := ""
	if len(dates) > 0 {
		warning = "headers with a computed date are not sent: " + strings.Join(dates, ", ")
	}
	return joinList(headers), warning, nil
}

// notices say what becomes of the properties that no setting stands for. The
// first row whose pattern matches counts; a pattern that ends in "*" matches
// the names that begin with what is before it.
var notices = []struct {
	patterns []string
	silent   func(value string) bool // values that ask for nothing but what is done here; nil: none
	say      string
	fatal    bool // whether going on would be worse than not starting
}{
	{
		patterns: []string{"kafkastore.bootstrap.servers", "kafkastore.connection.url"},
		silent:   is(""),
		fatal:    true,
		say: "schemas cannot be kept in Kafka yet, and starting with an empty registry beside the one in Kafka would give out its ids again. " +
			"Remove this property to keep schemas in one file (the setting data); stay with the servers you have where they must stay in Kafka",
	},
	{patterns: []string{"kafkastore.*", "kafkacache.*", "kafkagroup.*"}, say: "has no meaning here: schemas are kept in one file (the setting data), not in Kafka"},
	{patterns: []string{"host.name", "host.port", "port"}, say: "has no meaning here: no other node needs to find this one; to change where it listens, use listeners or the setting listen"},
	{patterns: []string{"ssl.keystore.*", "ssl.key.password"}, say: "Java keystores are not read: set tls.cert and tls.key to PEM files"},
	{patterns: []string{"ssl.truststore.*"}, say: "Java truststores are not read: set tls.client-ca to a PEM file"},
	{patterns: []string{"ssl.*"}, say: "has no meaning here: TLS 1.2 and above are served, set up with tls.cert, tls.key, tls.client-ca and tls.client-auth"},
	{patterns: []string{"listener.protocol.map", "listener.name.*"}, say: "has no meaning here: one address is served"},
	{patterns: []string{"authentication.method"}, silent: is("basic", "none"), fatal: true, say: "only BASIC (with auth.file) and NONE are there"},
	{patterns: []string{"authentication.skip.paths"}, say: "has no meaning here: with auth.file every path asks for a user"},
	{patterns: []string{limitEnabled}, silent: is("true"), say: "bodies are limited in any case: raise limits.max-body if it is too low"},
	{
		patterns: []string{"resource.extension.class", "schema.registry.resource.extension.class"},
		silent:   onlyKnownExtensions,
		say:      "Java extensions cannot be loaded; the calls of the DEK registry need none",
	},
	{patterns: []string{"schema.providers.json.fetch.remote.schemas"}, silent: is("false"), say: "schemas are never fetched from other machines: register them and use references"},
	{patterns: []string{"schema.canonicalize.on.consume"}, silent: is(""), say: "has no meaning here: texts are canonical when they are stored"},
	{patterns: []string{"schema.cache.*"}, say: "has no meaning here: caches are limited in bytes by limits.parsed-cache and limits.answer-cache"},
	{patterns: []string{"metadata.encoder.*"}, say: "has no effect: sensitive metadata is stored as it is sent"},
	{patterns: []string{"leader.*", "master.*", "inter.instance.*", "schema.registry.inter.instance.*"}, say: "has no meaning here: one node serves the registry"},
	{patterns: []string{"schema.registry.zk.*"}, say: "has no meaning here: there is no ZooKeeper"},
	{patterns: []string{"dek.registry.*"}, say: "has no meaning here: keys are kept in the same file as schemas"},
	{patterns: []string{"jmx.*", "heap.*", "jvm.*", "log4j.*", "opts"}, say: "has no meaning here: this is not a Java program; see log.level and limits.*"},
	{patterns: []string{"*"}, say: "has no meaning here"},
}

func is(words ...string) func(string) bool {
	return func(value string) bool { return slices.Contains(words, strings.ToLower(value)) }
}

// onlyKnownExtensions tells whether all Java classes in a list stand for what
// is served without them.
func onlyKnownExtensions(value string) bool {
	for class := range strings.SplitSeq(value, ",") {
		class = strings.TrimSpace(class)
		if class != "" && !strings.HasSuffix(class, "DekRegistryResourceExtension") {
			return false
		}
	}
	return true
}

func (t *translation) notice(p assignment) {
	if p.key == "authentication.method" && strings.EqualFold(p.value, "basic") {
		t.authenticate = p.origin
	}
	for _, n := range notices {
		if !slices.ContainsFunc(n.patterns, func(pattern string) bool { return matches(pattern, p.key) }) {
			continue
		}
		switch text := fmt.Sprintf("%s: %s: %s", p.origin, p.key, n.say); {
		case n.silent != nil && n.silent(p.value):
		case n.fatal:
			t.errs = append(t.errs, errors.New(text))
		default:
			t.warnings = append(t.warnings, text)
		}
		return
	}
}

func matches(pattern, name string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}
