package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestImportsNoDatabase keeps the drivers of databases out of what go generate builds.
func TestImportsNoDatabase(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", modulePath+"/cmd/redisgen").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.Lines(string(out)) {
		for _, not := range []string{"modernc.org/", "github.com/jackc/", "github.com/aws/", "/repo/tframex"} {
			if strings.Contains(dependency, not) {
				t.Errorf("cmd/redisgen has the dependency %s", strings.TrimSpace(dependency))
			}
		}
	}
}

func TestStorageLine(t *testing.T) {
	nowhere := func(string) (string, error) { return "", errors.New("not found") }
	inPath := func(name string) (string, error) { return "/usr/bin/" + name, nil }
	file := filepath.Join(t.TempDir(), "redisgen-storage")
	missing := file + "-not"
	if err := os.WriteFile(file, nil, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file    string
		look    func(string) (string, error)
		version string
		want    string
	}{
		{file, inPath, "v1.2.3", file},
		{missing, inPath, "v1.2.3", "/usr/bin/redisgen-storage"},
		{missing, nowhere, "v1.2.3", "go run github.com/redisgen/redisgen/cmd/redisgen/redisgen-storage@v1.2.3"},
		{missing, nowhere, "", "go run github.com/redisgen/redisgen/cmd/redisgen/redisgen-storage"},
		{"", nowhere, "", "go run github.com/redisgen/redisgen/cmd/redisgen/redisgen-storage"},
	} {
		if got := storageLine(c.file, c.look, c.version); !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestStorageRunsTheProgram has a script stand for the program, in PATH.
func TestStorageRunsTheProgram(t *testing.T) {
	dir := t.TempDir()
	script := "#!/bin/sh\necho \"ran $*\"\ncat\necho told >&2\nexit ${CODE:-0}\n"
	if err := os.WriteFile(filepath.Join(dir, storageProgram), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, code := range []string{"0", "1", "2"} {
		t.Setenv("CODE", code)
		var stdout, stderr bytes.Buffer
		got := Do([]string{"storage", "migrate", "-from", "x", "--help"}, strings.NewReader("input\n"), &stdout, &stderr)
		if want := int(code[0] - '0'); got != want || stdout.String() != "ran migrate -from x --help\ninput\n" || stderr.String() != "told\n" {
			t.Errorf("exit %d, want %d: %q, %q", got, want, stdout.String(), stderr.String())
		}
	}
}
