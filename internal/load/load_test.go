package load

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/schema"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// TestBad loads each package of testdata/bad and compares all mistakes found
// with its want.txt.
func TestBad(t *testing.T) {
	for _, dir := range cases(t, "testdata/bad") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			_, errs, err := Load(dir, ".")
			if err != nil {
				t.Fatal(err)
			}
			if len(errs) == 0 {
				t.Error("no mistakes found")
			}
			golden(t, filepath.Join(dir, "want.txt"), errs.Error()+"\n")
		})
	}
}

// TestGood loads each package of testdata/good and compares its schema with
// its want.json.
func TestGood(t *testing.T) {
	for _, dir := range cases(t, "testdata/good") {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			packages, errs, err := Load(dir, ".")
			if err != nil {
				t.Fatal(err)
			}
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if len(packages) != 1 {
				t.Fatalf("%d packages, want 1", len(packages))
			}
			p := packages[0]
			if abs, _ := filepath.Abs(dir); p.Dir != abs {
				t.Errorf("Dir is %s, want %s", p.Dir, abs)
			}
			text, err := json.MarshalIndent(p.Package, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(dir, "want.json"), string(text)+"\n")
			checkRoundTrip(t, p.Package, text)
		})
	}
}

// checkRoundTrip checks that a schema read back from JSON is the same.
func checkRoundTrip(t *testing.T, p *schema.Package, text []byte) {
	t.Helper()
	var back schema.Package
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.MarshalIndent(&back, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(text) {
		t.Errorf("read back, the schema is\n%s", again)
	}
	for i, e := range back.Entities {
		if back.Fingerprint(e) != p.Fingerprint(p.Entities[i]) {
			t.Errorf("read back, %s has another fingerprint", e.Type)
		}
	}
	if errs := back.Validate(); len(errs) > 0 {
		t.Errorf("read back, the schema has mistakes: %v", errs)
	}
}

func cases(t *testing.T, dir string) []string {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	return dirs
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; go test -update rewrites it\n--- got\n%s--- want\n%s", file, got, want)
	}
}

// module writes a module example.com/app with the files and returns its folder.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	files["go.mod"] = "module example.com/app\n\ngo 1.26\n"
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.TrimPrefix(text, "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
