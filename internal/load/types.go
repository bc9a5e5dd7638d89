package load

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"

	"github.com/redisgen/redisgen/schema"
)

// mistake is what is wrong with a type and what to write instead.
type mistake struct{ problem, instead string }

// unknownType is the mistake of a type that the type checker could not make
// sense of.
var unknownType = &mistake{"its type is unknown", "declare the type in a file that redisgen does not write, and import its package"}

// whyUnknown finds what the type checker said about the type of a field.
func (r *reader) whyUnknown(s fieldSource) string {
	if s.field != nil {
		for _, err := range r.root.TypeErrors {
			if s.field.Type.Pos() <= err.Pos && err.Pos < s.field.Type.End() {
				return unknownType.problem + " (" + err.Msg + ")"
			}
		}
	}
	return unknownType.problem
}

// resolve says how a field of type t is stored.
func (r *reader) resolve(t types.Type) (schema.Type, *mistake) {
	t = types.Unalias(t)
	if m := r.usable(t); m != nil {
		return schema.Type{}, m
	}
	pointer, ok := t.(*types.Pointer)
	if !ok {
		return resolveValue(t)
	}
	elem := types.Unalias(pointer.Elem())
	if _, ok := elem.Underlying().(*types.Pointer); ok {
		return schema.Type{}, &mistake{"a pointer to a pointer", "use a single *"}
	}
	s, m := resolveValue(elem)
	if m != nil {
		return schema.Type{}, m
	}
	if s.Nilable && (s.Kind == schema.Bytes || s.Kind == schema.JSON) {
		return schema.Type{}, &mistake{"a pointer to " + what(elem) + ", which may be nil itself", "remove the *: nil is stored as no field"}
	}
	s.Pointer = true
	return s, nil
}

// resolveValue says how a value of type t, which is no pointer, is stored.
func resolveValue(t types.Type) (schema.Type, *mistake) {
	_, named := t.(*types.Named)
	s := schema.Type{Go: types.TypeString(t, quotePath)}
	switch t.Underlying().(type) {
	case *types.Slice, *types.Map, *types.Interface:
		s.Nilable = true
	}
	if kind := ownKind(t); kind != "" {
		s.Kind = kind
		return s, nil
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		s.Named = named
		s.Kind, s.Bits = basicKind(u)
		if s.Kind == "" {
			return s, unstorable(t, "")
		}
		return s, nil
	case *types.Pointer:
		return s, &mistake{"a type that is defined as a pointer", "use * and the type that it points to"}
	case *types.Slice:
		if isByte(u.Elem()) {
			s.Kind, s.Named = schema.Bytes, named
			return s, nil
		}
		s.Elem = elemType(u.Elem())
	}
	s.Kind = schema.JSON
	return s, checkJSON(t)
}

// elemType describes the elements of a slice that is stored as JSON, or
// returns nil when they cannot be stored.
func elemType(t types.Type) *schema.Type {
	t = types.Unalias(t)
	pointer, isPointer := t.(*types.Pointer)
	if isPointer {
		t = types.Unalias(pointer.Elem())
	}
	if _, ok := t.(*types.Pointer); ok || checkJSON(t) != nil {
		return nil
	}
	s, m := resolveValue(t)
	if m != nil {
		return nil
	}
	s.Pointer = isPointer
	return &s
}

// quotePath qualifies a type by the quoted path of its package.
func quotePath(p *types.Package) string { return strconv.Quote(p.Path()) }

// ownKind returns the kind of types that are stored in a way of their own, ""
// for others.
func ownKind(t types.Type) schema.Kind {
	switch {
	case isTime(t, "Time"):
		return schema.Time
	case isTime(t, "Duration"):
		return schema.Duration
	case types.IsInterface(t):
		return ""
	case hasMethod(t, "MarshalText") && hasMethod(t, "UnmarshalText"):
		return schema.Text
	case hasMethod(t, "MarshalBinary") && hasMethod(t, "UnmarshalBinary"):
		return schema.Binary
	}
	return ""
}

func isTime(t types.Type, name string) bool {
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "time"
}

// signatures are those of the methods that marshal.
var signatures = map[string]string{
	"MarshalText":     "func() ([]byte, error)",
	"MarshalBinary":   "func() ([]byte, error)",
	"MarshalJSON":     "func() ([]byte, error)",
	"UnmarshalText":   "func([]byte) error",
	"UnmarshalBinary": "func([]byte) error",
	"UnmarshalJSON":   "func([]byte) error",
}

// hasMethod says whether t or *t has the method, one of signatures.
func hasMethod(t types.Type, name string) bool {
	if _, ok := t.(*types.Named); !ok {
		if _, ok := t.(*types.Struct); !ok { // may embed one that has it
			return false
		}
	}
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	f, ok := object.(*types.Func)
	if !ok {
		return false
	}
	return shape(f.Signature()) == signatures[name]
}

// shape is the text of a signature without the names of parameters.
func shape(s *types.Signature) string {
	unnamed := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			vars = append(vars, types.NewVar(v.Pos(), v.Pkg(), "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	return types.TypeString(types.NewSignatureType(nil, nil, nil, unnamed(s.Params()), unnamed(s.Results()), s.Variadic()), nil)
}

func isByte(t types.Type) bool { return types.Identical(t, types.Typ[types.Byte]) }

func basicKind(b *types.Basic) (kind schema.Kind, bits int) {
	switch b.Kind() {
	case types.String:
		return schema.String, 0
	case types.Bool:
		return schema.Bool, 0
	case types.Int:
		return schema.Int, 0
	case types.Int8:
		return schema.Int, 8
	case types.Int16:
		return schema.Int, 16
	case types.Int32:
		return schema.Int, 32
	case types.Int64:
		return schema.Int, 64
	case types.Uint:
		return schema.Uint, 0
	case types.Uint8:
		return schema.Uint, 8
	case types.Uint16:
		return schema.Uint, 16
	case types.Uint32:
		return schema.Uint, 32
	case types.Uint64:
		return schema.Uint, 64
	case types.Float32:
		return schema.Float, 32
	case types.Float64:
		return schema.Float, 64
	}
	return "", 0
}

// usable complains about parts of t that generated code beside the entity
// could not name.
func (r *reader) usable(t types.Type) *mistake {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		if t.Kind() == types.Invalid {
			return unknownType
		}
	case *types.Pointer:
		return r.usable(t.Elem())
	case *types.Slice:
		return r.usable(t.Elem())
	case *types.Array:
		return r.usable(t.Elem())
	case *types.Map:
		if m := r.usable(t.Key()); m != nil {
			return m
		}
		return r.usable(t.Elem())
	case *types.Struct:
		for v := range t.Fields() {
			if m := r.usable(v.Type()); m != nil {
				return m
			}
		}
	case *types.Named:
		for a := range t.TypeArgs().Types() {
			if m := r.usable(a); m != nil {
				return m
			}
		}
		if t.Underlying() == types.Typ[types.Invalid] {
			return unknownType
		}
		o := t.Obj()
		if o.Pkg() == nil || o.Pkg() == r.root.Types {
			return nil
		}
		name := types.TypeString(t, func(p *types.Package) string { return p.Name() })
		if !o.Exported() {
			return &mistake{fmt.Sprintf("type %s is not exported from package %s", o.Name(), o.Pkg().Path()), "use a type that this package can name"}
		}
		if !canImport(r.root.PkgPath, o.Pkg().Path()) {
			return &mistake{fmt.Sprintf("type %s is in an internal package, %s", name, o.Pkg().Path()), "use a type that this package can import"}
		}
	}
	return nil
}

// canImport applies Go's rule for internal packages.
func canImport(from, path string) bool {
	i := strings.LastIndex("/"+path+"/", "/internal/")
	if i < 0 {
		return true
	}
	parent := strings.TrimSuffix(path[:max(i-1, 0)], "/")
	return parent != "" && (from == parent || strings.HasPrefix(from, parent+"/"))
}

// hasZero says whether omitempty can tell the zero value of t.
func hasZero(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Slice, *types.Map:
		return true
	}
	return types.Comparable(t)
}
