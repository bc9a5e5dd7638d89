// Package load reads entities from the source of Go packages.
package load

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/redisgen/redisgen/schema"
)

// Package is a Go package that declares entities.
type Package struct {
	*schema.Package
	Dir string // absolute
}

// Load reads the packages that match the patterns, seen from dir (""
// is the current directory), and returns those that declare entities, together
// with all mistakes in their schemas, sorted. Positions name files relative to
// dir. An error means that the patterns cannot be resolved.
//
// Files that redisgen wrote are left out, so it does no harm when they are
// stale, broken or missing; and type errors matter only in the types of
// stored fields. Test files are not read.
func Load(dir string, patterns ...string) ([]*Package, schema.Errors, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, nil, err
	}
	l := newLoader(dir)
	roots, err := l.packages(patterns)
	if err != nil {
		return nil, nil, err
	}
	var loaded []*Package
	for _, root := range roots {
		p := l.readPackage(root)
		if len(p.Entities) == 0 {
			continue
		}
		l.errs = append(l.errs, p.Validate()...)
		loaded = append(loaded, &Package{Package: p, Dir: filepath.Dir(root.GoFiles[0])})
	}
	l.errs.Sort()
	return loaded, l.errs, nil
}

const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
	packages.NeedImports | packages.NeedTypes | packages.NeedSyntax

// packages returns the packages that match the patterns and have Go files.
func (l *loader) packages(patterns []string) ([]*packages.Package, error) {
	generated, err := l.findGenerated(patterns)
	if err != nil {
		return nil, err
	}
	config := &packages.Config{Mode: mode, Dir: l.dir, Fset: l.fset, ParseFile: l.parse}
	if len(generated) > 0 {
		// The go command would compile our files, which takes longer than all else, and a
		// stale one may bear another package name, which it would take for the package's.
		overlay, err := hide(generated)
		if err != nil {
			return nil, err
		}
		defer overlay.remove()
		config.BuildFlags = []string{"-overlay=" + overlay.file}
	}
	roots, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, err
	}
	var failed []error
	var found []*packages.Package
	for _, p := range roots {
		switch {
		case len(p.GoFiles) > 0:
			found = append(found, p)
		case len(p.IgnoredFiles) == 0 || len(roots) == 1:
			for _, e := range p.Errors {
				failed = append(failed, errors.New(e.Msg))
			}
		}
	}
	if len(failed) > 0 {
		return nil, errors.Join(failed...)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("no Go packages match %s", strings.Join(patterns, " "))
	}
	return found, nil
}

// readPackage reads the entities of one package.
func (l *loader) readPackage(root *packages.Package) *schema.Package {
	p := &schema.Package{Name: root.Name, Path: root.PkgPath}
	if l.reportSyntax(root) {
		return p // half of a file makes half of an entity: complain of nothing else
	}
	for _, file := range root.Syntax {
		l.indexFields(file)
	}
	for _, file := range root.Syntax {
		for _, d := range l.findEntities(file) {
			if e := l.readEntity(root, d); e != nil {
				p.Entities = append(p.Entities, e)
			}
		}
	}
	return p
}
