package gen_test

import (
	"bytes"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/gen"
	"github.com/redisgen/redisgen/schema"
)

func TestGenerateIsDeterministic(t *testing.T) {
	for _, c := range cases() {
		first := generate(t, c)
		for range 10 {
			again := generate(t, c)
			if !slices.EqualFunc(first, again, func(a, b gen.File) bool {
				return a.Path == b.Path && bytes.Equal(a.Content, b.Content)
			}) {
				t.Fatalf("%s is generated differently from one time to the next", c.dir)
			}
		}
	}
}

func TestGenerateSortsFiles(t *testing.T) {
	for _, c := range cases() {
		files := generate(t, c)
		if !slices.IsSortedFunc(files, func(a, b gen.File) int { return strings.Compare(a.Path, b.Path) }) {
			t.Errorf("the files of %s are not sorted by path", c.dir)
		}
	}
}

func TestGenerateNothing(t *testing.T) {
	p := &schema.Package{Name: "app", Path: "example.com/app"}
	for _, o := range []gen.Options{{}, {PackagePath: "example.com/store"}} {
		files, err := gen.Generate(p, o)
		if err != nil || len(files) != 0 {
			t.Errorf("Generate of no entities with %+v = %d files, %v; want none", o, len(files), err)
		}
	}
}

func TestGenerateUnreachable(t *testing.T) {
	pkg := &schema.Package{Name: "app", Path: "example.com/app"}
	pkg.Entities = []*schema.Entity{
		entity("user", "users", nil,
			field{"ID", str, "id,key", nil},
			field{"name", str, "name", nil},
			field{"State", document(`map[string]"example.com/app".state`), "state", nil},
		),
		entity("Order", "orders", nil,
			field{"ID", str, "id,key", nil},
			field{"Other", document(`"example.com/other".hidden`), "other", nil},
		),
	}
	pkg.Entities[0].Pos = schema.Pos{File: "app.go", Line: 5, Column: 6}
	tests := []struct {
		options gen.Options
		want    string
	}{
		{gen.Options{}, `
app.go:11:2: Order.Other: type other.hidden is not exported, so code in package app cannot use it; export it
`},
		{gen.Options{PackagePath: "example.com/store"}, `
app.go:5:6: user: the type is not exported, so code in package store cannot use it; export it, or generate beside the struct, without -out
app.go:11:2: Order.Other: type other.hidden is not exported, so code in package store cannot use it; export it, or generate beside the struct, without -out
app.go:11:2: user.name: the field is not exported, so code in package store cannot use it; export it, or generate beside the struct, without -out
app.go:12:2: user.State: type app.state is not exported, so code in package store cannot use it; export it, or generate beside the struct, without -out
`},
	}
	for _, test := range tests {
		files, err := gen.Generate(pkg, test.options)
		var errs schema.Errors
		if !errors.As(err, &errs) {
			t.Errorf("Generate with %+v returns error %v, want schema.Errors", test.options, err)
			continue
		}
		if got, want := err.Error(), strings.TrimSpace(test.want); got != want {
			t.Errorf("Generate with %+v:\n%s\nwant:\n%s", test.options, got, want)
		}
		if len(files) != 0 {
			t.Errorf("Generate with %+v returns files beside the error", test.options)
		}
	}
}

// TestGenerateImports covers import clauses that name the package.
func TestGenerateImports(t *testing.T) {
	p := &schema.Package{Name: "app", Path: "example.com/app"}
	p.Entities = []*schema.Entity{entity("User", "users", nil,
		field{"ID", str, "id,key", nil},
		field{"A", document(`"gopkg.in/guregu/null.v4".Int`), "a", nil},
		field{"B", document(`"example.com/go-money/v2".Amount`), "b", nil},
		field{"C", document(`"example.com/x/v1".Type`), "c", nil},
		field{"D", document(`"example.com/strange".Type`), "d", nil},
		field{"E", document(`"example.com/err".Type`), "e", nil},
		field{"F", document(`"example.com/row".Type`), "f", nil},
		field{"G", document(`"example.com/9".Type`), "g", nil},
	)}
	files, err := gen.Generate(p, gen.Options{
		Imports:  map[string]string{"example.com/strange": "known", "gopkg.in/guregu/null.v4": "null"},
		Declared: []string{"repo", "Users", "money"},
	})
	if err != nil {
		t.Fatal(err)
	}
	content := string(files[0].Content)
	for _, want := range []string{
		`import (
	_ "embed"

	pkg "example.com/9"
	errpkg "example.com/err"
	moneypkg "example.com/go-money/v2"
	rowpkg "example.com/row"
	known "example.com/strange"
	"example.com/x/v1"
	repopkg "github.com/redisgen/redisgen/repo"
	"gopkg.in/guregu/null.v4"
)
`,
		"errpkg.Type", "moneypkg.Amount", "known.Type", "x.Type", "null.Int", "repopkg.GeneratedV1",
		"// userEntity describes users to package repopkg.\n",
		"come from [repopkg.Repository].\n",
		"type UsersRepository struct",
		"func NewUsersRepository(client *repopkg.Client) *UsersRepository {",
	} {
		if !strings.Contains(content, want) {
			t.Errorf("the generated code lacks %q:\n%s", want, content)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for _, size := range []struct {
		name     string
		entities int
	}{{"50", 50}, {"300", 300}} {
		p := benchmarkPackage(size.entities)
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := gen.Generate(p, gen.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(runtime.GOMAXPROCS(0)), "procs")
		})
	}
}
