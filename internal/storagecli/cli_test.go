package storagecli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// runAs is the variable that has the test program be the command line.
const runAs = "STORAGECLI_RUN"

func TestMain(m *testing.M) {
	if os.Getenv(runAs) != "" {
		os.Exit(Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// outcome is what a command did.
type outcome struct {
	code           int
	stdout, stderr string
}

// do runs a command line.
func do(t *testing.T, words ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Do(words, strings.NewReader(""), &stdout, &stderr)
	return outcome{code, stdout.String(), stderr.String()}
}

// want fails the test unless the exit code is that, and the texts are in the output.
func (o outcome) want(t *testing.T, code int, texts ...string) outcome {
	t.Helper()
	if o.code != code {
		t.Fatalf("exit %d, want %d\n%s%s", o.code, code, o.stdout, o.stderr)
	}
	for _, text := range texts {
		if !strings.Contains(o.stdout+o.stderr, text) {
			t.Errorf("no %q in\n%s%s", text, o.stdout, o.stderr)
		}
	}
	return o
}

// filled returns the URL of a storage with users and n messages.
func filled(t *testing.T, n int) (url, path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "source")
	p := &paper{path: path, tables: map[string]map[string]storage.Record{"users": {}, "messages": {}}}
	for i, name := range []string{"ann", "bob"} {
		p.tables["users"][name] = storage.Record{ID: name, Document: storage.Document{"id": name, "n": i, "password_hash": "x"}}
	}
	for i := range n {
		id := fmt.Sprintf("m%06d", i)
		p.tables["messages"][id] = storage.Record{ID: id, Document: storage.Document{"id": id, "text": "hello"}}
	}
	if err := p.save(); err != nil {
		t.Fatal(err)
	}
	return urlOf(path), path
}

func urlOf(path string) string { return "paper:?database_path=" + path }

func TestMigrate(t *testing.T) {
	from, _ := filled(t, 25)
	target := filepath.Join(t.TempDir(), "target")
	to := urlOf(target)

	do(t, "migrate", "-from", from, "-to", to, "-dry-run").want(t, 0, "dry run", "27", "total")
	if _, err := os.Stat(target); !os.IsNotExist(err) {
		t.Errorf("a dry run made the target")
	}
	o := do(t, "migrate", "--from", from, "--to", to, "--batch", "10", "--verify", "--progress").want(t, 0, "equal", "2 and 2 records")
	if !strings.Contains(o.stderr, "messages: 25 read, 25 created, of 25\n") {
		t.Errorf("progress: %q", o.stderr)
	}
	if strings.Index(o.stdout, "users") > strings.Index(o.stdout, "messages") {
		t.Errorf("users do not come first:\n%s", o.stdout)
	}
	do(t, "migrate", "-from", from, "-to", to).want(t, 1, `refused: users "ann": not valid: exists already`, "records were refused")
	do(t, "migrate", "-from", from, "-to", to, "-existing", "skip", "-tables", "users").want(t, 0)
	do(t, "migrate", "-from", from, "-to", to, "-tables", "people").want(t, 1, `"people" is not in paper`)

	o = do(t, "migrate", "-from", from, "-to", to, "-existing", "overwrite", "-json").want(t, 0)
	var result struct {
		Source string
		Tables []struct {
			Table       string
			Overwritten int
		}
	}
	if err := json.Unmarshal([]byte(o.stdout), &result); err != nil || len(result.Tables) != 2 || result.Tables[1].Overwritten != 25 {
		t.Errorf("%v: %s", err, o.stdout)
	}
}

func TestMigrateReportsWhatIsRefused(t *testing.T) {
	from, _ := filled(t, 250)
	dir := t.TempDir()
	report := filepath.Join(dir, "refused.ndjson")
	to := urlOf(filepath.Join(dir, "target")) + "&refuse=text"
	do(t, "migrate", "-from", from, "-to", to, "-report", report).want(t, 1, `refused: messages "m000000": not valid: field "text"`, "230 more, in "+report)
	data, err := os.ReadFile(report)
	if err != nil || bytes.Count(data, []byte("\n")) != 250 || !bytes.HasPrefix(data, []byte(`{"table":"messages","id":"m000000","reason":"not valid: field \"text\""}`+"\n")) {
		t.Errorf("%v: %.200s", err, data)
	}
	do(t, "migrate", "-from", from, "-to", to, "-max-refused", "5", "-batch", "30", "-existing", "skip").want(t, 1, "more than 5", "not complete", "-report FILE lists all")
	do(t, "verify", "-from", from, "-to", to, "-max", "3").want(t, 1, `missing: messages "m00`, "there are more differences", "the storages differ")
}

func TestVerifyAndStats(t *testing.T) {
	from, _ := filled(t, 3)
	other, path := filled(t, 3)
	do(t, "verify", "-from", from, "-to", other).want(t, 0, "equal  users     2 and 2 records")
	p := &paper{path: path, tables: map[string]map[string]storage.Record{"users": {"ann": {ID: "ann", Document: storage.Document{"id": "ann", "n": 1}}}, "messages": {}}}
	if err := p.save(); err != nil {
		t.Fatal(err)
	}
	o := do(t, "verify", "-from", from, "-to", other).want(t, 1, `differs: users "ann" n, password_hash`, `missing: users "bob"`)
	if strings.Contains(o.stdout, "hello") {
		t.Errorf("values of documents in the output:\n%s", o.stdout)
	}
	do(t, "verify", "-from", from, "-to", other, "-json").want(t, 1, `"kind": "differs"`)
	do(t, "verify", "-from", from, "-to", other, "-tables", "users,people").want(t, 1, `no such table: "people"`)
	do(t, "stats", "-from", from).want(t, 0, "messages  3")
	do(t, "stats", "-from", from, "-scan").want(t, 0, "largest", "digest")
	do(t, "stats", "-from", from, "-json", "-tables", "users").want(t, 0, `"records": 2`)
}

func TestExportAndImport(t *testing.T) {
	from, _ := filled(t, 20)
	dir := t.TempDir()
	file, to := filepath.Join(dir, "all.backup"), urlOf(filepath.Join(dir, "target"))
	do(t, "export", "-from", from, file, "-secrets").want(t, 0, "messages  20 records", "total     22 records")
	do(t, "check", file).want(t, 0, "22 records")
	do(t, "import", file, "-to", to, "-dry-run").want(t, 0, "dry run")
	do(t, "import", "-to", to, file).want(t, 0, "total")
	do(t, "verify", "-from", from, "-to", to).want(t, 0)
	do(t, "import", "-to", to, file).want(t, 1, "refused")
	do(t, "import", "-to", to, file, "-existing", "skip", "-json").want(t, 0, `"skipped": 20`)

	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	again := urlOf(filepath.Join(dir, "again"))
	if code := Do([]string{"import", "-", "-to", again}, bytes.NewReader(data), &stdout, &stderr); code != 0 {
		t.Fatalf("%s%s", stdout.String(), stderr.String())
	}
	do(t, "verify", "-from", from, "-to", again).want(t, 0)

	report, state := filepath.Join(dir, "refused"), filepath.Join(dir, "state")
	if err := os.WriteFile(report, []byte("of another run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "import", file, "-to", urlOf(filepath.Join(dir, "odd"))+"&refuse=text", "-report", report, "-state", state).want(t, 1)
	if refused, err := os.ReadFile(report); err != nil || bytes.Count(refused, []byte("\n")) != 20 {
		t.Errorf("%v: %s", err, refused)
	}

	o := do(t, "export", "-from", from, "-").want(t, 0)
	if !strings.HasPrefix(o.stdout, "\x28\xb5\x2f\xfd") {
		t.Errorf("no zstd on standard output: %.20q", o.stdout)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "check", file).want(t, 1, "damaged")
	do(t, "import", file, "-to", to, "-existing", "skip").want(t, 1, "damaged")
}

func TestExportOfWhatCannotBeRead(t *testing.T) {
	p := &paper{path: filepath.Join(t.TempDir(), "source"), tables: map[string]map[string]storage.Record{"notes": {
		"a": {ID: "a", Document: storage.Document{"damaged": true}}, "b": {ID: "b", Document: storage.Document{"id": "b"}},
	}}}
	if err := p.save(); err != nil {
		t.Fatal(err)
	}
	from, file := urlOf(p.path), filepath.Join(t.TempDir(), "notes.backup")
	do(t, "export", "-from", from, file).want(t, 1, `"a"`)
	do(t, "export", "-from", from, file, "-skip-unreadable").want(t, 0, `left out: notes "a": not valid`, "1 records", "1 that cannot be read left out")
	do(t, "check", file).want(t, 0, "1 that cannot be read left out")
}

func TestConfig(t *testing.T) {
	file := filepath.Join(t.TempDir(), "paper.json")
	o := do(t, "config", "template", "paper").want(t, 0, `"database_path": null`)
	if err := os.WriteFile(file, []byte(o.stdout), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "config", "check", file).want(t, 0, "is a configuration of paper")
	do(t, "config", "types").want(t, 0, "paper  a file, for tests")
	if err := os.WriteFile(file, []byte(`{"type":"paper","config":{"hosst":"x"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "config", "check", file).want(t, 1, "hosst", file)
	do(t, "config", "template", "stone").want(t, 2, "stone")
	do(t, "config").want(t, 2, "template, check or types")

	_, path := filled(t, 1)
	config := fmt.Sprintf(`{"type":"paper","config":{"database_path":%q}}`, path)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	do(t, "stats", "-config", file).want(t, 0, "users")
	t.Setenv("TFRAMEX_FROM_DATABASE_PATH", path+"-missing")
	do(t, "stats", "-config", file).want(t, 1, "no such file")
}

func TestUsage(t *testing.T) {
	from, _ := filled(t, 1)
	for _, c := range []struct{ line, want string }{
		{"", "Commands:"},
		{"move", `no command "move"`},
		{"migrate", "name the storage by -from or -config"},
		{"migrate -from " + from, "name the storage by -to or -to-config"},
		{"migrate -from " + from + " -to " + from, "are the same"},
		{"migrate -from " + from + " -to " + from + "&delay=0", "are the same storage"},
		{"migrate -from x -config y -to z", "not both"},
		{"migrate -from nowhere -to z", "a URL without a type"},
		{"migrate -from " + from + " -to paper: -existing keep", "refuse, skip or overwrite"},
		{"migrate -from " + from + " -to paper: -batch 0", "at least 1"},
		{"migrate -from " + from + " -to paper: -dry-run -state x", "keeps no state"},
		{"migrate -from " + from + " -to paper: -dry-run -verify", "writes nothing"},
		{"migrate -frm x", "-frm"},
		{"migrate -from " + from + " -to paper: -tables ,", "names nothing"},
		{"migrate more", `unexpected argument "more"`},
		{"verify -from " + from + " -to paper: -max 0", "at least 1"},
		{"export -from " + from, "the file is missing"},
		{"export -from " + from + " - -json", "in the way"},
		{"import file", "name the storage by -to or -to-config"},
		{"import file -to paper: -batch 0", "at least 1"},
		{"help move", `no command "move"`},
	} {
		o := do(t, strings.Fields(c.line)...).want(t, 2, c.want)
		if o.stdout != "" {
			t.Errorf("%q: %s", c.line, o.stdout)
		}
	}
	do(t, "help").want(t, 0, "Exit status:")
	do(t, "-h").want(t, 0, "Exit status:")
	for _, cmd := range program().Commands {
		do(t, "help", cmd.Name).want(t, 0, "usage: redisgen storage "+cmd.Name, "Examples:")
		do(t, cmd.Name, "-h").want(t, 0, "Examples:")
	}
}

func TestPasswordsAreNotPrinted(t *testing.T) {
	from, _ := filled(t, 3)
	dir := t.TempDir()
	state := filepath.Join(dir, "state")
	secret := from + "&password=hunter2hunter"
	to := urlOf(filepath.Join(dir, "target")) + "&password=hunter2hunter"
	for _, words := range [][]string{
		{"migrate", "-from", secret, "-to", to, "-state", state, "-json", "-verify"},
		{"migrate", "-from", secret, "-to", to},
		{"migrate", "-from", secret, "-to", "paper:?password=hunter2hunter"},
		{"migrate", "-from", secret, "-to", "paper://u:hunter2hunter@host/x"},
		{"migrate", "-from", "paper:?pasword=hunter2hunter", "-to", to},
		{"migrate", "-from", "redis//u:hunter2hunter@host", "-to", to},
		{"migrate", "-from", secret, "-to", to, "redis://u:hunter2hunter@host"},
		{"stats", "redis://u:hunter2hunter@host"},
		{"redis://u:hunter2hunter@host"},
		{"stats", "-redis://u:hunter2hunter@host"},
		{"help", "redis://u:hunter2hunter@host"},
		{"config", "redis://u:hunter2hunter@host"},
		{"config", "template", "redis://u:hunter2hunter@host"},
		{"migrate", "-from", secret, "-to", to, "-existing", "redis://u:hunter2hunter@host"},
	} {
		if o := do(t, words...); strings.Contains(o.stdout+o.stderr, "hunter2") {
			t.Errorf("%q prints the password:\n%s%s", words, o.stdout, o.stderr)
		}
	}
	data, err := os.ReadFile(state)
	if err != nil || bytes.Contains(data, []byte("hunter2")) {
		t.Errorf("%v: the state has the password: %s", err, data)
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		settings map[string]any
		want     string
	}{
		{map[string]any{"host": "h", "port": int64(1), "password": "p", "db": nil}, "redis:?host=h&port=1"},
		{map[string]any{"url": "redis+cluster://u:p@ss@a:1,b:2?x=y"}, "redis:?url=redis%2Bcluster%3A%2F%2Fa%3A1%2Cb%3A2"},
		{map[string]any{"database_path": "/a/../b.db"}, "redis:?database_path=%2Fb.db"},
		{nil, "redis:"},
	} {
		if got := nameOf(storage.Config{Type: "Redis", Settings: c.settings}); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
