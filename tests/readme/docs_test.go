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

func %s(ctx context.Context, client *repo.Client, users *app.Users, sessions *app.Sessions, ann *app.User, session *app.Session) error {
	{
%s
%s
	}
	return nil
}
`

// TestDocs compiles and runs the blocks of the pages in docs. The info string
// of a block says how:
//
//	sh module      run in the module
//	sh checkout    targets of the Makefile
//	go file=NAME   written to that file of the module, generated for and tested
//	go             compiled, as the body of a function
func TestDocs(t *testing.T) {
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
		for _, b := range list {
			what, name, _ := strings.Cut(b.info, "=")
			switch b.lang + " " + what {
			case "sh module":
				commands = append(commands, b)
			case "sh checkout":
				checkTargets(t, b)
			case "go file":
				m.Write(name, b.text)
			case "go ":
				name := fmt.Sprintf("%s%d", strings.TrimSuffix(page, ".md"), b.line)
				m.Write("fragments/"+name+".go", wrap(t, name, b))
			default:
				t.Errorf("%s:%d: nothing is known of blocks %q", page, b.line, b.lang+" "+b.info)
			}
		}
	}
	m.Run("go", "generate", "./...")
	m.Run("go", "get", "-t", "./...")
	m.Run("go", "vet", "./...")
	m.Run("go", "test", "./...")
	for _, b := range commands {
		m.Run("bash", "-euc", b.text)
	}
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
	text, err := imports.Process("", fmt.Appendf(nil, fragment, name, b.text, strings.Join(uses, "\n")), nil)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, b.text)
	}
	return string(text)
}
