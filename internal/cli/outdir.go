package cli

import (
	"errors"
	"fmt"
	"go/build"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"unicode"

	"golang.org/x/mod/modfile"

	"github.com/redisgen/redisgen/gen"
	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/internal/load"
)

// elsewhere generates the one package of packages into another directory.
// Names are those of survey.
func elsewhere(packages []*load.Package, names map[string]string, dir string) (output, error) {
	if len(packages) != 1 {
		return output{}, command.Usagef("-out takes the entities of one package, not of %d", len(packages))
	}
	p := packages[0]
	dir, err := filepath.Abs(dir)
	if err != nil {
		return output{}, err
	}
	o := output{dir: dir, source: p.Path}
	if sameFile(dir, p.Dir) {
		o.files, err = beside(p, names)
		return o, err
	}
	if p.Name == "main" {
		return output{}, command.Usagef("-out cannot work for package main, which nothing can import")
	}
	o.elsewhere = true
	options := gen.Options{Imports: names}
	if options.PackageName, err = packageName(dir); err != nil {
		return output{}, err
	}
	if options.PackagePath, err = importPath(dir); err != nil {
		return output{}, err
	}
	if options.Declared, err = declared(dir, options.PackageName); err != nil {
		return output{}, err
	}
	o.files, err = gen.Generate(p.Package, options)
	return o, err
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

// packageName is the name of the package in dir, as its handwritten files
// have it, else the letters and digits of the directory's name.
func packageName(dir string) (string, error) {
	context := build.Default
	context.ReadDir = func(dir string) ([]fs.FileInfo, error) { return handwritten(dir) }
	p, err := context.ImportDir(dir, 0)
	if p.Name != "" {
		return p.Name, nil
	}
	var none *build.NoGoError
	if _, statErr := os.Stat(dir); statErr == nil && !errors.As(err, &none) {
		return "", err
	}
	name := strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, filepath.Base(dir))
	if !token.IsIdentifier(name) {
		return "", fmt.Errorf("%s: no Go file there names the package, and %q is no Go name; add a doc.go with a package clause", shortPath(dir), name)
	}
	return name, nil
}

// handwritten lists the files of dir that redisgen did not generate.
func handwritten(dir string) ([]fs.FileInfo, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var infos []fs.FileInfo
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) == ".go" {
			content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
			if err == nil && generated(entry.Name(), content) {
				continue
			}
		}
		info, err := entry.Info()
		if err != nil {
			return nil, err
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// importPath is the path by which Go code imports the package in dir, which
// need not exist yet.
func importPath(dir string) (string, error) {
	root, module, err := findModule(dir)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return "", err
	}
	return path.Join(module, filepath.ToSlash(rel)), nil
}

// findModule returns the directory and the path of the module around dir.
func findModule(dir string) (root, module string, err error) {
	for root = dir; ; root = filepath.Dir(root) {
		content, err := os.ReadFile(filepath.Join(root, "go.mod"))
		if err == nil {
			return root, modfile.ModulePath(content), nil
		}
		if !errors.Is(err, os.ErrNotExist) {
			return "", "", err
		}
		if root == filepath.Dir(root) {
			return "", "", fmt.Errorf("%s is in no module; run: go mod init", shortPath(dir))
		}
	}
}
