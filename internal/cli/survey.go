package cli

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"

	"golang.org/x/tools/go/packages"

	"github.com/redisgen/redisgen/gen"
	"github.com/redisgen/redisgen/internal/load"
)

// survey finds the packages that match patterns, with or without entities,
// and the names, by import path, of all packages that they depend on.
func survey(patterns []string) (found []*packages.Package, names map[string]string, err error) {
	mode := packages.NeedName | packages.NeedFiles | packages.NeedImports | packages.NeedDeps
	roots, err := packages.Load(&packages.Config{Mode: mode}, patterns...)
	if err != nil {
		return nil, nil, err
	}
	for _, p := range roots {
		if p.Dir != "" {
			found = append(found, p)
		}
	}
	names = make(map[string]string)
	for p := range packages.Postorder(roots) {
		if p.Name != "" {
			names[p.PkgPath] = p.Name
		}
	}
	return found, names, nil
}

// beside generates a package into its own directory. Names are those of
// survey.
func beside(p *load.Package, names map[string]string) ([]gen.File, error) {
	taken, err := declared(p.Dir, p.Name)
	if err != nil {
		return nil, err
	}
	return gen.Generate(p.Package, gen.Options{Imports: names, Declared: taken})
}

// declared returns what the handwritten files of the package in dir, tests
// among them, declare at the top level.
func declared(dir, pkg string) (names []string, err error) {
	infos, err := handwritten(dir)
	if os.IsNotExist(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	for _, info := range infos {
		if filepath.Ext(info.Name()) != ".go" {
			continue
		}
		// Broken code is for the compiler to complain about.
		file, _ := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, info.Name()), nil, parser.SkipObjectResolution)
		if file != nil && file.Name.Name == pkg {
			names = append(names, topLevel(file)...)
		}
	}
	return names, nil
}

// topLevel returns the identifiers that file declares for its package.
func topLevel(file *ast.File) (names []string) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				names = append(names, decl.Name.Name)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names = append(names, spec.Name.Name)
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	return names
}
