package storage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestParseConfig(t *testing.T) {
	for text, want := range map[string]storage.Config{
		`{"type": "Shelf", "config": {"path": "p", "port": 80, "slope": 0.5, "ttl": {"sessions": 60}, "labels": ["x"]}}`: {
			Type: "shelf",
			Settings: map[string]any{
				"path": "p", "port": int64(80), "slope": 0.5,
				"ttl": map[string]any{"sessions": int64(60)}, "labels": []any{"x"},
			},
		},
		"\uFEFF {\"type\":\"redis\",\n\"config\":null}\n": {Type: "redis"},
		`{"type":"redis"}`: {Type: "redis"},
		`{"type":"redis","config":{"password":null,"n":{}}}`: {Type: "redis", Settings: map[string]any{"password": nil, "n": map[string]any{}}},
	} {
		got, err := storage.ParseConfig([]byte(text))
		if err != nil || !reflect.DeepEqual(map[string]any(got.Settings), want.Settings) || got.Type != want.Type {
			t.Errorf("%s: %#v %q, %v", text, map[string]any(got.Settings), got.Type, err)
		}
		var part struct{ Storage storage.Config }
		err = json.Unmarshal([]byte(`{"Storage": `+strings.TrimPrefix(text, "\uFEFF")+`}`), &part)
		if err != nil || !reflect.DeepEqual(part.Storage, got) {
			t.Errorf("%s as a part: %v, %v", text, part.Storage, err)
		}
	}
}

func TestConfigThatIsNull(t *testing.T) {
	part := struct{ Storage storage.Config }{storage.Config{Type: "shelf"}}
	if err := json.Unmarshal([]byte(`{"Storage": null}`), &part); err != nil || part.Storage.Type != "shelf" {
		t.Errorf("%v, %v", part.Storage, err)
	}
	err := json.Unmarshal([]byte(`{"Storage": {"type": "shelf", "host": "h"}}`), &part)
	wantMistakes(t, "a part", err, "host: unknown key; write it within config")
}

func TestParseConfigNamesEachMistake(t *testing.T) {
	for text, want := range map[string][]string{
		`{}`:                             {`type: is required: one of ` + known()},
		`{"type": null}`:                 {`type: must be the type of a storage: ` + known()},
		`{"type": ""}`:                   {`type: must be the type of a storage: ` + known()},
		`{"type": 5, "config": []}`:      {`config: must be an object with settings`, `type: must be the type of a storage: ` + known()},
		`{"Type": "shelf"}`:              {`Type: unknown key; did you mean type?`, `type: is required: one of ` + known()},
		`{"type": "shelf", "confg": {}}`: {`confg: unknown key; did you mean config?`},
		`{"type": "shelf", "port": 1}`:   {`port: unknown key; write it within config`},
		`{"type": "SHELF", "ttl": {}}`:   {`ttl: unknown key; write it within config`},
		`{"type": "x", "port": 1}`:       {`port: unknown key; there are config, type`},
		`[]`:                             {`configuration: must be an object: {"type": …, "config": {…}}`},
		`null`:                           {`configuration: must be an object: {"type": …, "config": {…}}`},
		`"hunter2"`:                      {`configuration: must be an object: {"type": …, "config": {…}}`},
		`{"type": "shelf", "type": "x"}`: {`type: is there twice`},
		`{"type": "x", "config": {"password": "hunter2", "password": "hunter2", "ttl": {"a": 1, "a": 2}}}`: {`config.password: is there twice`, `config.ttl.a: is there twice`},
		`{"type": "x", "config": {"a": [{"b": 1, "b": 2}]}}`:                                               {`config.a[0].b: is there twice`},
	} {
		_, err := storage.ParseConfig([]byte(text))
		wantMistakes(t, text, err, want...)
	}
}

func TestParseConfigSaysWhere(t *testing.T) {
	for text, want := range map[string]string{
		"":                                         "configuration: 1:1: unexpected end",
		"{\n  \"type\": \"shelf\",\n}":             "configuration: 3:1: invalid character '}'",
		"{\"type\": \"shelf\"} x":                  "configuration: 1:19: invalid character 'x' after top-level value",
		"{\"type\": \"shelf\"}{}":                  "configuration: 1:18: invalid character '{' after top-level value",
		"{\"type\": \"shelf\"":                     "configuration: 1:17: unexpected end",
		"{\"тип\": hunter2}":                       "configuration: 1:9: invalid character 'h'",
		"{\"type\":\n// shelf\n\"shelf\"}":         "configuration: 2:1: invalid character '/'",
		"{\"type\": \"shelf\",\n \"c\": \"\xff\"}": "configuration: 2:8: this is not UTF-8",
		strings.Repeat(" ", 1<<20) + "{}":          "a configuration has 1048576 bytes at most",
	} {
		_, err := storage.ParseConfig([]byte(text))
		if !errors.Is(err, storage.ErrValidation) || !strings.HasPrefix(err.Error(), "not valid: "+want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%.60q: %v; want %s", text, err, want)
		}
	}
}

// write makes a file and returns its path.
func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// logged returns what f writes to the log of the process.
func logged(t *testing.T, f func()) string {
	t.Helper()
	var log bytes.Buffer
	before := slog.Default()
	defer slog.SetDefault(before)
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	f()
	return log.String()
}

func TestLoadConfig(t *testing.T) {
	const open, locked = `{"type": "shelf", "config": {"path": "p"}}`, `{"type": "shelf", "config": {"path": "p", "password": "hunter2"}}`
	for _, c := range []struct {
		text  string
		mode  os.FileMode
		warns bool
	}{{open, 0o644, false}, {locked, 0o600, false}, {locked, 0o640, false}, {locked, 0o644, true}} {
		path := write(t, "storage.json", c.text, c.mode)
		log := logged(t, func() {
			config, err := storage.LoadConfig(path)
			if err != nil || config.Settings["path"] != "p" {
				t.Errorf("%v, %v", config, err)
			}
		})
		if warned := strings.Contains(log, "level=WARN") && strings.Contains(log, path); warned != c.warns || strings.Contains(log, secret) {
			t.Errorf("%s with mode %o: logged %q", c.text, c.mode, log)
		}
	}
	if _, err := storage.LoadConfig(filepath.Join(t.TempDir(), "none.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
	if _, err := storage.LoadConfig(write(t, "large.json", strings.Repeat(" ", 1<<21), 0o600)); !errors.Is(err, storage.ErrValidation) {
		t.Errorf("of a large file: %v", err)
	}
	path := write(t, "broken.json", `{"type": shelf}`, 0o600)
	if _, err := storage.LoadConfig(path); !errors.Is(err, storage.ErrValidation) || !strings.HasPrefix(err.Error(), path+": ") {
		t.Errorf("of a broken file: %v", err)
	}
}

func TestConfigHidesSecrets(t *testing.T) {
	type name string
	config := storage.Config{Type: "Shelf", Settings: map[string]any{
		"password": secret, "pin": secret, "pasword": secret, "nested": map[string]any{"x": secret}, "url": "redis://me:" + secret + "@host",
		"port": secret, "ttl": map[string]any{"x": secret, "sessions": 90 * time.Second, "temp_data": 1500 * time.Millisecond},
		"host": name("h"), "ssl": nil, "path": "p", "labels": []string{"https://host/?key=" + secret}, "colours": []any{"red"},
	}}
	const settings = `{"path":"p","host":"h","port":"(hidden)","password":"(hidden)","pin":"(hidden)","ssl":null,"labels":"(hidden)",` +
		`"colours":["red"],"ttl":{"sessions":90,"temp_data":1.5,"x":"(hidden)"},"url":"(hidden)","nested":"(hidden)","pasword":"(hidden)"}`
	if want := "storage.Config{Shelf " + settings + "}"; config.String() != want {
		t.Errorf(" got %s\nwant %s", config, want)
	}
	if data, err := json.Marshal(config); err != nil || string(data) != `{"type":"Shelf","config":`+settings+`}` {
		t.Errorf("JSON: %s, %v", data, err)
	}
	unknown := storage.Config{Type: "drawer", Settings: map[string]any{"host": secret, "ttl": map[string]any{"sessions": secret}}}
	if want := `storage.Config{drawer {"host":"(hidden)","ttl":{"sessions":"(hidden)"}}}`; unknown.String() != want {
		t.Errorf("of an unknown type: %s", unknown)
	}
	values, err := shelf.Check(map[string]any{"path": "p", "password": secret})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{config, &config, unknown, values, []any{config, values}, struct{ C storage.Config }{config}, map[string]storage.Values{"v": values}} {
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("JSON", "v", v)
		data, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%T: %v", v, err)
		}
		for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %x %d", v, v, v, v, v, v, v), fmt.Sprint(v), string(data), log.String()} {
			if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%T: %s", v, text)
			}
		}
	}
}

// TestConfigRoundTrip has a configuration without secrets mean the same when it is read again.
func TestConfigRoundTrip(t *testing.T) {
	config := storage.Config{Type: "shelf", Settings: map[string]any{"path": "p", "ttl": map[string]any{"sessions": 90 * time.Second}, "slope": 0.25}}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	again, err := storage.ParseConfig(data)
	if err != nil {
		t.Fatal(err)
	}
	want, err := shelf.Check(config.Settings)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := shelf.Check(again.Settings); err != nil || !reflect.DeepEqual(map[string]any(got), map[string]any(want)) {
		t.Errorf("%s: %v", data, err)
	}
	hidden, err := json.Marshal(storage.Config{Type: "shelf", Settings: map[string]any{"path": "p", "password": secret}})
	if err != nil {
		t.Fatal(err)
	}
	if again, err = storage.ParseConfig(hidden); err != nil {
		t.Fatal(err)
	}
	if err := storage.Validate(again); !errors.Is(err, storage.ErrValidation) {
		t.Errorf("what was hidden is taken for a password: %v", err)
	}
}

func TestValidate(t *testing.T) {
	if err := storage.Validate(storage.Config{Type: "SHELF", Settings: map[string]any{"path": "p"}}); err != nil {
		t.Error(err)
	}
	wantMistakes(t, "no path", storage.Validate(storage.Config{Type: "shelf"}), "config.path: is required")
	if err := storage.Validate(storage.Config{Type: "drawer"}); !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), "known are: "+known()) {
		t.Errorf("%v", err)
	}
}
