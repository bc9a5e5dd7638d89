package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/gen"
	"github.com/redisgen/redisgen/internal/load"
)

// BenchmarkGenerate measures what redisgen generate does for packages of many
// entities of twelve fields: loading the source, which go/packages and the go
// command do, and generating; and how long the result takes to build.
func BenchmarkGenerate(b *testing.B) {
	for _, entities := range []int{50, 300} {
		b.Run(fmt.Sprint(entities), func(b *testing.B) {
			dir := entityModule(b, entities)
			run(b, dir, "go", "build", ".", "github.com/redisgen/redisgen/repo") // what all builds share
			var loads, generates []float64
			var build float64
			for round := range 5 {
				start := time.Now()
				packages, mistakes, err := load.Load(dir, ".")
				check(b, err)
				if len(packages) != 1 || len(mistakes) > 0 {
					b.Fatalf("loaded %d packages: %v", len(packages), mistakes)
				}
				loads = append(loads, millis(start))

				start = time.Now()
				files, err := gen.Generate(packages[0].Package, gen.Options{})
				check(b, err)
				generates = append(generates, millis(start))

				if round > 0 {
					continue
				}
				for _, f := range files {
					check(b, os.WriteFile(filepath.Join(dir, f.Path), f.Content, 0o666))
				}
				// The go command would find in its cache what it has built before.
				unique := fmt.Sprintf("package many\n\nconst Built = %d\n", time.Now().UnixNano())
				check(b, os.WriteFile(filepath.Join(dir, "built.go"), []byte(unique), 0o666))
				start = time.Now()
				run(b, dir, "go", "build", ".")
				build = millis(start)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(loads), "load-ms")
			b.ReportMetric(median(generates), "generate-ms")
			b.ReportMetric(build, "build-ms")
		})
	}
}

func millis(start time.Time) float64 { return micros(time.Since(start)) / 1e3 }

// entityModule writes a module with that many entities. No two have the same
// fields, since the compiler would share code between them.
func entityModule(b *testing.B, entities int) string {
	b.Helper()
	root, err := filepath.Abs("../..")
	check(b, err)
	dir := b.TempDir()
	var source strings.Builder
	source.WriteString("package many\n\nimport \"time\"\n")
	for i := range entities {
		fmt.Fprintf(&source, `
// Entity%[1]d is one of many.
//
//redisgen:entity entity%[1]d
//redisgen:index Status order CreatedAt
type Entity%[1]d struct {
	ID        string            `+"`redis:\"id,key\"`"+`
	Email     string            `+"`redis:\"email,unique,fold\"`"+`
	Status    string            `+"`redis:\"status\"`"+`
	Age       int               `+"`redis:\"age,sort\"`"+`
	Tags      []string          `+"`redis:\"tags,index\"`"+`
	Balance   float64           `+"`redis:\"balance\"`"+`
	Active    bool              `+"`redis:\"active\"`"+`
	Nickname  *string           `+"`redis:\"nickname\"`"+`
	CreatedAt time.Time         `+"`redis:\"created_at,created,sort\"`"+`
	UpdatedAt time.Time         `+"`redis:\"updated_at,updated\"`"+`
	Version   int64             `+"`redis:\"version,version\"`"+`
	Labels%[1]d   map[string]string `+"`redis:\"labels\"`"+`
}
`, i)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	check(b, err)
	for name, content := range map[string]string{
		"go.mod": "module example.com/many\n\ngo 1.26.0\n\nrequire github.com/redisgen/redisgen v0.0.0\n\n" +
			"replace github.com/redisgen/redisgen => " + root + "\n",
		"go.sum":  string(sum),
		"many.go": source.String(),
	} {
		check(b, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666))
	}
	return dir
}

// run runs a command in a module without a network.
func run(b *testing.B, dir, name string, args ...string) {
	b.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
