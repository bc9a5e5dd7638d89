package all

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// plans are the configurations that users of the framework have: all keys, with their
// defaults; null is none.
var plans = map[string]string{
	"redis": `{
        "host": "localhost",
        "port": 6379,
        "db": 0,
        "password": null,
        "ssl": false,
        "connection_pool_size": 10,
        "socket_timeout": 5,
        "retry_on_timeout": true,
        "health_check_interval": 30,
        "key_prefix": "tframex:",
        "ttl": {
            "sessions": 3600,
            "temp_data": 300
        }
    }`,
	"memory": `{"max_size": 10000, "cleanup_interval": 300}`,
	"sqlite": `{"database_path": null, "pool_size": 10, "create_tables": true, "wal_mode": true, "foreign_keys": true}`,
	"postgresql": `{"host": null, "port": 5432, "database": null, "username": null, "password": null, "pool_size": 20, "pool_max_size": 50,
		"ssl_mode": "prefer", "command_timeout": 60, "create_tables": true}`,
	"s3": `{"bucket_name": null, "region": "us-east-1", "aws_access_key_id": null, "aws_secret_access_key": null, "endpoint_url": null,
		"encryption": null, "prefix": "tframex/", "batch_size": 100}`,
}

// required are the settings that have to be given, and values for them.
var required = map[string]map[string]any{
	"sqlite":     {"database_path": "to.db"},
	"postgresql": {"host": "localhost", "database": "d", "username": "me", "password": "pw"},
	"s3":         {"bucket_name": "bucket"},
}

// TestPlan has every type of the framework be known, with its keys, and its defaults.
func TestPlan(t *testing.T) {
	var types []string
	for _, d := range storage.Drivers() {
		types = append(types, d.Type)
		if d.Summary == "" {
			t.Errorf("%s: no summary", d.Type)
		}
		for _, s := range d.Settings {
			if s.Doc == "" {
				t.Errorf("%s: %s is not documented", d.Type, s.Path)
			}
			if _, must := required[d.Type][s.Path]; s.Required != must {
				t.Errorf("%s: %s is required: %t", d.Type, s.Path, s.Required)
			}
		}
	}
	if want := slices.Sorted(maps.Keys(plans)); !slices.Equal(types, want) {
		t.Fatalf("%v, want %v", types, want)
	}
	for typ, plan := range plans {
		template, err := storage.Template(typ)
		if err != nil {
			t.Fatal(err)
		}
		var keys map[string]any
		if err := json.Unmarshal([]byte(plan), &keys); err != nil {
			t.Fatal(err)
		}
		compare(t, typ, template.Settings, keys)
		config, err := storage.ParseConfig([]byte(`{"type": "` + typ + `", "config": ` + plan + `}`))
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(config.Settings, required[typ])
		if err := storage.Validate(config); err != nil {
			t.Error(err)
		}
	}
}

// compare fails unless the template has each key, with the value.
func compare(t *testing.T, path string, template, plan map[string]any) {
	t.Helper()
	for key, want := range plan {
		got, has := template[key]
		if inner, ok := want.(map[string]any); ok {
			of, _ := got.(map[string]any)
			compare(t, path+"."+key, of, inner)
			continue
		}
		gotJSON, _ := json.Marshal(got)
		wantJSON, _ := json.Marshal(want)
		if !has || string(gotJSON) != string(wantJSON) {
			t.Errorf("%s.%s: %s, %t; want %s", path, key, gotJSON, has, wantJSON)
		}
	}
}
