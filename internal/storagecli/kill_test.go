package storagecli

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage/migrate"
)

// begin starts a process of the command line.
func begin(t *testing.T, words ...string) (process *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	process, stderr = exec.Command(os.Args[0], words...), new(bytes.Buffer)
	process.Env = append(os.Environ(), runAs+"=1")
	process.Stderr = stderr
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Process.Kill() })
	return process, stderr
}

// readState returns what the state file says; nothing if there is none yet.
func readState(path string) (total migrate.Counts) {
	data, _ := os.ReadFile(path)
	var r migrate.Report
	if json.Unmarshal(data, &r) == nil {
		total = r.Total()
	}
	return total
}

// await polls until the state knows of n records.
func await(t *testing.T, state string, n int64) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); readState(state).Read < n; {
		if time.Now().After(deadline) {
			t.Fatalf("after 20 s the state is %v", readState(state))
		}
		<-time.After(time.Millisecond)
	}
}

// TestKilled kills the process at a random batch, and has the same command go on.
func TestKilled(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	from, _ := filled(t, 400)
	dir := t.TempDir()
	state, to := filepath.Join(dir, "state"), urlOf(filepath.Join(dir, "target"))
	line := []string{"migrate", "-from", from, "-to", to + "&delay=0.003", "-batch", "10", "-state", state}
	for at := int64(0); ; {
		at += 10 + r.Int64N(150)
		if at >= 390 {
			break
		}
		process, _ := begin(t, line...)
		await(t, state, at)
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = process.Wait()
	}
	do(t, append(line, "-verify")...).want(t, 0, "402")
	if n := readState(state); n != (migrate.Counts{Read: 402, Created: 402}) {
		t.Errorf("%v", n)
	}
}

func TestInterrupt(t *testing.T) {
	from, _ := filled(t, 400)
	dir := t.TempDir()
	state, target := filepath.Join(dir, "state"), filepath.Join(dir, "target")
	line := []string{"migrate", "-from", from, "-to", urlOf(target) + "&delay=0.003", "-batch", "10", "-state", state}
	process, stderr := begin(t, line...)
	await(t, state, 50)
	if err := process.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := process.Wait(); err == nil || process.ProcessState.ExitCode() != 1 || !bytes.Contains(stderr.Bytes(), []byte("interrupted")) || !bytes.Contains(stderr.Bytes(), []byte("goes on from "+state)) {
		t.Fatalf("%v: %s", err, stderr)
	}
	there := &paper{path: target}
	if err := there.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := readState(state).Created; n < 50 || n > 390 || int(n) != len(there.tables["users"])+len(there.tables["messages"]) {
		t.Errorf("the state has %d records, and %d messages are there", n, len(there.tables["messages"]))
	}
	do(t, line...).want(t, 0)
	do(t, "migrate", "-from", from, "-to", urlOf(target)+"x", "-state", state).want(t, 1, "the state does not fit", "another target")
}
