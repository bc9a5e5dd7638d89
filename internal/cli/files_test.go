package cli

import (
	"os"
	"path/filepath"
	"testing"
)

func TestApply(t *testing.T) {
	dir := t.TempDir()
	stale, gone := filepath.Join(dir, "stale.go"), filepath.Join(dir, "gone.go")
	fresh := filepath.Join(dir, "new", "fresh.go")
	write(t, stale, "old", 0o600)
	write(t, gone, "old", 0o644)
	err := apply([]change{
		{stale, []byte("old"), []byte("new")},
		{gone, []byte("old"), nil},
		{fresh, nil, []byte("new")},
	})
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, stale, "new", 0o600)
	wantFile(t, fresh, "new", 0o644)
	wantEntries(t, dir, "new", "stale.go")
	wantEntries(t, filepath.Join(dir, "new"), "fresh.go")
}

func TestApplyFailsBeforeAnyChange(t *testing.T) {
	dir := t.TempDir()
	stale, gone := filepath.Join(dir, "stale.go"), filepath.Join(dir, "gone.go")
	write(t, stale, "old", 0o644)
	write(t, gone, "old", 0o644)
	err := apply([]change{
		{gone, []byte("old"), nil},
		{stale, []byte("old"), []byte("new")},
		{filepath.Join(stale, "not-a-directory", "a.go"), nil, []byte("new")},
	})
	if err == nil {
		t.Fatal("no error")
	}
	wantFile(t, stale, "old", 0o644)
	wantEntries(t, dir, "gone.go", "stale.go")
}

func write(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

func wantFile(t *testing.T, path, content string, mode os.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%s holds %q (%v), want %q", path, got, err, content)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != mode {
		t.Errorf("%s: %v, %v, want mode %v", path, info, err, mode)
	}
}

func wantEntries(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, entry := range entries {
		if i >= len(want) || entry.Name() != want[i] {
			t.Errorf("unexpected %s in %s", entry.Name(), dir)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%s has %d entries, want %q", dir, len(entries), want)
	}
}
