package all

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

var update = flag.Bool("update", false, "rewrite docs/storage-config.md")

// page is the documentation that Reference writes.
const page = "../../../../docs/storage-config.md"

func TestReference(t *testing.T) {
	var want bytes.Buffer
	if err := storage.Reference(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(page, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("docs/storage-config.md is out of date: go test ./repo/tframex/storage/all -run TestReference -update")
	}
}

// TestReferenceIsTrue reads what the page shows: the configuration of the plan, the URLs and
// the error.
func TestReferenceIsTrue(t *testing.T) {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	_, example, _ := strings.Cut(text, "\n\n    {")
	example, _, _ = strings.Cut("{"+example, "\n\n")
	config, err := storage.ParseConfig([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	var plan map[string]any
	if err := json.Unmarshal([]byte(plans["redis"]), &plan); err != nil {
		t.Fatal(err)
	}
	compare(t, "config", config.Settings, plan)
	compare(t, "plan", plan, config.Settings)
	_, table, _ := strings.Cut(text, "| URL | storage |\n| --- | --- |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	for row := range strings.Lines(table) {
		for i, example := range strings.Split(strings.Split(row, "|")[1], "`") {
			if i%2 == 0 || strings.HasPrefix(example, "type:") {
				continue
			}
			if config, err := storage.ParseURL(example); err != nil || storage.Validate(config) != nil {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
	mistaken := storage.Config{Type: "redis", Settings: map[string]any{"port": "6379", "ttl": map[string]any{"session": 60}}}
	if err := storage.Validate(mistaken); err == nil || !strings.Contains(text, "\n    "+err.Error()+"\n") {
		t.Errorf("the page has another error than %v", err)
	}
}

// TestEnvironment sets each setting by its variable, and by the parameter of a URL.
func TestEnvironment(t *testing.T) {
	values := map[storage.Kind]string{storage.Text: "text", storage.Texts: "one,two", storage.Flag: "true", storage.Integer: "7", storage.Number: "0.7", storage.Seconds: "7s"}
	for _, d := range storage.Drivers() {
		for _, s := range d.Settings {
			value := values[s.Kind]
			if s.Choices != nil {
				value = s.Choices[0]
			}
			t.Run(d.Type+"/"+s.Path, func(t *testing.T) {
				t.Setenv("TFRAMEX_STORAGE_TYPE", d.Type)
				t.Setenv("TFRAMEX_STORAGE_"+strings.ToUpper(strings.ReplaceAll(s.Path, ".", "_")), value)
				variable, err := storage.ConfigFromEnv("")
				if err != nil {
					t.Fatal(err)
				}
				form := map[string]string{"sqlite": "sqlite:to.db", "memory": "memory:"}[d.Type]
				if form == "" {
					form = d.Type + "://"
				}
				if s.Path == "bucket_name" || s.Path == "database_path" {
					return // part of the URL itself
				}
				if d.Type == "s3" {
					form += "bucket"
				}
				parameter, err := storage.ParseURL(form + "?" + s.Path + "=" + value)
				if err != nil {
					t.Fatal(err)
				}
				delete(parameter.Settings, "bucket_name")
				delete(parameter.Settings, "database_path")
				if !reflect.DeepEqual(variable, parameter) || len(variable.Settings) != 1 {
					t.Errorf("%#v, %#v", map[string]any(variable.Settings), map[string]any(parameter.Settings))
				}
			})
		}
	}
}
