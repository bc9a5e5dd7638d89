package storage

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// EnvPrefix is what names of variables begin with, unless another prefix is given.
const EnvPrefix = "TFRAMEX_STORAGE_"

// maxSecretFile is how many bytes a file with a secret has at most.
const maxSecretFile = 64 << 10

// ConfigFromEnv reads a configuration from variables of the environment: that with the name
// prefix + "TYPE" is its type, the others are its settings, in capitals, with _ for dots:
//
//	TFRAMEX_STORAGE_TYPE=redis
//	TFRAMEX_STORAGE_HOST=redis.internal
//	TFRAMEX_STORAGE_TTL_SESSIONS=3600
//	TFRAMEX_STORAGE_PASSWORD_FILE=/run/secrets/redis
//
// prefix "" is [EnvPrefix]; an _ at its end may be left out. Seconds may have a unit, "90s"
// or "1h30m"; lists are separated by commas; flags are true, false, 1 or 0. A secret may be
// in a file, that the variable with _FILE behind its name has the path of; a line end at the
// end of the file does not count. A variable that is empty is as one that is not set.
//
// A variable with the prefix that is of no setting is a mistake, and so is a value that the
// setting cannot have: the error is a [*ConfigError] that names all, by variable. What is
// required is checked when a storage is made, or by [Validate].
func ConfigFromEnv(prefix string) (Config, error) { return Config{}.WithEnv(prefix) }

// WithEnv returns the configuration with what variables of the environment say, in place of
// what it says itself; see [ConfigFromEnv]. So the order is: the environment, then the
// configuration, then defaults. The type can be in both only if it is the same: a setting of
// one type means nothing in another.
func (c Config) WithEnv(prefix string) (Config, error) {
	prefix = strings.TrimSuffix(prefix, "_") + "_"
	if prefix == "_" {
		prefix = EnvPrefix
	}
	vars := map[string]string{}
	for _, entry := range os.Environ() {
		name, value, _ := strings.Cut(entry, "=")
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			vars[rest] = value
		}
	}
	return c.withVars(prefix, vars)
}

// withVars is WithEnv of variables whose names are without the prefix.
func (c Config) withVars(prefix string, vars map[string]string) (Config, error) {
	typ := strings.ToLower(vars["TYPE"])
	delete(vars, "TYPE")
	var found mistakes
	switch {
	case typ == "" && c.Type == "":
		found.add(prefix+"TYPE", "is required: one of %s", knownTypes())
	case typ != "" && c.Type != "" && !strings.EqualFold(typ, c.Type):
		found.add(prefix+"TYPE", "is %.40q, and the configuration is one of type %.40q", typ, c.Type)
	case typ != "" && !Available(typ):
		found.add(prefix+"TYPE", "there is no storage of type %.40q; known are: %s", typ, knownTypes())
	}
	if err := found.err(""); err != nil {
		return Config{}, err
	}
	if typ == "" {
		typ = strings.ToLower(c.Type)
	}
	d, err := driver(typ)
	if err != nil {
		return Config{}, err
	}
	config := Config{Type: typ, Settings: cloned(c.Settings)}
	e := environment{driver: d, prefix: prefix, vars: vars}
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if s, text, ok := e.variable(name); ok {
			e.set(config.Settings, s, name, text)
		}
	}
	if err := e.mistakes.err(d.Type); err != nil {
		return Config{}, err
	}
	return config, nil
}

// environment is what variables say about the settings of a driver.
type environment struct {
	driver   Driver
	prefix   string
	vars     map[string]string
	mistakes mistakes
}

// variable returns the setting that a variable is of, and its text; false if it says nothing,
// or is a mistake.
func (e *environment) variable(name string) (s Setting, text string, ok bool) {
	if s, ok := e.setting(name); ok {
		return s, e.vars[name], e.vars[name] != ""
	}
	bare, isFile := strings.CutSuffix(name, "_FILE")
	s, known := e.setting(bare)
	switch {
	case !isFile || !known || !s.Secret:
		e.mistakes.add(e.prefix+name, "unknown variable; %s", hint(e.prefix+name, e.names()))
	case e.vars[name] == "":
	case e.vars[bare] != "":
		e.mistakes.add(e.prefix+name, "%s is set as well", e.prefix+bare)
	default:
		text, err := secretFile(e.vars[name])
		if err != nil {
			e.mistakes.add(e.prefix+name, "%v", err)
		}
		return s, text, err == nil
	}
	return Setting{}, "", false
}

// set puts the value of a text into settings.
func (e *environment) set(settings map[string]any, s Setting, name, text string) {
	value, reason := s.value(s.parse(text))
	if reason != "" {
		e.mistakes.add(e.prefix+name, "%s", reason)
		return
	}
	put(settings, s.Path, value)
}

func (e *environment) setting(name string) (Setting, bool) {
	i := slices.IndexFunc(e.driver.Settings, func(s Setting) bool { return envName(s.Path) == name })
	if i < 0 {
		return Setting{}, false
	}
	return e.driver.Settings[i], true
}

// names returns those of all variables.
func (e *environment) names() []string {
	list := []string{e.prefix + "TYPE"}
	for _, s := range e.driver.Settings {
		list = append(list, e.prefix+envName(s.Path))
	}
	return list
}

// envName returns the name of the variable of a setting, without the prefix.
func envName(path string) string {
	return strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// secretFile reads a secret.
func secretFile(path string) (string, error) {
	data, err := readFile(path, maxSecretFile)
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(data), "\r\n")
	if text == "" || len(text) > maxSecretFile {
		return "", fmt.Errorf("%s is empty, or larger than a secret can be, %d bytes", path, maxSecretFile)
	}
	return text, nil
}

// cloned returns settings that share no object with those that are given.
func cloned(settings map[string]any) map[string]any {
	clone := make(map[string]any, len(settings))
	for key, value := range settings {
		if inner, ok := objectOf(value); ok {
			value = cloned(inner)
		}
		clone[key] = value
	}
	return clone
}
