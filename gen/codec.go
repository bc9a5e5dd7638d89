package gen

import (
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// operand is a value of a field's type, without its pointer, as code has it
// at hand.
type operand struct {
	value   func() *jen.Statement
	address func() *jen.Statement
}

// variable is the operand that x names.
func variable(x func() *jen.Statement) operand {
	return operand{value: x, address: func() *jen.Statement { return jen.Op("&").Add(x()) }}
}

// pointed is the operand that x points to.
func pointed(x func() *jen.Statement) operand {
	return operand{value: func() *jen.Statement { return jen.Op("*").Add(x()) }, address: x}
}

// selector is the field in the struct that e.self points to.
func (e *entity) selector(f *schema.Field) func() *jen.Statement {
	return func() *jen.Statement { return jen.Id(e.self).Dot(f.Go) }
}

// put is the statement that writes x, a value of field f, to row.
func (g *generator) put(f *schema.Field, x operand) jen.Code {
	if en := g.enumOf[f.Type.Go]; en != nil && len(f.Enum) > 0 {
		return jen.Id(en.put).Call(jen.Id("row"), x.value())
	}
	row := jen.Id("row").Dot(methods[f.Type.Kind])
	switch f.Type.Kind {
	case schema.Text, schema.Binary, schema.JSON:
		return row.Call(x.address())
	case schema.Float:
		return row.Call(toNative(f.Type, x.value()), jen.Lit(f.Type.Bits))
	}
	return row.Call(toNative(f.Type, x.value()))
}

// methods names the methods of repo.Row and repo.Reader.
var methods = map[schema.Kind]string{
	schema.String:   "String",
	schema.Bool:     "Bool",
	schema.Int:      "Int",
	schema.Uint:     "Uint",
	schema.Float:    "Float",
	schema.Bytes:    "Bytes",
	schema.Time:     "Time",
	schema.Duration: "Int",
	schema.Text:     "Text",
	schema.Binary:   "Binary",
	schema.JSON:     "JSON",
}

// declareEncode declares the function that writes a struct to a row.
func (e *entity) declareEncode(s *source) {
	var body []jen.Code
	for _, f := range e.Fields {
		x := variable(e.selector(f))
		if f.Type.Pointer {
			x = pointed(e.selector(f))
		}
		put := e.g.put(f, x)
		if present := e.present(f); present != nil {
			put = jen.If(jen.Id("row").Dot("Present").Call(present)).Block(put)
		}
		body = append(body, put)
	}
	s.declare(e.encode+" writes the fields of "+e.self+" to row, in order.",
		jen.Func().Id(e.encode).Params(
			jen.Id("row").Op("*").Add(e.repo("Row")),
			jen.Id(e.self).Add(e.pointer()),
		).Block(body...))
}

// present is the condition on which a field is stored, nil for always.
func (e *entity) present(f *schema.Field) jen.Code {
	x, t := e.selector(f)(), f.Type
	switch {
	case t.Pointer:
		return x.Op("!=").Nil()
	case f.OmitEmpty && hasLen(t):
		return jen.Len(x).Op("!=").Lit(0)
	case t.Nilable, t.Kind == schema.Bytes:
		return x.Op("!=").Nil()
	case !f.OmitEmpty, t.Kind == schema.Time: // Row.Time leaves out a zero time
		return nil
	}
	switch t.Kind {
	case schema.String:
		return x.Op("!=").Lit("")
	case schema.Bool:
		return toNative(t, x)
	case schema.Int, schema.Uint, schema.Float, schema.Duration:
		return x.Op("!=").Lit(0)
	}
	return jen.Op("!").Add(e.repo("IsZero")).Call(x)
}

// hasLen reports whether t is a slice or a map, as far as its expression
// tells: a named map may be an interface, and is compared with nil.
func hasLen(t schema.Type) bool {
	return t.Kind == schema.Bytes || t.Elem != nil ||
		t.Nilable && (strings.HasPrefix(t.Go, "[]") || strings.HasPrefix(t.Go, "map["))
}

// declareDecode declares the function that reads a struct.
func (e *entity) declareDecode(s *source) {
	var body []jen.Code
	for _, f := range e.Fields {
		x := e.selector(f)
		switch {
		case !f.Type.Pointer:
			body = append(body, e.read(f.Type, variable(x)))
		case inPlace(f.Type.Kind):
			body = append(body, e.ifPresent(
				x().Op("=").New(goType(f.Type.Go)),
				e.read(f.Type, pointed(x)),
			))
		default:
			body = append(body, e.ifPresent(x().Op("=").New(e.next(f.Type))))
		}
	}
	body = append(body, jen.Return(jen.Id(e.reader).Dot("Err").Call()))
	s.declare(e.decode+" reads the fields of "+e.self+" from "+e.reader+", in order.",
		jen.Func().Id(e.decode).Params(
			jen.Id(e.reader).Add(e.repo("Reader")),
			jen.Id(e.self).Add(e.pointer()),
		).Error().Block(body...))
}

func (e *entity) ifPresent(statements ...jen.Code) jen.Code {
	return jen.If(jen.Id(e.reader).Dot("Present").Call()).Block(statements...)
}

// inPlace reports whether a value of a kind is read into where it goes.
func inPlace(k schema.Kind) bool {
	return k == schema.Text || k == schema.Binary || k == schema.JSON
}

// read is the statement that reads a field of type t into x.
func (e *entity) read(t schema.Type, x operand) jen.Code {
	if inPlace(t.Kind) {
		return jen.Id(e.reader).Dot(methods[t.Kind]).Call(x.address())
	}
	return x.value().Op("=").Add(e.next(t))
}

// next is the expression that reads a value of type t.
func (e *entity) next(t schema.Type) jen.Code {
	call := jen.Id(e.reader).Dot(methods[t.Kind])
	switch t.Kind {
	case schema.Int, schema.Uint, schema.Float, schema.Duration:
		call.Call(jen.Lit(bits(t)))
	default:
		call.Call()
	}
	return fromNative(t, call)
}

// stamped reports whether the repository sets the field.
func stamped(f *schema.Field) bool { return f.Version || f.Created || f.Updated || f.Expires }

// declareStamp declares the function that sets what the repository keeps.
func (e *entity) declareStamp(s *source) {
	if e.stampFunc == "" {
		return
	}
	var body []jen.Code
	for _, f := range e.Fields {
		if !stamped(f) {
			continue
		}
		part := "Version"
		switch {
		case f.Created:
			part = "Created"
		case f.Updated:
			part = "Updated"
		case f.Expires:
			part = "Expires"
		}
		value := jen.Id(e.stamp).Dot(part)
		switch {
		case f.Version && f.Type.Go != "int64":
			value = goType(f.Type.Go).Call(value)
		case f.Type.Pointer:
			value = jen.Id(e.stamp).Dot("Pointer").Call(value)
		}
		body = append(body, e.selector(f)().Op("=").Add(value))
	}
	s.declare(e.stampFunc+" sets the fields of "+e.self+" that the repository keeps.",
		jen.Func().Id(e.stampFunc).Params(
			jen.Id(e.self).Add(e.pointer()),
			jen.Id(e.stamp).Add(e.repo("Stamp")),
		).Block(body...))
}
