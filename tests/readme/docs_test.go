package readme

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/imports"

	"github.com/redisgen/redisgen/tests/consumer"
)

// fragment is the file around a block of Go that is not one of its own. What
// the pages speak of is there; what a block declares may go unused.
const fragment = `package fragments

import (
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func %s(ctx context.Context, client *repo.Client, users *app.Users, sessions *app.Sessions, shops *app.Shops, ann *app.User, session *app.Session) error {
	f := app.ShopFields
	_ = f
	{
%s
%s
	}
	return nil
}
`

// printing is the file around a block of Go that prints, and what it prints. The
// store that it reads is in testdata.
const printing = `package fragments

import (
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

func Example_%s() {
	f := app.ShopFields
	show(func(ctx context.Context, shops *app.Shops) error {
%s
		return nil
	})
	// Output:
%s}
`

// TestDocs compiles and runs the blocks of the pages in docs. The info string
// of a block says how:
//
//	sh module      run in the module
//	sh checkout    targets of the Makefile
//	go file=NAME   written to that file of the module, generated for and tested
//	go in=NAME     part of that file of the checkout
//	go             compiled, as the body of a function
//	go prints      run, as the body of a function
//	text output    what the block before prints
func TestDocs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	m := consumer.Empty(t, "docs")
	m.Run("go", "mod", "init", "example.com/docs")
	m.Replace()
	m.Run("go", "get", "-tool", "github.com/redisgen/redisgen/cmd/redisgen")
	var commands []block
	for _, file := range files {
		page := filepath.Base(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		list, err := blocks(string(text))
		if err != nil {
			t.Fatalf("%s: %v", page, err)
		}
		for i, b := range list {
			what, name, _ := strings.Cut(b.info, "=")
			switch b.lang + " " + what {
			case "sh module":
				commands = append(commands, b)
			case "sh checkout":
				checkTargets(t, b)
			case "go file":
				m.Write(name, b.text)
			case "go in":
				if !strings.Contains(read(t, name), b.text) {
					t.Errorf("%s:%d: this is not in %s", page, b.line, name)
				}
			case "go ":
				name := nameOf(page, b)
				m.Write("fragments/"+name+"_test.go", wrap(t, name, b)) // of a test, so that it is compiled once
			case "go prints":
				if i+1 == len(list) || list[i+1].info != "output" {
					t.Fatalf("%s:%d: what the block prints does not follow it", page, b.line)
				}
				name := nameOf(page, b)
				m.Write("fragments/"+name+"_test.go", wrapPrinting(t, name, b, list[i+1]))
			case "text output":
				if i == 0 || list[i-1].info != "prints" {
					t.Errorf("%s:%d: the block before prints nothing", page, b.line)
				}
			default:
				t.Errorf("%s:%d: nothing is known of blocks %q", page, b.line, b.lang+" "+b.info)
			}
		}
	}
	m.Write("fragments/market_test.go", read(t, "tests/readme/testdata/market_test.go"))
	m.Run("go", "generate", "./...")
	m.Run("go", "get", "-t", "./...")
	m.Run("go", "vet", "./...")
	m.Run("go", "test", "-vet=off", "./...") // vetted above
	for _, b := range commands {
		m.Run("bash", "-euc", b.text)
	}
}

// nameOf returns a name for a block of a page.
func nameOf(page string, b block) string {
	return fmt.Sprintf("%s%d", strings.ReplaceAll(strings.TrimSuffix(page, ".md"), "-", "_"), b.line)
}

// wrapPrinting makes a Go file of a block and what it prints.
func wrapPrinting(t *testing.T, name string, b, output block) string {
	t.Helper()
	comment := ""
	for line := range strings.Lines(output.text) {
		comment += "\t// " + line
	}
	return withImports(t, name, fmt.Sprintf(printing, name, b.text, comment))
}

// withImports returns the text of a Go file with its imports completed.
func withImports(t *testing.T, name, text string) string {
	t.Helper()
	complete, err := imports.Process("", []byte(text), nil)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
	return string(complete)
}

// wrap makes a Go file of a block.
func wrap(t *testing.T, name string, b block) string {
	t.Helper()
	var uses []string
	for line := range strings.Lines(b.text) {
		names, _, declares := strings.Cut(line, " := ")
		if declares && !strings.HasPrefix(line, "\t") && !strings.Contains(names, " range") && !strings.HasPrefix(names, "for ") && !strings.HasPrefix(names, "if ") {
			uses = append(uses, "\t_ = []any{"+names+"}")
		}
	}
	return withImports(t, name, fmt.Sprintf(fragment, name, b.text, strings.Join(uses, "\n")))
}
