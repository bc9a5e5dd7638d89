package storage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Driver makes storages of one type. Packages of backends register theirs when they are
// imported.
type Driver struct {
	// Type is the name of the backend, in lower case.
	Type string
	// Summary says in a line what it is.
	Summary string
	// Settings are all keys of its configuration.
	Settings []Setting
	// Open returns a storage that is not connected yet. Values are checked against
	// Settings; an error is about what they mean together.
	Open func(Values) (Storage, error)
}

// Setting is a key of a configuration.
type Setting struct {
	// Path is the key, those of objects joined by dots: "ttl.sessions".
	Path string
	// Kind is the type of its value.
	Kind Kind
	// Default is the value if the key is left out or null: as Values returns it, nil if
	// there is none.
	Default any
	// Required keys cannot be left out.
	Required bool
	// Secret values are in no error, no log and no output.
	Secret bool
	// Min and Max are the bounds of a number, in its unit; both 0: none.
	Min, Max float64
	// Choices are the values that a text can have; nil: any.
	Choices []string
	// Unit is that of a number: "seconds".
	Unit string
	// Doc says what it is for, as a sentence.
	Doc string
}

// Kind is the type of a setting.
type Kind string

// The types of settings.
const (
	Text    Kind = "text"
	Integer Kind = "integer"
	Number  Kind = "number"  // a float64
	Flag    Kind = "flag"    // true or false
	Texts   Kind = "list"    // of text; from the environment, separated by commas
	Seconds Kind = "seconds" // a number in JSON, of seconds; a time.Duration in Values
)

// Values are the checked settings of a storage, by path. Those without value and default
// are not there. The methods return the zero value for them.
type Values map[string]any

// Has tells whether a setting has a value.
func (v Values) Has(path string) bool { return v[path] != nil }

// Text returns a setting of kind [Text].
func (v Values) Text(path string) string { return of[string](v, path) }

// Int returns a setting of kind [Integer].
func (v Values) Int(path string) int64 { return of[int64](v, path) }

// Number returns a setting of kind [Number].
func (v Values) Number(path string) float64 { return of[float64](v, path) }

// Flag returns a setting of kind [Flag].
func (v Values) Flag(path string) bool { return of[bool](v, path) }

// Texts returns a setting of kind [Texts].
func (v Values) Texts(path string) []string { return of[[]string](v, path) }

// Seconds returns a setting of kind [Seconds].
func (v Values) Seconds(path string) time.Duration { return of[time.Duration](v, path) }

func of[T any](v Values, path string) T {
	value, _ := v[path].(T)
	return value
}

var (
	driversMu sync.RWMutex
	drivers   = map[string]Driver{}
)

// Register makes a backend known by its type. It panics if there is one of that type, or if
// its settings cannot be: one whose default it does not take itself, two with one path. It is
// called when the program starts.
func Register(d Driver) {
	driversMu.Lock()
	defer driversMu.Unlock()
	name := strings.ToLower(d.Type)
	if _, taken := drivers[name]; taken || name == "" || d.Open == nil {
		panic(fmt.Sprintf("storage: Register: type %q is registered already, or has no name or no Open", d.Type))
	}
	if err := d.declared(); err != nil {
		panic(fmt.Sprintf("storage: Register: type %q: %v", d.Type, err))
	}
	drivers[name] = d
}

// Drivers returns the backends that are known, sorted by type.
func Drivers() []Driver {
	driversMu.RLock()
	defer driversMu.RUnlock()
	return slices.SortedFunc(maps.Values(drivers), func(a, b Driver) int { return strings.Compare(a.Type, b.Type) })
}

// Available tells whether a backend of that type, in any case, is known.
func Available(typ string) bool {
	_, err := driver(typ)
	return err == nil
}

func driver(typ string) (Driver, error) {
	driversMu.RLock()
	defer driversMu.RUnlock()
	d, ok := drivers[strings.ToLower(typ)]
	if !ok {
		known := strings.Join(slices.Sorted(maps.Keys(drivers)), ", ")
		return Driver{}, fmt.Errorf("%w: no storage of type %q; known are: %s. Import the package of the backend", ErrValidation, typ, known)
	}
	return d, nil
}

// Config says which storage is meant, and how it is configured: the form of JSON is
//
//	{"type": "redis", "config": {"host": "localhost", "ttl": {"sessions": 3600}}}
type Config struct {
	Type     string         `json:"type"`
	Settings map[string]any `json:"config"`
}

// Open returns the storage of a configuration, initialized. The error of a configuration
// that cannot be is [ErrValidation], and names each key that is wrong, by its path.
func Open(ctx context.Context, config Config) (Storage, error) {
	s, err := New(config)
	if err != nil {
		return nil, err
	}
	if err := s.Initialize(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// New is [Open] without connecting: Initialize does that.
func New(config Config) (Storage, error) {
	d, err := driver(config.Type)
	if err != nil {
		return nil, err
	}
	values, err := d.Check(config.Settings)
	if err != nil {
		return nil, err
	}
	s, err := d.Open(values)
	if err != nil {
		return nil, err // and no interface around a pointer that is nil
	}
	return s, nil
}
