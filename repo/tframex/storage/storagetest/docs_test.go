package storagetest

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// TestDocs compares the table of differences in docs/storage.md with those that the suite
// asserts. The test fails with the table as it has to be.
func TestDocs(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/storage.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| | redis | memory | sqlite | postgresql | s3 |\n| --- | --- | --- | --- | --- | --- |\n")
	for field := range reflect.TypeFor[Differences]().NumField() {
		name := reflect.TypeFor[Differences]().Field(field).Name
		fmt.Fprintf(&want, "| `%s` |", name)
		for _, d := range []Differences{Redis, Memory, SQLite, PostgreSQL, S3} {
			fmt.Fprintf(&want, " %s |", cell(reflect.ValueOf(d).Field(field)))
		}
		want.WriteString("\n")
		if !strings.Contains(string(text), "`"+name+"`:") {
			t.Errorf("docs/storage.md does not say what %s is", name)
		}
	}
	if !strings.Contains(string(text), "\n\n"+want.String()+"\n") {
		t.Errorf("docs/storage.md has another table of differences than\n%s", want.String())
	}
}

// cell is what the table has for a difference.
func cell(v reflect.Value) string {
	switch {
	case v.IsZero():
		return ""
	case v.Kind() == reflect.String:
		return "`" + v.String() + "`"
	}
	return "yes"
}
