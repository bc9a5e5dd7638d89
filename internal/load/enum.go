package load

import (
	"cmp"
	"fmt"
	"go/constant"
	"go/types"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// readEnum gives f the constants of its type. Of constants with one value it
// takes the first; of another package's, the exported ones.
func (r *reader) readEnum(f *schema.Field, t types.Type, pos schema.Pos) {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	named, ok := t.(*types.Named)
	if !ok || named.Obj().Pkg() == nil {
		r.fail(f.Go, pos, fmt.Sprintf("enum on %s, which is no type of its own with constants", what(t)), "define a string or integer type and its constants")
		return
	}
	if b, ok := t.Underlying().(*types.Basic); !ok || b.Info()&(types.IsString|types.IsInteger) == 0 {
		r.fail(f.Go, pos, fmt.Sprintf("enum on %s, which is neither a string nor an integer", what(t)), "define a string or integer type and its constants")
		return
	}
	pkg := named.Obj().Pkg()
	var constants []*types.Const
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if ok && types.Identical(c.Type(), t) && (c.Exported() || pkg == r.root.Types) && c.Val().Kind() != constant.Unknown {
			constants = append(constants, c)
		}
	}
	slices.SortFunc(constants, func(a, b *types.Const) int {
		p, q := r.fset.Position(a.Pos()), r.fset.Position(b.Pos())
		return cmp.Or(strings.Compare(p.Filename, q.Filename), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
	})
	seen := map[string]bool{}
	for _, c := range constants {
		value := c.Val().ExactString()
		if c.Val().Kind() == constant.String {
			value = constant.StringVal(c.Val())
		}
		if !seen[value] {
			seen[value] = true
			f.Enum = append(f.Enum, schema.Const{Go: quotePath(pkg) + "." + c.Name(), Value: value})
		}
	}
	if len(f.Enum) == 0 {
		r.fail(f.Go, pos, fmt.Sprintf("type %s has no constants", what(t)), "declare its values as constants in package "+pkg.Name()+", or remove enum")
	}
}
