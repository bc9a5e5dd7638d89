package cli

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/gen"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/schema"
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
	packages, mistakes, err := load.Load(".", c.patterns()...)
	if err != nil {
		return nil, err
	}
	for _, p := range packages {
		mistakes = append(mistakes, p.Unsupported()...)
	}
	if len(mistakes) > 0 {
		return nil, shorten(mistakes)
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
		found, err := o.changes()
		changes = append(changes, found...)
		problems = append(problems, err)
	}
	slices.SortFunc(changes, func(a, b change) int { return cmp.Compare(a.path, b.path) })
	return changes, errors.Join(problems...)
}

// outputs generates the packages in memory.
func (c *call) outputs(packages []*load.Package, out string) ([]output, error) {
	if out != "" {
		o, err := elsewhere(packages, out)
		return []output{o}, err
	}
	outputs, err := beside(c.patterns())
	if err != nil {
		return nil, err
	}
	var problems []error
	for i := range outputs {
		o := &outputs[i]
		at := slices.IndexFunc(packages, func(p *load.Package) bool { return p.Path == o.source })
		if at >= 0 {
			o.files, err = gen.Generate(packages[at].Package, gen.Options{})
			problems = append(problems, err)
		}
	}
	return outputs, errors.Join(problems...)
}

// noteIfNone says so when there is nothing to do, which is no error.
func (c *call) noteIfNone(packages []*load.Package) {
	if len(packages) == 0 {
		fmt.Fprintf(c.stderr, "redisgen: no entities in %s; mark a struct with //redisgen:entity NAME\n",
			strings.Join(c.patterns(), " "))
	}
}

// shorten returns mistakes in order, with the paths that the user would type.
func shorten(mistakes schema.Errors) schema.Errors {
	short := make(schema.Errors, len(mistakes))
	for i, mistake := range mistakes {
		m := *mistake
		m.Pos.File = shortPath(m.Pos.File)
		m.Other.File = shortPath(m.Other.File)
		short[i] = &m
	}
	short.Sort()
	return short
}
