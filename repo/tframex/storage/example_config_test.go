package storage_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/memory"
	_ "github.com/redisgen/redisgen/repo/tframex/storage/redis"
)

// check ends an example that does not go as it should.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func ExampleParseConfig() {
	config, err := storage.ParseConfig([]byte(`{
		"type": "redis",
		"config": {"host": "redis.internal", "password": "correct horse", "ttl": {"sessions": 1800}}
	}`))
	check(err)
	fmt.Println(config) // no secrets
	_, err = storage.ParseConfig([]byte(`{
		"type": "redis",
		"config": {"host": "redis.internal",}
	}`))
	fmt.Println(err)
	// Output:
	// storage.Config{redis {"host":"redis.internal","password":"(hidden)","ttl":{"sessions":1800}}}
	// not valid: configuration: 3:39: invalid character '}' looking for beginning of object key string
}

func ExampleValidate() {
	err := storage.Validate(storage.Config{Type: "redis", Settings: map[string]any{
		"port": "6379",
		"ttl":  map[string]any{"sessions": -5, "temp": 60},
	}})
	if wrong, ok := errors.AsType[*storage.ConfigError](err); ok {
		for _, mistake := range wrong.Mistakes {
			fmt.Println(mistake)
		}
	}
	// Output:
	// config.port: "6379": must be a whole number
	// config.ttl.sessions: -5: must be at least 1 second
	// config.ttl.temp: unknown key; did you mean ttl.temp_data?
}

func ExampleLoadConfig() {
	dir, err := os.MkdirTemp("", "storage")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "storage.json")
	check(os.WriteFile(path, []byte(`{"type": "memory", "config": {"max_size": 500}}`), 0o600))

	config, err := storage.LoadConfig(path)
	check(err)
	fmt.Println(config)
	// Output: storage.Config{memory {"max_size":500}}
}

func ExampleConfigFromEnv() {
	check(os.Setenv("MYAPP_STORAGE_TYPE", "redis")) // as the shell would
	check(os.Setenv("MYAPP_STORAGE_HOST", "redis.internal"))
	check(os.Setenv("MYAPP_STORAGE_TTL_SESSIONS", "30m"))

	config, err := storage.ConfigFromEnv("MYAPP_STORAGE")
	check(err)
	fmt.Println(config)
	// Output: storage.Config{redis {"host":"redis.internal","ttl":{"sessions":1800}}}
}

// What a variable says goes before what the configuration says.
func ExampleConfig_WithEnv() {
	check(os.Setenv("SHOP_STORAGE_PASSWORD", "correct horse"))
	check(os.Setenv("SHOP_STORAGE_DB", "2"))

	config, err := storage.ParseURL("redis://redis.internal:6380/1?key_prefix=shop:")
	check(err)
	config, err = config.WithEnv("SHOP_STORAGE")
	check(err)
	fmt.Println(config)
	// Output: storage.Config{redis {"host":"redis.internal","port":6380,"db":2,"password":"(hidden)","key_prefix":"shop:"}}
}

func ExampleParseURL() {
	config, err := storage.ParseURL("rediss://app:secret@redis.internal:6380/0?ttl.sessions=30m")
	check(err)
	fmt.Println(config.Type, config.Settings["host"], config.Settings["ssl"])
	_, err = storage.ParseURL("redis://localhost?key_prefx=app:")
	fmt.Println(err)
	// Output:
	// redis redis.internal true
	// not valid: storage redis: key_prefx: unknown parameter; did you mean key_prefix?
}

func ExampleTemplate() {
	config, err := storage.Template("memory")
	check(err)
	data, err := json.MarshalIndent(config, "", "  ")
	check(err)
	fmt.Println(string(data))
	// Output:
	// {
	//   "type": "memory",
	//   "config": {
	//     "max_size": 10000,
	//     "cleanup_interval": 300
	//   }
	// }
}

// archive is a storage out of which nothing can be deleted.
type archive struct{ storage.Storage }

func (a archive) Backend() string { return "archive" }

func (a archive) Delete(_ context.Context, table, id string) (bool, error) {
	reason := fmt.Errorf("%w: nothing is deleted from an archive", storage.ErrQuery)
	return false, &storage.Error{Backend: a.Backend(), Op: "Delete", Table: table, ID: id, Err: reason}
}

// A backend of one's own is known, configured and opened as the others are.
func ExampleRegister() {
	storage.Register(storage.Driver{
		Type:    "archive",
		Summary: "documents in memory that cannot be deleted",
		Settings: []storage.Setting{
			{Path: "max_size", Kind: storage.Integer, Default: int64(100), Min: 1, Unit: "documents", Doc: "How many documents there can be."},
		},
		Open: func(v storage.Values) (storage.Storage, error) {
			inner, err := memory.New(memory.Config{MaxSize: int(v.Int("max_size"))})
			return archive{inner}, err
		},
	})

	ctx := context.Background()
	config, err := storage.ParseURL("archive:?max_size=50")
	check(err)
	store, err := storage.Open(ctx, config)
	check(err)
	defer store.Close()
	id, err := store.Insert(ctx, "letters", storage.Document{"id": "1", "to": "Ann"})
	check(err)
	_, err = store.Delete(ctx, "letters", id)
	fmt.Println(err)
	// Output: storage archive: Delete "letters" "1": query failed: nothing is deleted from an archive
}
