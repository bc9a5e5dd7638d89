package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxConfig is how many bytes a configuration has at most.
const maxConfig = 1 << 20

// ParseConfig reads a configuration from JSON. Type is in lower case then. The error of JSON
// that cannot be read names line and column; that of a key which is unknown, or there twice,
// its path. All are [ErrValidation].
//
// Settings are checked when a storage is made, or by [Validate]: what is missing here may
// come from the environment, see [Config.WithEnv].
func ParseConfig(data []byte) (Config, error) {
	data = bytes.TrimPrefix(data, []byte("\uFEFF"))
	if len(data) > maxConfig {
		return Config{}, fmt.Errorf("%w: a configuration has %d bytes at most", ErrValidation, maxConfig)
	}
	var whole json.RawMessage
	if err := json.Unmarshal(data, &whole); err != nil {
		return Config{}, syntaxError(data, err)
	}
	if at := firstInvalid(data); at >= 0 {
		return Config{}, fmt.Errorf("%w: configuration: %s: this is not UTF-8", ErrValidation, position(data, at))
	}
	return parseConfig(data)
}

// UnmarshalJSON is [ParseConfig], for a configuration that is part of a larger one. Null leaves
// it as it is.
func (c *Config) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	parsed, err := parseConfig(data)
	if err == nil {
		*c = parsed
	}
	return err
}

// LoadConfig is [ParseConfig] of a file. It warns by [slog.Default] if everybody on the
// machine can read a file that has secrets.
func LoadConfig(path string) (Config, error) {
	data, err := readFile(path, maxConfig)
	if err != nil {
		return Config{}, err
	}
	config, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o004 != 0 && config.hasSecrets() {
		slog.Warn("everybody on this machine can read a file that has secrets; chmod 600 it", "file", path)
	}
	return config, nil
}

// readFile returns the content of a file, no more than one byte beyond a limit.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	return io.ReadAll(io.LimitReader(file, limit+1))
}

// syntaxError says where JSON ends to be JSON.
func syntaxError(data []byte, err error) error {
	syntax, ok := errors.AsType[*json.SyntaxError](err)
	if !ok {
		return fmt.Errorf("%w: configuration: %w", ErrValidation, err)
	}
	at := int(syntax.Offset) - 1
	if strings.HasPrefix(syntax.Error(), "unexpected end") {
		at = len(data)
	}
	return fmt.Errorf("%w: configuration: %s: %w", ErrValidation, position(data, at), err)
}

// position returns line:column of a byte, counted from 1, columns in characters.
func position(data []byte, at int) string {
	before := data[:max(0, min(at, len(data)))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("%d:%d", line, column)
}

// firstInvalid returns where data ends to be UTF-8; -1 if it is all.
func firstInvalid(data []byte) int {
	for at := 0; at < len(data); {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// parseConfig reads a configuration from what is known to be JSON.
func parseConfig(data []byte) (Config, error) {
	d := decoder{json: json.NewDecoder(bytes.NewReader(data))}
	d.json.UseNumber()
	value := d.value("")
	object, ok := value.(map[string]any)
	if !ok {
		d.mistakes.add("configuration", `must be an object: {"type": …, "config": {…}}`)
	}
	config := d.config(object, ok)
	if err := d.mistakes.err(config.Type); err != nil {
		return Config{}, err
	}
	return config, nil
}

// decoder reads JSON and finds keys that are there twice.
type decoder struct {
	json     *json.Decoder
	mistakes mistakes
}

// value reads the value at a path.
func (d *decoder) value(path string) any {
	token, err := d.json.Token()
	if err != nil {
		d.mistakes.add(path, "%v", err)
		return nil
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return d.object(path)
		}
		return d.list(path)
	case json.Number:
		return number(token)
	}
	return token
}

func (d *decoder) object(path string) map[string]any {
	object := map[string]any{}
	for d.json.More() {
		token, err := d.json.Token()
		key, isKey := token.(string)
		if err != nil || !isKey {
			d.mistakes.add(path, "no key: %v", err)
			return nil
		}
		full := joined(path, key)
		if _, twice := object[key]; twice {
			d.mistakes.add(full, "is there twice")
		}
		object[key] = d.value(full)
	}
	_, _ = d.json.Token() // the end
	return object
}

func (d *decoder) list(path string) []any {
	list := []any{}
	for d.json.More() {
		list = append(list, d.value(fmt.Sprintf("%s[%d]", path, len(list))))
	}
	_, _ = d.json.Token()
	return list
}

// config makes a configuration of an object.
func (d *decoder) config(object map[string]any, isObject bool) Config {
	var config Config
	for _, key := range slices.Sorted(maps.Keys(object)) {
		switch value := object[key]; key {
		case "type":
			text, ok := value.(string)
			if !ok || text == "" {
				d.mistakes.add("type", "must be the type of a storage: %s", knownTypes())
			}
			config.Type = strings.ToLower(text)
		case "config":
			settings, ok := value.(map[string]any)
			if !ok && value != nil {
				d.mistakes.add("config", "must be an object with settings")
			}
			config.Settings = settings
		default:
			d.mistakes.add(joined("", key), "unknown key; %s", misplaced(key, object["type"]))
		}
	}
	if _, has := object["type"]; !has && isObject {
		d.mistakes.add("type", "is required: one of %s", knownTypes())
	}
	return config
}

// misplaced says what a key besides type and config may have been meant for.
func misplaced(key string, typ any) string {
	text, _ := typ.(string)
	d, _ := driver(text)
	if _, known := d.setting(key); known || d.members(key) != nil {
		return "write it within config"
	}
	return hint(key, []string{"type", "config"})
}

func knownTypes() string {
	var list []string
	for _, d := range Drivers() {
		list = append(list, d.Type)
	}
	return strings.Join(list, ", ")
}

// Validate returns what is wrong with a configuration, as [New] does, without making a
// storage of it: what settings mean together, and whether there is a server, is left to
// [Open].
func Validate(config Config) error {
	d, err := driver(config.Type)
	if err != nil {
		return err
	}
	_, err = d.Check(config.Settings)
	return err
}
