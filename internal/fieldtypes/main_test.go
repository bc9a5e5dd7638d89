package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// The files in package repo are as generated.
func TestUpToDate(t *testing.T) {
	files, err := render()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		path := filepath.Join("../../repo", name)
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not as generated (%v); go generate ./repo writes it", path, err)
		}
	}
}
