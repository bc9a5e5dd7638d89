package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/internal/load"
)

// change is a file that is not what generate would make of it.
type change struct {
	path     string
	old, new []byte // nil: there is no file, there shall be none
}

func outFlag(flags *flag.FlagSet) *string {
	return flags.String("out", "", "write to `DIR`, another package, with aliases to the types of one input package")
}

// plan returns what generate changes, without changing it: the files of the
// call's packages, in the directory out unless that is empty.
func (c *call) plan(out string) ([]change, error) {
	packages, err := c.packages()
	if err != nil {
		return nil, err
	}
	c.noteIfNone(packages)

	outputs, err := c.outputs(packages, out)
	if err != nil {
		return nil, err
	}
	var (
		changes  []change
		problems []error
	)
	for _, o := range outputs {
		of, err := o.changes()
		changes = append(changes, of...)
		problems = append(problems, err)
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.path, b.path) })
	return changes, errors.Join(problems...)
}

// outputs generates the packages in memory.
func (c *call) outputs(packages []*load.Package, out string) ([]output, error) {
	found, names, err := survey(c.patterns())
	if err != nil {
		return nil, err
	}
	if out != "" {
		o, err := elsewhere(packages, names, out)
		return []output{o}, err
	}
	var (
		outputs  []output
		problems []error
	)
	for _, p := range found {
		o := output{dir: p.Dir, source: p.PkgPath}
		at := slices.IndexFunc(packages, func(with *load.Package) bool { return with.Path == p.PkgPath })
		if at >= 0 {
			o.files, err = beside(packages[at], names)
			problems = append(problems, err)
		}
		outputs = append(outputs, o)
	}
	return outputs, errors.Join(problems...)
}

// noteIfNone says so when there is nothing to do, which is no error.
func (c *call) noteIfNone(packages []*load.Package) {
	if len(packages) == 0 {
		fmt.Fprintf(c.Stderr, "redisgen: no entities in %s; mark a struct with //redisgen:entity NAME\n",
			strings.Join(c.patterns(), " "))
	}
}
