package repo_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// imports returns what each Go file below a directory imports, without tests;
// generated tells whether the file is.
func imports(t *testing.T, dir string, visit func(path string, generated bool, imports []string)) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		var list []string
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			list = append(list, name)
		}
		visit(path, ast.IsGenerated(file), list)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Records are written and read without reflection; encoding/json alone, for
// fields stored as JSON, uses it. Documents of storages are of any form.
func TestNoReflection(t *testing.T) {
	imports(t, ".", func(path string, _ bool, list []string) {
		for _, name := range list {
			if name == "reflect" && !strings.HasPrefix(path, "tframex/storage/") || strings.HasPrefix(name, "github.com/redisgen/redisgen/gen") || strings.HasPrefix(name, "github.com/redisgen/redisgen/schema") && !strings.HasPrefix(path, "tframex") {
				t.Errorf("%s imports %s", path, name)
			}
		}
	})
}

// Generated code neither reflects nor builds text: what it needs for that is in
// this package.
func TestImportsOfGeneratedCode(t *testing.T) {
	for _, dir := range []string{"tframex", "../tests/app", "../gen/testdata"} {
		files := 0
		imports(t, dir, func(path string, generated bool, list []string) {
			if !generated {
				return
			}
			files++
			for _, name := range list {
				switch name {
				case "reflect", "fmt", "strings", "strconv", "bytes", "encoding/json", "unsafe":
					t.Errorf("%s imports %s", path, name)
				}
			}
		})
		if files == 0 {
			t.Errorf("%s has no generated file", dir)
		}
	}
}
