package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/tests/consumer"
)

// read returns a file of the checkout.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadme does what README.md says, block by block. The info string of a
// block says how:
//
//	sh tutorial     run in the tutorial's module
//	sh checkout     targets of the Makefile
//	go file=NAME    written to that file of the module
//	go same=NAME    that file of the module is so
//	text output     what the block before has printed
func TestReadme(t *testing.T) {
	t.Parallel()
	list, err := blocks(read(t, "README.md"))
	if err != nil {
		t.Fatalf("README.md: %v", err)
	}
	m := consumer.Empty(t, "shop")
	m.Setenv("REDIS_URL", redisd.Start(t).URL())
	printed := ""
	for _, b := range list {
		what, name, _ := strings.Cut(b.info, "=")
		t.Logf("README.md:%d: %s %s", b.line, b.lang, b.info)
		switch b.lang + " " + what {
		case "sh tutorial":
			printed = m.Run("bash", "-euc", b.text)
			if strings.Contains(b.text, "go mod init") {
				m.Replace() // as the text below the block says
			}
		case "sh checkout":
			checkTargets(t, b)
		case "go file":
			m.Write(name, b.text)
		case "go same":
			if got, err := os.ReadFile(filepath.Join(m.Dir, name)); err != nil || string(got) != b.text {
				t.Errorf("README.md:%d: %s is not so, but (%v)\n%s", b.line, name, err, got)
			}
		case "text output":
			if printed != b.text {
				t.Errorf("README.md:%d: the output is\n%s", b.line, printed)
			}
		default:
			t.Errorf("README.md:%d: nothing is known of blocks %q", b.line, b.lang+" "+b.info)
		}
	}
	m.Run("go", "vet", "./...")
	if files := m.Run("gofmt", "-l", "."); files != "" {
		t.Errorf("gofmt would change %s", files)
	}
}

// checkTargets checks that make knows what the block has it do.
func checkTargets(t *testing.T, b block) {
	for line := range strings.Lines(b.text) {
		words := strings.Fields(line)
		if len(words) != 2 || words[0] != "make" {
			t.Errorf("README.md:%d: %q is no call of make", b.line, line)
			continue
		}
		cmd := exec.Command("make", "-n", words[1])
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("README.md:%d: make %s: %v\n%s", b.line, words[1], err, out)
		}
	}
}

var (
	link   = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)
	fences = regexp.MustCompile("(?ms)^```.*?^```$")
)

// TestLinks checks that links within the documentation lead to files.
func TestLinks(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "../../README.md") {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range link.FindAllStringSubmatch(fences.ReplaceAllString(string(text), ""), -1) {
			if strings.Contains(found[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), found[1])); err != nil {
				t.Errorf("%s: the link leads nowhere: %v", filepath.Base(file), err)
			}
		}
	}
}
