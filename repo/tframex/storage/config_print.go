package storage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"
)

// String returns the type and the settings, as JSON in the order of the documentation.
// Values that are secret are hidden, and all of which it is not known whether they are.
func (c Config) String() string {
	return fmt.Sprintf("storage.Config{%s %s}", c.Type, c.settings())
}

// Format writes String for every verb, so that none shows a secret.
func (c Config) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		_, _ = fmt.Fprintf(f, "%q", c.String())
		return
	}
	_, _ = io.WriteString(f, c.String())
}

// LogValue returns for slog what String does.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// MarshalJSON returns the form that [ParseConfig] reads, with values hidden as in String:
// secrets have to be put in again before it can be used.
func (c Config) MarshalJSON() ([]byte, error) {
	typ, err := json.Marshal(c.Type)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, `{"type":%s,"config":%s}`, typ, c.settings()), nil
}

// settings returns those of a configuration as JSON without secrets.
func (c Config) settings() string {
	d, err := driver(c.Type)
	p := printer{driver: d, known: err == nil}
	p.object("", c.Settings)
	return p.String()
}

// printer writes settings.
type printer struct {
	bytes.Buffer
	driver Driver
	known  bool // whether the driver is
}

func (p *printer) object(path string, object map[string]any) {
	keys := slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.rank(joined(path, a)), p.rank(joined(path, b))), strings.Compare(a, b))
	})
	p.WriteByte('{')
	for i, key := range keys {
		if i > 0 {
			p.WriteByte(',')
		}
		p.json(key)
		p.WriteByte(':')
		p.value(joined(path, key), object[key])
	}
	p.WriteByte('}')
}

func (p *printer) value(path string, value any) {
	s, isSetting := p.driver.setting(path)
	inner, isObject := objectOf(value)
	switch {
	case value == nil:
		p.json(nil)
	case isSetting:
		p.json(s.printed(value))
	case isObject && (!p.known || p.driver.members(path) != nil):
		p.object(path, inner)
	default:
		p.json(hidden)
	}
}

func (p *printer) json(value any) {
	data, err := json.Marshal(value)
	if err != nil {
		data = []byte(`"` + hidden + `"`)
	}
	p.Write(data)
}

// rank returns where a path is in the order of the settings.
func (p *printer) rank(path string) int {
	rank := slices.IndexFunc(p.driver.Settings, func(s Setting) bool {
		return s.Path == path || strings.HasPrefix(s.Path, path+".")
	})
	if rank < 0 {
		return len(p.driver.Settings)
	}
	return rank
}

// printed returns what is shown of a value.
func (s Setting) printed(given any) any {
	value, reason := s.value(given)
	if s.Secret || reason != "" {
		return hidden
	}
	switch value := value.(type) {
	case string:
		if carriesPassword(value) {
			return hidden
		}
	case []string:
		if slices.ContainsFunc(value, carriesPassword) {
			return hidden
		}
	}
	return plainSetting(value)
}

// plainSetting returns a value of [Values] as JSON has it: seconds as a number.
func plainSetting(value any) any {
	d, ok := value.(time.Duration)
	switch {
	case !ok:
		return value
	case d%time.Second == 0:
		return int64(d / time.Second)
	}
	return d.Seconds()
}

// hasSecrets tells whether a secret has a value.
func (c Config) hasSecrets() bool {
	d, err := driver(c.Type)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(d.Settings, func(s Setting) bool {
		value, given := find(c.Settings, s.Path)
		return s.Secret && given && value != ""
	})
}

// find returns the value at a path; nil is none.
func find(settings map[string]any, path string) (value any, ok bool) {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		return settings[first], settings[first] != nil
	}
	inner, _ := objectOf(settings[first])
	return find(inner, rest)
}

// put sets the value at a path of settings that are the caller's own. What stands where an
// object has to be stays, for Check to refuse.
func put(settings map[string]any, path string, value any) {
	first, rest, more := strings.Cut(path, ".")
	if !more {
		settings[first] = value
		return
	}
	if settings[first] == nil {
		settings[first] = map[string]any{}
	}
	if inner, ok := settings[first].(map[string]any); ok {
		put(inner, rest, value)
	}
}

// String returns the paths of the settings that have a value, without the values, since some
// are secret.
func (v Values) String() string {
	return "storage.Values{" + strings.Join(slices.Sorted(maps.Keys(v)), " ") + "}"
}

// Format writes String for every verb.
func (v Values) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, v.String()) }

// LogValue returns for slog what String does.
func (v Values) LogValue() slog.Value { return slog.StringValue(v.String()) }

// MarshalJSON returns what String does.
func (v Values) MarshalJSON() ([]byte, error) { return json.Marshal(v.String()) }
