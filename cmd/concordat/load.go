package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
)

// assignment is a value that a source gives to a key.
type assignment struct {
	key, value string
	origin     string // the source, as a person would name it: "flag --listen", "env X", "concordat.yaml:3"
}

// loaded are the settings with where each came from.
type loaded struct {
	config   config
	origin   map[string]string // by key; a default has none
	warnings []string          // what was given and has no effect
	foreign  translation       // what was set for the reference
}

// from is where a setting's value came from.
func (l *loaded) from(key string) string {
	if origin, ok := l.origin[key]; ok {
		return origin
	}
	return "default"
}

// valueError reports a value that a setting cannot take.
type valueError struct {
	setting setting
	assignment
}

func (e *valueError) Error() string {
	value := fmt.Sprintf("%q", e.value)
	if e.setting.secret {
		value = "the value"
	}
	return fmt.Sprintf("%s: %s (%s) is not allowed; want %s", e.key, value, e.origin, e.setting.kind.allowed)
}

// unknownKeyError reports a key that is not in the table.
type unknownKeyError struct {
	key, origin string
	known       []string
}

func (e *unknownKeyError) Error() string {
	return fmt.Sprintf("%s: %s is not a setting%s; `concordat help settings` lists them", e.origin, e.key, didYouMean(e.key, e.known))
}

// The files read when none is named.
const (
	defaultConfigFile     = "concordat.yaml"
	defaultPropertiesFile = "schema-registry.properties"
)

// load settles every setting. It takes the sources from the weakest to the
// strongest, so that the last to give a value wins: the defaults, the
// reference's properties file and environment, the YAML file, our environment,
// the flags. All that is wrong is reported at once. Whether the settings go
// together is for check to say.
func load(flags []assignment, env []string) (*loaded, error) {
	own, errs := readEnv(env)
	files := slices.Concat(own, flags)
	flags = slices.DeleteFunc(slices.Clone(flags), func(a assignment) bool { return isSourceKey(a.key) })
	own = slices.DeleteFunc(own, func(a assignment) bool { return isSourceKey(a.key) })

	l := &loaded{config: defaultConfig(), origin: map[string]string{}}
	foreignErrs := l.readReference(files, env)
	yaml, yamlErrs := readFile(files, configKey, defaultConfigFile, parseYAML)
	errs = slices.Concat(foreignErrs, yamlErrs, errs)

	for _, a := range slices.Concat(l.foreign.assignments, yaml, own, flags) {
		s, known := findSetting(a.key)
		if !known {
			continue // reported by its source
		}
		if !s.kind.set(&l.config, a.value) {
			errs = append(errs, &valueError{s, a})
		}
		l.origin[a.key] = a.origin
	}
	return l, errors.Join(errs...)
}

// readFile parses the file that the last assignment to key names, else the
// default one if it is there.
func readFile[T any](files []assignment, key, byDefault string, parse func(name string, data []byte) ([]T, []error)) ([]T, []error) {
	name, origin := byDefault, ""
	for _, a := range files {
		if a.key == key {
			name, origin = a.value, a.origin
		}
	}
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && origin == "":
		return nil, nil
	case err != nil && origin != "":
		return nil, []error{fmt.Errorf("%s: %w", origin, err)}
	case err != nil:
		return nil, []error{err}
	}
	return parse(name, data)
}

// readReference reads what is set for the reference and translates it.
func (l *loaded) readReference(files []assignment, env []string) []error {
	properties, errs := readFile(files, propertiesKey, defaultPropertiesFile, parseProperties)
	if len(errs) > 0 {
		return errs
	}
	l.foreign = translate(slices.Concat(properties, referenceEnv(env)))
	l.warnings = append(l.warnings, l.foreign.warnings...)
	return l.foreign.errs
}

// serviceLink matches the variables that Kubernetes puts into every container
// for a Service whose name begins with "concordat" or "schema-registry". Nobody
// set them for us.
var serviceLink = regexp.MustCompile(`^(CONCORDAT|SCHEMA_REGISTRY)_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR))$`)

// portLink matches those that might be meant as a setting but for their value,
// which is a URL such as tcp://10.0.0.7:8081.
var portLink = regexp.MustCompile(`^(CONCORDAT|SCHEMA_REGISTRY)_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP))?=(tcp|udp|sctp)://`)

func isServiceLink(name, value string) bool {
	return serviceLink.MatchString(name) || portLink.MatchString(name+"="+value)
}

// readEnv takes our variables out of the environment.
func readEnv(env []string) (own []assignment, errs []error) {
	keys := map[string]string{}
	var names []string
	for _, key := range ownKeys() {
		keys[envName(key)] = key
		names = append(names, envName(key))
	}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		key, known := keys[name]
		switch {
		case known:
			own = append(own, assignment{key, value, "env " + name})
		case !isServiceLink(name, value):
			errs = append(errs, &unknownKeyError{name, "env " + name, names})
		}
	}
	return own, errs
}

// check looks for settings that do not go together.
func (l *loaded) check() error {
	var errs []error
	s, foreign := &l.config.Server, l.foreign
	rules := []struct {
		wrong bool
		key   string // the setting to name
		say   string
	}{
		{s.TLSCert != "" && s.TLSKey == "", "tls.cert", "a certificate needs its private key: set tls.key"},
		{s.TLSKey != "" && s.TLSCert == "", "tls.key", "a private key needs its certificate: set tls.cert"},
		{s.TLSClientAuth != "none" && s.TLSCert == "", "tls.client-auth", "clients can show certificates to an HTTPS server only: set tls.cert and tls.key"},
		{s.TLSClientAuth != "none" && s.TLSClientCA == "", "tls.client-auth", "to check clients' certificates, set tls.client-ca to the authorities that sign them"},
		{l.config.User != "" && !strings.Contains(l.config.User, ":"), "user", "want name:password"},
		{l.config.Data == "", "data", "want the path of a file"},
		{foreign.https != "" && l.origin["listen"] == foreign.https && s.TLSCert == "", "listen",
			"an https listener needs a certificate: set tls.cert and tls.key to PEM files"},
	}
	for _, r := range rules {
		if r.wrong {
			errs = append(errs, fmt.Errorf("%s (%s): %s", r.key, l.from(r.key), r.say))
		}
	}
	if foreign.authenticate != "" && s.AuthFile == "" {
		errs = append(errs, fmt.Errorf("authentication.method=BASIC (%s): set auth.file to a file of users, a line each: user:bcrypt-hash[:role,…]", foreign.authenticate))
	}
	if len(s.AuthRoles) > 0 && s.AuthFile == "" {
		l.warnings = append(l.warnings, fmt.Sprintf("auth.roles (%s) has no effect without auth.file", l.from("auth.roles")))
	}
	return errors.Join(errs...)
}
