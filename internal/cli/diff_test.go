package cli

import (
	"bytes"
	"os"
	"testing"
)

func TestDiff(t *testing.T) {
	tests := []struct {
		c    change
		want string
	}{
		{change{"a.lua", []byte("-- one\nsame\n"), []byte("two\nsame\n")},
			"--- a/a.lua\n+++ b/a.lua\n@@ -1,2 +1,2 @@\n--- one\n+two\n same\n"},
		{change{"a.go", nil, []byte("package a\n")},
			"--- /dev/null\n+++ b/a.go\n@@ -0,0 +1 @@\n+package a\n"},
		{change{"a.go", []byte("package a"), nil},
			"--- a/a.go\n+++ /dev/null\n@@ -1 +0,0 @@\n-package a\n\\ No newline at end of file\n"},
	}
	for _, test := range tests {
		if got := test.c.diff(); got != test.want {
			t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
		}
	}
}

func TestColourDiff(t *testing.T) {
	got := colourDiff("--- a/a.lua\n+++ b/a.lua\n@@ -1,2 +1,2 @@\n--- one\n+two\n same\n")
	want := "\x1b[1m--- a/a.lua\x1b[m\n\x1b[1m+++ b/a.lua\x1b[m\n\x1b[36m@@ -1,2 +1,2 @@\x1b[m\n" +
		"\x1b[31m--- one\x1b[m\n\x1b[32m+two\x1b[m\n same\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestColourfulOnlyOnTerminals(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if colourful(file) || colourful(new(bytes.Buffer)) {
		t.Error("colours outside a terminal")
	}
}
