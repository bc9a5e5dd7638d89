package storage_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestCheckTakesWhatGoHas(t *testing.T) {
	type name string
	for _, c := range []struct {
		path  string
		given any
		want  any
	}{
		{"port", 80, int64(80)},
		{"port", uint16(80), int64(80)},
		{"port", 80.0, int64(80)},
		{"port", json.Number("80"), int64(80)},
		{"slope", 1, 1.0},
		{"slope", float32(0.25), 0.25},
		{"host", name("shelf.example"), "shelf.example"},
		{"ssl", true, true},
		{"labels", []string{"x"}, []string{"x"}},
		{"labels", []any{"x", "y"}, []string{"x", "y"}},
		{"labels", []string{}, []string{}},
		{"ttl", map[string]any{"sessions": 60}, time.Minute},
		{"ttl", map[string]int{"sessions": 60}, time.Minute},
		{"ttl", map[string]any{"sessions": 1.5}, 1500 * time.Millisecond},
		{"ttl", map[string]time.Duration{"sessions": time.Minute}, time.Minute},
	} {
		path := c.path
		if path == "ttl" {
			path = "ttl.sessions"
		}
		values, err := shelf.Check(map[string]any{"path": "p", c.path: c.given})
		if err != nil || !reflect.DeepEqual(values[path], c.want) {
			t.Errorf("%s of %#v: %#v, %v; want %#v", path, c.given, values[path], err, c.want)
		}
	}
}

func TestCheckFillsInDefaults(t *testing.T) {
	values, err := shelf.Check(map[string]any{"path": "p", "port": nil, "password": nil, "ttl": nil})
	if err != nil {
		t.Fatal(err)
	}
	if values.Text("path") != "p" || values.Int("port") != 6379 || values.Seconds("ttl.sessions") != time.Hour || values.Number("slope") != 0.5 {
		t.Errorf("%#v", map[string]any(values))
	}
	if values.Has("password") || values.Has("url") || !values.Has("ssl") || values.Flag("ssl") {
		t.Errorf("%v", values)
	}
	values.Texts("labels")[0] = "changed"
	again, err := shelf.Check(map[string]any{"path": "p"})
	if err != nil || !slices.Equal(again.Texts("labels"), []string{"a", "b"}) {
		t.Errorf("the default is shared: %v, %v", again.Texts("labels"), err)
	}
}

// secret is the value of secrets in these tests; no error and no output has it.
const secret = "hunter2"

func TestCheckNamesEachMistake(t *testing.T) {
	for _, c := range []struct {
		settings string
		want     string // of the only mistake, path and reason
	}{
		{`{}`, `config.path: is required`},
		{`{"path": null}`, `config.path: is required`},
		{`{"path": ""}`, `config.path: is required`},
		{`{"path": 5}`, `config.path: 5: must be text`},
		{`{"path": ["p"]}`, `config.path: a list: must be text`},
		{`{"path": "p", "port": "80"}`, `config.port: "80": must be a whole number`},
		{`{"path": "p", "port": 80.5}`, `config.port: 80.5: must be a whole number`},
		{`{"path": "p", "port": true}`, `config.port: true: must be a whole number`},
		{`{"path": "p", "port": 0}`, `config.port: 0: must be at least 1`},
		{`{"path": "p", "port": 65536}`, `config.port: 65536: must be at most 65535`},
		{`{"path": "p", "port": 99999999999999999999}`, `config.port: 99999999999999999999: is too large`},
		{`{"path": "p", "port": 1e400}`, `config.port: 1e400: must be a whole number`},
		{`{"path": "p", "port": {"a": "hunter2"}}`, `config.port: an object: must be a whole number`},
		{`{"path": "p", "ssl": "true"}`, `config.ssl: "true": must be true or false`},
		{`{"path": "p", "ssl": 1}`, `config.ssl: 1: must be true or false`},
		{`{"path": "p", "boards": 0}`, `config.boards: 0: must be at least 1 board`},
		{`{"path": "p", "slope": 1.5}`, `config.slope: 1.5: must be at most 1`},
		{`{"path": "p", "slope": "steep"}`, `config.slope: "steep": must be a number`},
		{`{"path": "p", "mode": "Prefer"}`, `config.mode: "Prefer": must be one of disable, prefer, require`},
		{`{"path": "p", "labels": "a"}`, `config.labels: "a": must be a list of texts`},
		{`{"path": "p", "labels": ["a", 1]}`, `config.labels: a list: must be a list of texts, and number 2 is none`},
		{`{"path": "p", "labels": [null]}`, `config.labels: a list: must be a list of texts, and number 1 is none`},
		{`{"path": "p", "labels": ["a", ""]}`, `config.labels: a list: number 2 is empty`},
		{`{"path": "p", "colours": ["red", "green"]}`, `config.colours: a list: must be one of red, blue`},
		{`{"path": "p", "ttl": {"sessions": -5}}`, `config.ttl.sessions: -5: must be at least 1 second`},
		{`{"path": "p", "ttl": {"sessions": "1h"}}`, `config.ttl.sessions: "1h": must be a number of seconds`},
		{`{"path": "p", "ttl": {"sessions": 1e12}}`, `config.ttl.sessions: 1e12: is too large`},
		{`{"path": "p", "ttl": {"temp_data": 0.25}}`, `config.ttl.temp_data: 0.25: must be at least 0.5 seconds`},
		{`{"path": "p", "ttl": 5}`, `config.ttl: must be an object with sessions, temp_data`},
		{`{"path": "p", "ttl": {"session": 5}}`, `config.ttl.session: unknown key; did you mean ttl.sessions?`},
		{`{"path": "p", "ttl.sessions": 5}`, `config.ttl.sessions: write nested objects, not a key with a dot`},
		{`{"path": "p", "sessions": 5}`, `config.sessions: unknown key; did you mean ttl.sessions?`},
		{`{"path": "p", "pasword": "hunter2"}`, `config.pasword: unknown key; did you mean password?`},
		{`{"path": "p", "Host": null}`, `config.Host: unknown key; did you mean host?`},
		{`{"path": "p", "a b\n": 1}`, `config."a b\n": unknown key; there are boards, colours, host, labels, mode, password, path, pin, port, slope, ssl, ttl.sessions, ttl.temp_data, url`},
		{`{"path": "p", "password": ["hunter2"]}`, `config.password: must be text`},
		{`{"path": "p", "password": {"value": "hunter2"}}`, `config.password: must be text`},
		{`{"path": "p", "password": "(hidden)"}`, `config.password: is what stands in place of a value that is not shown; write the value itself`},
		{`{"path": "p", "pin": "hunter2"}`, `config.pin: must be a whole number`},
		{`{"path": "p", "pin": 12345}`, `config.pin: must be at most 9999`},
		{`{"path": "p", "mode": "redis://me:hunter2@host"}`, `config.mode: (hidden): must be one of disable, prefer, require`},
	} {
		settings, err := storage.ParseDocument([]byte(c.settings))
		if err != nil {
			t.Fatal(err)
		}
		values, err := shelf.Check(settings)
		wantMistakes(t, c.settings, err, c.want)
		if values != nil {
			t.Errorf("%s: values besides an error: %v", c.settings, values)
		}
	}
}

// wantMistakes fails unless err is a ConfigError of exactly these mistakes.
func wantMistakes(t *testing.T, of string, err error, want ...string) {
	t.Helper()
	found, ok := errors.AsType[*storage.ConfigError](err)
	if !ok {
		t.Errorf("%s: %v; want %q", of, err, want)
		return
	}
	var got []string
	for _, mistake := range found.Mistakes {
		got = append(got, mistake.Error())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", of, got, want)
	}
	if !errors.Is(err, storage.ErrValidation) || strings.Contains(err.Error(), secret) {
		t.Errorf("%s: %v", of, err)
	}
}

func TestCheckRefusesWhatIsNoNumber(t *testing.T) {
	for _, given := range []any{math.NaN(), math.Inf(1), json.Number("five"), json.Number(""), time.Second, new(5), struct{}{}, func() {}} {
		_, err := shelf.Check(map[string]any{"path": "p", "slope": given})
		if !errors.Is(err, storage.ErrValidation) {
			t.Errorf("%T %v is a number: %v", given, given, err)
		}
	}
	for _, given := range []any{json.Number("5"), new("p"), []byte("p"), map[int]string{1: "p"}, []any{}} {
		if _, err := shelf.Check(map[string]any{"path": given}); !errors.Is(err, storage.ErrValidation) {
			t.Errorf("%T is text: %v", given, err)
		}
	}
	if _, err := shelf.Check(map[string]any{"path": "p", "ttl": map[int]int{1: 1}}); !errors.Is(err, storage.ErrValidation) {
		t.Errorf("a map by numbers is an object: %v", err)
	}
}

func TestCheckTellsOfAllMistakes(t *testing.T) {
	_, err := shelf.Check(map[string]any{
		"prt": 1, "port": "x", "ttl": map[string]any{"temp_data": 0, "sessions": -5}, "password": 7, "ssl": nil,
	})
	wantMistakes(t, "many", err,
		`config.password: must be text`,
		`config.path: is required`,
		`config.port: "x": must be a whole number`,
		`config.prt: unknown key; did you mean port?`,
		`config.ttl.sessions: -5: must be at least 1 second`,
		`config.ttl.temp_data: 0: must be at least 0.5 seconds`)
	first, ok := errors.AsType[*storage.SettingError](err)
	if !ok || first.Path != "config.password" || first.Reason != "must be text" || !errors.Is(first, storage.ErrValidation) {
		t.Errorf("%#v", first)
	}
	if want := "not valid: storage shelf: config.password: must be text; config.path: is required; "; !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v", err)
	}
}

// TestRegisterRefuses has drivers whose settings cannot be.
func TestRegisterRefuses(t *testing.T) {
	open := func(storage.Values) (storage.Storage, error) { return nil, nil }
	for name, d := range map[string]storage.Driver{
		"a type twice":        {Type: "Shelf", Open: open},
		"no type":             {Open: open},
		"no Open":             {Type: "box"},
		"a path":              {Type: "box", Open: open, Settings: []storage.Setting{{Path: "TTL", Kind: storage.Text}}},
		"an empty path":       {Type: "box", Open: open, Settings: []storage.Setting{{Kind: storage.Text}}},
		"no kind":             {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a"}}},
		"a path twice":        {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a", Kind: storage.Text}, {Path: "a", Kind: storage.Text}}},
		"a variable twice":    {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a.b", Kind: storage.Text}, {Path: "a_b", Kind: storage.Text}}},
		"the type's variable": {Type: "box", Open: open, Settings: []storage.Setting{{Path: "type", Kind: storage.Text}}},
		"one within another":  {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a", Kind: storage.Text}, {Path: "a.b", Kind: storage.Text}}},
		"a default's type":    {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a", Kind: storage.Integer, Default: 5}}},
		"a default's bounds":  {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a", Kind: storage.Integer, Default: int64(5), Max: 4}}},
		"a default's choice":  {Type: "box", Open: open, Settings: []storage.Setting{{Path: "a", Kind: storage.Text, Default: "c", Choices: []string{"b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			storage.Register(d)
		})
	}
	if storage.Available("box") {
		t.Error("one of them is registered")
	}
}
