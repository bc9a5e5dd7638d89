package storage_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// setenv sets variables with the prefix of tests.
func setenv(t *testing.T, vars map[string]string) {
	t.Helper()
	for name, value := range vars {
		t.Setenv("SHELVES_"+name, value)
	}
}

func TestConfigFromEnv(t *testing.T) {
	setenv(t, map[string]string{
		"TYPE": "Shelf", "PATH": "p", "PORT": "80", "SSL": "1", "SLOPE": "0.25", "LABELS": "x, y", "TTL_SESSIONS": "90", "TTL_TEMP_DATA": "1m30s",
		"PASSWORD_FILE": write(t, "secret", secret+"\r\n", 0o600), "HOST": "", "COLOURS": "", "PIN_FILE": "",
	})
	t.Setenv("SHELVESS_TYPE", "another")
	want := map[string]any{
		"path": "p", "port": int64(80), "ssl": true, "slope": 0.25, "labels": []string{"x", "y"}, "password": secret,
		"ttl": map[string]any{"sessions": 90 * time.Second, "temp_data": 90 * time.Second},
	}
	for _, prefix := range []string{"SHELVES", "SHELVES_"} {
		config, err := storage.ConfigFromEnv(prefix)
		if err != nil || config.Type != "shelf" || !reflect.DeepEqual(config.Settings, want) {
			t.Errorf("%s: %#v, %v", prefix, map[string]any(config.Settings), err)
		}
		if err := storage.Validate(config); err != nil {
			t.Error(err)
		}
	}
}

func TestConfigFromEnvHasAPrefix(t *testing.T) {
	t.Setenv("TFRAMEX_STORAGE_TYPE", "shelf")
	t.Setenv("TFRAMEX_STORAGE_PATH", "p")
	config, err := storage.ConfigFromEnv("")
	if err != nil || config.Settings["path"] != "p" {
		t.Errorf("%v, %v", config, err)
	}
}

func TestConfigFromEnvNamesEachMistake(t *testing.T) {
	missing := write(t, "secret", "", 0o600)
	for name, c := range map[string]struct {
		vars map[string]string
		want []string
	}{
		"nothing":  {nil, []string{`SHELVES_TYPE: is required: one of ` + known()}},
		"the type": {map[string]string{"TYPE": "drawer", "HOST": "h"}, []string{`SHELVES_TYPE: there is no storage of type "drawer"; known are: ` + known()}},
		"all": {
			map[string]string{"TYPE": "shelf", "PORT": "0", "SSL": "yes", "TTL_SESSIONS": "-5", "TTL_TEMP_DATA": "soon", "PIN": secret, "MODE": "off", "HOSTS": secret, "LABELS": "a,,b", "SLOPE": "NaN"},
			[]string{
				`SHELVES_HOSTS: unknown variable; did you mean SHELVES_HOST?`,
				`SHELVES_LABELS: a list: number 2 is empty`,
				`SHELVES_MODE: "off": must be one of disable, prefer, require`,
				`SHELVES_PIN: must be a whole number`,
				`SHELVES_PORT: 0: must be at least 1`,
				`SHELVES_SLOPE: NaN: must be a number`,
				`SHELVES_SSL: "yes": must be true or false`,
				`SHELVES_TTL_SESSIONS: -5: must be at least 1 second`,
				`SHELVES_TTL_TEMP_DATA: "soon": must be a number of seconds`,
			},
		},
		"a file of what is no secret": {map[string]string{"TYPE": "shelf", "HOST_FILE": "/x"}, []string{`SHELVES_HOST_FILE: unknown variable; did you mean SHELVES_HOST?`}},
		"a secret and its file":       {map[string]string{"TYPE": "shelf", "PASSWORD": secret, "PASSWORD_FILE": "/x"}, []string{`SHELVES_PASSWORD_FILE: SHELVES_PASSWORD is set as well`}},
		"no file":                     {map[string]string{"TYPE": "shelf", "PASSWORD_FILE": missing + "x"}, []string{`SHELVES_PASSWORD_FILE: open ` + missing + `x: no such file or directory`}},
		"an empty file":               {map[string]string{"TYPE": "shelf", "PASSWORD_FILE": missing}, []string{`SHELVES_PASSWORD_FILE: ` + missing + ` is empty, or larger than a secret can be, 65536 bytes`}},
	} {
		t.Run(name, func(t *testing.T) {
			setenv(t, c.vars)
			_, err := storage.ConfigFromEnv("SHELVES")
			wantMistakes(t, name, err, c.want...)
		})
	}
}

// TestWithEnv has the environment go before the configuration, and that before defaults.
func TestWithEnv(t *testing.T) {
	setenv(t, map[string]string{"TTL_SESSIONS": "60", "PORT": "80", "TYPE": "SHELF"})
	file := storage.Config{Type: "Shelf", Settings: map[string]any{
		"path": "p", "port": 70, "host": "h", "ttl": map[string]int{"sessions": 1, "temp_data": 2},
	}}
	config, err := file.WithEnv("SHELVES")
	if err != nil {
		t.Fatal(err)
	}
	values, err := shelf.Check(config.Settings)
	if err != nil {
		t.Fatal(err)
	}
	got := []any{values["path"], values["port"], values["host"], values["ttl.sessions"], values["ttl.temp_data"], values["boards"]}
	if want := []any{"p", int64(80), "h", time.Minute, 2 * time.Second, int64(10)}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if file.Settings["port"] != 70 || file.Settings["ttl"].(map[string]int)["sessions"] != 1 {
		t.Errorf("the configuration itself has changed: %v", file)
	}
	file.Settings["ttl"] = 5
	if config, err = file.WithEnv("SHELVES"); err != nil {
		t.Fatal(err)
	}
	wantMistakes(t, "no object", storage.Validate(config), "config.ttl: must be an object with sessions, temp_data")
	_, err = storage.Config{Type: "drawer"}.WithEnv("SHELVES")
	wantMistakes(t, "two types", err, `SHELVES_TYPE: is "shelf", and the configuration is one of type "drawer"`)
	_, err = storage.Config{Type: "drawer"}.WithEnv("NO_SHELVES")
	if !errors.Is(err, storage.ErrValidation) || !strings.Contains(err.Error(), "known are: "+known()) {
		t.Errorf("an unknown type: %v", err)
	}
}
