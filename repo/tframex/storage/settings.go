package storage

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// SettingError is one mistake in a configuration. It is an [ErrValidation], and has no value
// of a setting that is secret.
type SettingError struct {
	// Path names what is wrong as it was given: "config.ttl.sessions" in a
	// configuration, "TFRAMEX_STORAGE_TTL_SESSIONS" in the environment, "ttl.sessions"
	// in a URL.
	Path string
	// Reason says what is wrong, and what has to be there.
	Reason string
}

func (e *SettingError) Error() string { return e.Path + ": " + e.Reason }

// Unwrap returns [ErrValidation].
func (e *SettingError) Unwrap() error { return ErrValidation }

// ConfigError is all that is wrong with a configuration. It is an [ErrValidation].
type ConfigError struct {
	Type     string          // of the storage, "" if it is not known
	Mistakes []*SettingError // sorted by path
}

func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString(ErrValidation.Error() + ": ")
	if e.Type != "" {
		b.WriteString("storage " + e.Type + ": ")
	}
	for i, mistake := range e.Mistakes {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(mistake.Error())
	}
	return b.String()
}

// Unwrap returns the mistakes.
func (e *ConfigError) Unwrap() []error {
	list := make([]error, len(e.Mistakes))
	for i, mistake := range e.Mistakes {
		list[i] = mistake
	}
	return list
}

// mistakes are those found so far.
type mistakes []*SettingError

func (m *mistakes) add(path, format string, args ...any) {
	*m = append(*m, &SettingError{path, fmt.Sprintf(format, args...)})
}

// err returns all of them as an error; nil if there are none.
func (m mistakes) err(typ string) error {
	if len(m) == 0 {
		return nil
	}
	slices.SortFunc(m, func(a, b *SettingError) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Reason, b.Reason))
	})
	return &ConfigError{typ, m}
}

// Check returns the values of settings, with the defaults of those that are left out or nil.
// The error is a [*ConfigError] that has all mistakes: a key that there is not, a value of
// another type, one out of bounds, one that is required.
//
// Settings are as JSON has them, nested by path: {"ttl": {"sessions": 3600}}. Nothing is
// converted, except that numbers may be of any type of Go, seconds a [time.Duration], and
// lists a []string.
func (d Driver) Check(settings map[string]any) (Values, error) {
	c := checker{driver: d, values: Values{}, given: map[string]bool{}}
	c.object("", settings)
	for _, s := range d.Settings {
		switch {
		case c.given[s.Path]:
		case s.Default != nil:
			c.values[s.Path] = copied(s.Default)
		case s.Required:
			c.mistakes.add(inConfig+s.Path, required)
		}
	}
	if err := c.mistakes.err(d.Type); err != nil {
		return nil, err
	}
	return c.values, nil
}

// inConfig is what paths of settings begin with in errors.
const inConfig = "config."

const required = "is required"

// checker goes through the settings that are given.
type checker struct {
	driver   Driver
	values   Values
	given    map[string]bool // those that have a value, right or wrong
	mistakes mistakes
}

func (c *checker) object(path string, object map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		full := joined(path, key)
		value := object[key]
		s, known := c.driver.setting(full)
		members := c.driver.members(full)
		switch {
		case strings.Contains(key, ".") && (known || members != nil):
			c.mistakes.add(inConfig+full, "write nested objects, not a key with a dot")
			c.given[full] = true
		case known && value != nil:
			c.setting(s, value)
		case members != nil && value != nil:
			if inner, ok := objectOf(value); ok {
				c.object(full, inner)
			} else {
				c.mistakes.add(inConfig+full, "must be an object with %s", strings.Join(members, ", "))
			}
		case !known && members == nil:
			c.mistakes.add(inConfig+full, "unknown key; %s", hint(full, c.driver.paths()))
		}
	}
}

func (c *checker) setting(s Setting, given any) {
	c.given[s.Path] = true
	value, reason := s.value(given)
	if reason != "" {
		c.mistakes.add(inConfig+s.Path, "%s", reason)
		return
	}
	c.values[s.Path] = value
}

// joined returns the path of a key within an object.
func joined(path, key string) string {
	if !keyName.MatchString(key) {
		key = fmt.Sprintf("%.40q", key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// keyName is what keys look like that are shown as they are.
var keyName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,80}$`)

// objectOf returns a map with keys of text as JSON would have it.
func objectOf(v any) (map[string]any, bool) {
	if object, ok := v.(map[string]any); ok {
		return object, true
	}
	r := reflect.ValueOf(v)
	if r.Kind() != reflect.Map || r.Type().Key().Kind() != reflect.String {
		return nil, false
	}
	object := make(map[string]any, r.Len())
	for key, value := range r.Seq2() {
		object[key.String()] = value.Interface()
	}
	return object, true
}

// setting returns the setting with a path.
func (d Driver) setting(path string) (Setting, bool) {
	i := slices.IndexFunc(d.Settings, func(s Setting) bool { return s.Path == path })
	if i < 0 {
		return Setting{}, false
	}
	return d.Settings[i], true
}

// paths returns those of all settings.
func (d Driver) paths() []string {
	list := make([]string, len(d.Settings))
	for i, s := range d.Settings {
		list[i] = s.Path
	}
	return list
}

// members returns the paths of the settings in the object with a path, relative to it; nil
// if there is no such object.
func (d Driver) members(path string) []string {
	var list []string
	for _, s := range d.Settings {
		if rest, ok := strings.CutPrefix(s.Path, path+"."); ok {
			list = append(list, rest)
		}
	}
	return list
}

// settingPath is what paths of settings look like.
var settingPath = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)

// declared returns what is wrong with the settings that a driver declares.
func (d Driver) declared() error {
	names := map[string]string{envName("TYPE"): "the type"}
	for _, s := range d.Settings {
		if !settingPath.MatchString(s.Path) {
			return fmt.Errorf("setting %q: a path is names of a-z, 0-9 and _, joined by dots", s.Path)
		}
		if other, taken := names[envName(s.Path)]; taken {
			return fmt.Errorf("setting %q: %s is also the variable of %s", s.Path, envName(s.Path), other)
		}
		names[envName(s.Path)] = strconv.Quote(s.Path)
		if d.members(s.Path) != nil {
			return fmt.Errorf("setting %q: others are within it", s.Path)
		}
		if !slices.Contains([]Kind{Text, Integer, Number, Flag, Texts, Seconds}, s.Kind) {
			return fmt.Errorf("setting %q: there is no kind %q", s.Path, s.Kind)
		}
		if s.Default == nil {
			continue
		}
		if value, reason := s.value(s.Default); reason != "" || reflect.TypeOf(value) != reflect.TypeOf(s.Default) {
			return fmt.Errorf("setting %q: the default is a %T that it cannot have, of kind %s %s", s.Path, s.Default, s.Kind, reason)
		}
	}
	return nil
}
