package storage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestTemplate(t *testing.T) {
	config, err := storage.Template("SHELF")
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(config)
	if want := `{"type":"shelf","config":{"path":null,"host":"localhost","port":6379,"password":null,"pin":null,"ssl":false,"mode":"prefer",` +
		`"boards":10,"slope":0.5,"labels":["a","b"],"colours":null,"ttl":{"sessions":3600,"temp_data":300},"url":null}}`; err != nil || string(data) != want {
		t.Errorf("%v\n got %s\nwant %s", err, data, want)
	}
	wantMistakes(t, "a template", storage.Validate(config), "config.path: is required")
	edited, err := storage.ParseConfig(bytes.Replace(data, []byte(`"path":null`), []byte(`"path":"p"`), 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := storage.Validate(edited); err != nil {
		t.Error(err)
	}
	config.Settings["labels"].([]string)[0] = "changed"
	if again, _ := storage.Template("shelf"); again.Settings["labels"].([]string)[0] != "a" {
		t.Error("the default is shared")
	}
	if _, err := storage.Template("drawer"); !errors.Is(err, storage.ErrValidation) {
		t.Errorf("%v", err)
	}
}

func TestReference(t *testing.T) {
	var b strings.Builder
	if err := storage.Reference(&b); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"## shelf",
		"A backend of the tests.",
		"| `path` | text | required | Where it stands. | `TFRAMEX_STORAGE_PATH` |",
		"| `port` | integer, from 1 to 65535 | `6379` |  | `TFRAMEX_STORAGE_PORT` |",
		"| `password` | text, secret |  | What opens it. | `TFRAMEX_STORAGE_PASSWORD` |",
		"| `ssl` | flag | `false` |  | `TFRAMEX_STORAGE_SSL` |",
		"| `mode` | `disable`, `prefer`, `require` | `\"prefer\"` |  | `TFRAMEX_STORAGE_MODE` |",
		"| `boards` | integer, at least 1 board | `10` |  | `TFRAMEX_STORAGE_BOARDS` |",
		"| `slope` | number, from 0 to 1 | `0.5` |  | `TFRAMEX_STORAGE_SLOPE` |",
		"| `labels` | list of text | `[\"a\", \"b\"]` |  | `TFRAMEX_STORAGE_LABELS` |",
		"| `colours` | list of `red`, `blue` |  |  | `TFRAMEX_STORAGE_COLOURS` |",
		"| `ttl.sessions` | number, at least 1 second | `3600` |  | `TFRAMEX_STORAGE_TTL_SESSIONS` |",
		"| `ttl.temp_data` | number, from 0.5 to 3600 seconds | `300` |  | `TFRAMEX_STORAGE_TTL_TEMP_DATA` |",
	} {
		if !strings.Contains(b.String(), "\n"+line+"\n") {
			t.Errorf("%s is not in it", line)
		}
	}
}
