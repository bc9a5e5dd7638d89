package storage_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// FuzzParseConfig has configurations that are taken be JSON, and mean the same when they are
// printed and read again, as far as they can be printed.
func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{
		`{"type": "shelf", "config": {"path": "p", "port": 6379, "ttl": {"sessions": 3600, "temp_data": 0.5}, "labels": ["a"], "ssl": true}}`,
		`{"type": "SHELF", "config": null}`, `{"type": "shelf", "config": {"path": "p", "path": 1}}`, `{"type": "shelf"} {}`, `[1e400]`,
		"\uFEFF{\"type\": \"x\"}", `{"type": "shelf", "config": {"a": [[{}], null], "": "\ud800"}}`, "{\"type\":\n\xff}", ``, `nul`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		config, err := storage.ParseConfig(data)
		if err != nil {
			if !errors.Is(err, storage.ErrValidation) || config.Type != "" || config.Settings != nil {
				t.Errorf("%v, with %v", err, config)
			}
			return
		}
		printed, err := json.Marshal(config)
		if err != nil {
			t.Fatal(err)
		}
		again, err := storage.ParseConfig(printed)
		if err != nil || again.String() != config.String() {
			t.Errorf("%s, then %s: %v", config, again, err)
		}
		if err := storage.Validate(config); err != nil && !errors.Is(err, storage.ErrValidation) {
			t.Error(err)
		}
	})
}
