package load

import (
	"fmt"
	"go/types"
	"reflect"

	"github.com/redisgen/redisgen/schema"
)

// checkJSON complains when encoding/json cannot write values of type t and
// read them back.
func checkJSON(t types.Type) *mistake {
	return (&jsonChecker{seen: map[types.Type]bool{}}).check(t, "")
}

type jsonChecker struct {
	seen map[types.Type]bool
}

// check checks t, which is at where in the field: "" or "Settings.Notify".
func (c *jsonChecker) check(t types.Type, where string) *mistake {
	t = types.Unalias(t)
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if isTime(t, "Time") {
		return nil
	}
	if _, ok := t.(*types.Named); ok {
		if where == "" {
			where = what(t)
		}
		if !types.IsInterface(t) {
			writes := hasMethod(t, "MarshalJSON") || hasMethod(t, "MarshalText")
			reads := hasMethod(t, "UnmarshalJSON") || hasMethod(t, "UnmarshalText")
			switch {
			case writes && reads:
				return nil
			case writes:
				return &mistake{what(t) + " marshals itself but does not unmarshal itself" + in(t, where), "give it the other method too"}
			case reads:
				return &mistake{what(t) + " unmarshals itself but does not marshal itself" + in(t, where), "give it the other method too"}
			}
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if kind, _ := basicKind(u); kind == "" {
			return unstorable(t, where)
		}
	case *types.Pointer:
		return c.check(u.Elem(), where)
	case *types.Slice:
		return c.check(u.Elem(), where)
	case *types.Array:
		return c.check(u.Elem(), where)
	case *types.Map:
		if !validJSONKey(u.Key()) {
			return &mistake{fmt.Sprintf("a map with keys of type %s cannot be stored as JSON", what(u.Key())) + in(t, where), "use keys of strings, integers, or a type with MarshalText and UnmarshalText"}
		}
		return c.check(u.Elem(), where)
	case *types.Interface:
		if !u.Empty() {
			return &mistake{fmt.Sprintf("interface %s cannot be read back", what(t)) + in(t, where), "use a concrete type, or any"}
		}
	case *types.Struct:
		return c.checkStruct(t, u, where)
	default: // channels and functions
		return unstorable(t, where)
	}
	return nil
}

func (c *jsonChecker) checkStruct(t types.Type, s *types.Struct, where string) *mistake {
	visible := 0
	for i := range s.NumFields() {
		v := s.Field(i)
		_, embedsStruct := v.Type().Underlying().(*types.Struct)
		embedsStruct = embedsStruct && v.Embedded()
		if !v.Exported() && !embedsStruct {
			continue
		}
		visible++
		if reflect.StructTag(s.Tag(i)).Get("json") == "-" {
			continue
		}
		inner := v.Name()
		if where != "" {
			inner = where + "." + inner
		}
		if m := c.check(v.Type(), inner); m != nil {
			return m
		}
	}
	if visible == 0 && s.NumFields() > 0 {
		return &mistake{what(t) + " has no exported fields, so it would be stored as {}" + in(t, where), "export its fields or give it MarshalJSON and UnmarshalJSON"}
	}
	return nil
}

func validJSONKey(t types.Type) bool {
	t = types.Unalias(t)
	if ownKind(t) == schema.Text {
		return true
	}
	b, ok := t.Underlying().(*types.Basic)
	if !ok {
		return false
	}
	switch kind, _ := basicKind(b); kind {
	case schema.String, schema.Int, schema.Uint:
		return true
	}
	return false
}

// unstorable is the mistake of a type that no kind fits.
func unstorable(t types.Type, where string) *mistake {
	if b, ok := t.Underlying().(*types.Basic); ok && b.Kind() == types.Invalid {
		return unknownType
	}
	instead := `use another type, or remove the redis tag`
	if where != "" {
		instead = `use another type, or tag it json:"-"`
	}
	return &mistake{"a value of type " + what(t) + " cannot be stored" + in(t, where), instead}
}

// in says where in a field the type is, unless it is the field's own.
func in(t types.Type, where string) string {
	if where == "" || where == what(t) {
		return ""
	}
	return " (" + where + ")"
}

// what is the type for people.
func what(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}
