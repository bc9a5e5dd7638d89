// Package gen turns a schema into Go and Lua source. It writes nothing to
// disk, and the same schema gives the same bytes every time.
package gen

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"github.com/dave/jennifer/jen"
	"golang.org/x/tools/imports"

	"github.com/redisgen/redisgen/gen/lua"
	"github.com/redisgen/redisgen/schema"
)

// File is a generated file.
type File struct {
	Path    string // base name, in the directory of the output package
	Content []byte
}

// Options says what the code is generated for. The zero value generates it
// into the package of the entities.
type Options struct {
	// PackageName and PackagePath are the name and the import path of
	// another package to generate into. It gets aliases to the entity types,
	// and to the enum types with their constants.
	PackageName string
	PackagePath string

	// Imports holds, by import path, the names of packages that are not
	// called after their path, as gopkg.in/yaml.v3 and go-redis/v9 are.
	Imports map[string]string

	// Declared lists the identifiers that hand-written files of the output
	// package declare; the generated ones keep clear of them.
	Declared []string
}

// Generate returns the files for the entities of p, sorted by path: of each
// entity a Go file and the Lua script that it embeds. p must be valid, as
// p.Validate and p.Unsupported have it. What cannot be generated into another
// package is reported as [schema.Errors].
func Generate(p *schema.Package, o Options) ([]File, error) {
	g := newGenerator(p, o)
	if errs := g.unreachable(); len(errs) > 0 {
		errs.Sort()
		return nil, errs
	}
	tasks := g.tasks()
	files := make([]File, len(tasks))
	errs := make([]error, len(tasks))
	var wg sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, t := range tasks {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			files[i].Path = t.path
			files[i].Content, errs[i] = t.content()
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return files, nil
}

// task makes one file.
type task struct {
	path    string
	content func() ([]byte, error)
}

func (g *generator) tasks() []task {
	var tasks []task
	goFile := func(base string, fill func(*source)) {
		tasks = append(tasks, task{base + ".go", func() ([]byte, error) { return g.render(base+".go", fill) }})
	}
	for _, e := range g.entities {
		goFile(e.file, e.declare)
		tasks = append(tasks, task{e.file + ".lua", func() ([]byte, error) { return []byte(lua.Script(g.pkg, e.Entity)), nil }})
	}
	if g.sharedEnums() {
		goFile(g.enumFile, g.declareSharedEnums)
	}
	if g.elsewhere() && len(g.entities) > 0 {
		goFile(g.aliasFile, g.declareAliases)
	}
	return tasks
}

// render returns the Go file that fill declares.
func (g *generator) render(path string, fill func(*source)) ([]byte, error) {
	s := &source{g.newFile()}
	fill(s)
	var raw bytes.Buffer
	if err := s.file.Render(&raw); err != nil {
		return nil, fmt.Errorf("gen: %s: %w", path, err)
	}
	content, err := imports.Process(path, raw.Bytes(), &imports.Options{
		FormatOnly: true, Comments: true, TabIndent: true, TabWidth: 8,
	})
	if err != nil {
		return nil, fmt.Errorf("gen: %s does not parse: %w", path, err)
	}
	return content, nil
}

// source is a Go file in the making.
type source struct{ file *jen.File }

// declare adds a declaration after a blank line and its doc comment.
func (s *source) declare(doc string, declaration ...jen.Code) {
	s.file.Line()
	s.file.Comment(doc)
	s.file.Add(declaration...)
}
