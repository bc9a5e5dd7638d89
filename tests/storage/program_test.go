package storage

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/cli"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

// install puts the program into PATH, where redisgen finds it.
func install(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, program)
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return path
}

// redisgen runs a command line, which must exit with code and print the texts.
func redisgen(t *testing.T, code int, words []string, texts ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := cli.Do(words, strings.NewReader(""), &out, &out); got != code {
		t.Fatalf("%q: exit %d, want %d\n%s", words, got, code, &out)
	}
	for _, text := range texts {
		if !strings.Contains(out.String(), text) {
			t.Errorf("%q: no %q in\n%s", words, text, &out)
		}
	}
	return out.String()
}

// TestProgram migrates by the command line, there and back, and by a file.
func TestProgram(t *testing.T) {
	install(t)
	server := redisd.Start(t, redisd.Password("a-secret-word"))
	dir := t.TempDir()
	old, back, file := existingDatabase(t, existing), filepath.Join(dir, "back.db"), filepath.Join(dir, "all.backup")
	address := strings.Replace(server.URL(), ":a-secret-word@", "@", 1)
	t.Setenv("TFRAMEX_TO_PASSWORD", "a-secret-word")

	all := redisgen(t, 0, []string{"storage", "migrate", "--from", "sqlite:" + old, "--to", address, "--dry-run"}, "dry run")
	all += redisgen(t, 0, []string{"storage", "migrate", "--from", "sqlite:" + old, "--to", address, "--verify", "--progress"}, "equal", "total")
	all += redisgen(t, 1, []string{"storage", "migrate", "--from", "sqlite:" + old, "--to", address}, "exists already")
	all += redisgen(t, 0, []string{"storage", "verify", "--from", "sqlite:" + old, "--to", address, "--times", "--tables", strings.Join(timed, ",")}, "equal")

	if err := os.Unsetenv("TFRAMEX_TO_PASSWORD"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TFRAMEX_FROM_PASSWORD", "a-secret-word")
	all += redisgen(t, 0, []string{"storage", "stats", "--from", address, "--scan"}, "workflow_traces")
	all += redisgen(t, 0, []string{"storage", "migrate", "--from", address, "--to", "sqlite:" + back}, "total")
	compare(t, old, back)

	all += redisgen(t, 0, []string{"storage", "export", "--from", address, "--secrets", file}, "total")
	all += redisgen(t, 0, []string{"storage", "import", file, "--to", "memory:"}, "total")
	again := filepath.Join(dir, "again.db")
	all += redisgen(t, 0, []string{"storage", "import", file, "--to", "sqlite:" + again}, "total")
	compare(t, old, again)

	t.Setenv("TFRAMEX_FROM_PASSWORD", "another-word")
	all += redisgen(t, 1, []string{"storage", "stats", "--from", address})
	all += redisgen(t, 2, []string{"storage", "stats"}, "usage:")
	if strings.Contains(all, "a-secret-word") || strings.Contains(all, "another-word") {
		t.Errorf("the password was printed:\n%s", all)
	}
	if err := os.Unsetenv("TFRAMEX_FROM_PASSWORD"); err != nil {
		t.Fatal(err)
	}
	redisgen(t, 1, []string{"storage", "stats", "--from", "sqlite:" + filepath.Join(dir, "typo.db")}, "no such file")
	if _, err := os.Stat(filepath.Join(dir, "typo.db")); !os.IsNotExist(err) {
		t.Errorf("a file was made for a source that is not there")
	}
}

// TestKilled streams many messages to a server, by processes that are killed at random
// batches, until one comes to the end: each record is there, and counted once.
func TestKilled(t *testing.T) {
	const records = 3_000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	path := install(t)
	server := redisd.Shared(t)
	old, state := existingDatabase(t, messageRows(records)), filepath.Join(t.TempDir(), "state")
	line := []string{"migrate", "-from", "sqlite:" + old, "-to", server.URL() + "?key_prefix=" + server.Prefix(), "-batch", "100", "-workers", "2", "-state", state}
	for at := int64(0); at < records/2; at += 500 + r.Int64N(records/4) {
		process := exec.Command(path, line...)
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); stateOf(state).Read < at; {
			if time.Now().After(deadline) {
				t.Fatalf("after 30 s the state is %v", stateOf(state))
			}
			<-time.After(time.Millisecond)
		}
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = process.Wait()
	}
	redisgen(t, 0, append([]string{"storage"}, append(line, "-verify")...), "equal")
	if n := stateOf(state); n != (migrate.Counts{Read: records, Created: records}) {
		t.Errorf("%v", n)
	}
}

// stateOf returns the numbers in a state file; none if there is none yet.
func stateOf(path string) (n migrate.Counts) {
	data, _ := os.ReadFile(path)
	var r migrate.Report
	if json.Unmarshal(data, &r) == nil {
		n = r.Total()
	}
	return n
}
