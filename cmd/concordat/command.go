package main

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// command is one verb of the program.
type command struct {
	name     string   // one word, or two: a topic and a verb
	args     []string // the names of its arguments, all required
	summary  string   // one line, for the list of commands
	details  string   // what to know before using it
	options  []option // its own, besides the settings
	settings bool     // whether it takes the settings, from all their sources
	optional bool     // whether its arguments may be left out
	run      func(ctx context.Context, c *call) error
}

// option is a flag of one command.
type option struct {
	name  string // "--force", "-o"
	value string // what help calls the value; empty for a switch
	doc   string
}

// commands are listed in the order in which a newcomer needs them.
func commands() []command {
	return []command{
		serveCommand, checkCommand, kindsCommand, jsonataCommand,
		rulesRunCommand, rulesCheckCommand, rulesVerifyCommand, rulesSampleCommand,
		usageCommand, configCommand, backupCommand, restoreCommand, compactCommand, versionCommand, helpCommand,
	}
}

// call is one command line being carried out.
type call struct {
	stdin          io.Reader
	stdout, stderr io.Writer

	command  command
	args     []string            // the command's arguments
	options  map[string]string   // its own options that were given, each as given last
	repeated map[string][]string // the same, each as often as it was given
	load     *loaded             // the settings, for commands that take them
}

// usageError reports a command line or a setting that is wrong.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// run finds the command, reads its flags and settings, and lets it work.
func (c *call) run(ctx context.Context, args, env []string) error {
	if len(args) == 0 {
		writeHelp(c.stderr)
		return usagef("say which command to run")
	}
	name, rest := args[0], args[1:]
	switch name {
	case "-h", "-help", "--help":
		name = helpCommand.name
	case "-version", "--version":
		name = versionCommand.name
	}
	if verbs := verbsOf(name); len(verbs) > 0 {
		if len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
			return usagef("say what about %s: %s", name, strings.Join(verbs, ", "))
		}
		name, rest = name+" "+rest[0], rest[1:]
	}
	found := false
	if c.command, found = findCommand(name); !found {
		return usagef("%q is not a command%s; `concordat help` lists them", name, didYouMean(name, commandNames()))
	}
	given, err := c.parseFlags(rest)
	if err != nil {
		return err
	}
	if _, ok := c.options["--help"]; ok {
		c.command.writeHelp(c.stdout)
		return nil
	}
	if err := c.checkArgs(); err != nil {
		return err
	}
	if c.command.settings {
		if c.load, err = load(given, env); err == nil {
			err = c.load.check()
		}
		if err != nil {
			return &usageError{err}
		}
	}
	return c.command.run(ctx, c)
}

func (c *call) checkArgs() error {
	want := c.command.args
	switch {
	case len(c.args) > len(want):
		return usagef("%s takes no argument %q; usage: %s", c.command.name, c.args[len(want)], c.command.usage())
	case len(c.args) < len(want) && !c.command.optional:
		return usagef("%s needs %s; usage: %s", c.command.name, want[len(c.args)], c.command.usage())
	}
	return nil
}

// parseFlags sorts args into arguments, the command's options and settings.
// Flags may stand before and after arguments; "--" ends them. A switch needs
// no value; every other flag takes it after "=" or as the next argument.
func (c *call) parseFlags(args []string) (given []assignment, err error) {
	c.options, c.repeated = map[string]string{}, map[string][]string{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			c.args = append(c.args, args...)
			break
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			c.args = append(c.args, arg)
			continue
		}
		name, value, hasValue := strings.Cut(arg, "=")
		if name == "-h" || name == "-help" {
			name = "--help"
		}
		isSwitch, known := c.flagKind(name)
		if !known {
			return nil, usagef("%s: unknown flag %s%s", c.command.name, name, didYouMean(name, c.flagNames()))
		}
		switch {
		case hasValue:
		case isSwitch:
			value = "true"
		case len(args) == 0:
			return nil, usagef("%s: flag %s needs a value", c.command.name, name)
		default:
			value, args = args[0], args[1:]
		}
		if c.command.option(name) {
			c.options[name] = value
			c.repeated[name] = append(c.repeated[name], value)
		} else {
			given = append(given, assignment{strings.TrimPrefix(name, "--"), value, "flag " + name})
		}
	}
	return given, nil
}

// flagKind tells whether the command knows a flag, and whether the flag may
// stand without a value.
func (c *call) flagKind(name string) (isSwitch, known bool) {
	for _, o := range c.command.allOptions() {
		if o.name == name {
			return o.value == "", true
		}
	}
	key, long := strings.CutPrefix(name, "--")
	if !long || !c.command.settings {
		return false, false
	}
	if isSourceKey(key) {
		return false, true
	}
	s, known := findSetting(key)
	return known && s.kind.isSwitch, known
}

func (c *call) flagNames() []string {
	var names []string
	for _, o := range c.command.allOptions() {
		names = append(names, o.name)
	}
	if c.command.settings {
		for _, key := range ownKeys() {
			names = append(names, "--"+key)
		}
	}
	return names
}

// allOptions are the command's options and those every command has.
func (c command) allOptions() []option {
	return append([]option{{"--help", "", "say how the command is used"}}, c.options...)
}

func (c command) option(name string) bool {
	for _, o := range c.allOptions() {
		if o.name == name {
			return true
		}
	}
	return false
}

// usage is the command's form in one line.
func (c command) usage() string {
	words := []string{"concordat", c.name}
	for _, arg := range c.args {
		if c.optional {
			arg = "[" + arg + "]"
		}
		words = append(words, arg)
	}
	for _, o := range c.options {
		words = append(words, "["+strings.TrimSpace(o.name+" "+o.value)+"]")
	}
	if c.settings {
		words = append(words, "[--SETTING VALUE]…")
	}
	return strings.Join(words, " ")
}

// verbsOf lists the second words of the commands whose first word is the topic.
func verbsOf(topic string) []string {
	var verbs []string
	for _, c := range commands() {
		if verb, ok := strings.CutPrefix(c.name, topic+" "); ok {
			verbs = append(verbs, verb)
		}
	}
	return verbs
}

func findCommand(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

func commandNames() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// outputOption lets a command answer machines.
var outputOption = option{"-o", "FORMAT", "text or json"}

// wantsJSON reads outputOption.
func (c *call) wantsJSON() (bool, error) {
	switch format, given := c.options[outputOption.name]; {
	case !given, format == "text":
		return false, nil
	case format == "json":
		return true, nil
	default:
		return false, usagef("%s: flag -o: %q is not a format; allowed are text and json", c.command.name, format)
	}
}
