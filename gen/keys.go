package gen

import (
	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/schema"
)

// key is the type of the entity's primary key.
func (e *entity) key() *jen.Statement {
	if e.keyType != "" {
		return jen.Id(e.keyType)
	}
	return goType(e.Keys()[0].Type.Go)
}

// declareKey declares the type of a key of several fields, and the function
// that turns an id into a key.
func (e *entity) declareKey(s *source) {
	if e.keyType == "" {
		return
	}
	var fields []jen.Code
	for _, f := range e.Keys() {
		fields = append(fields, jen.Id(f.Go).Add(goType(f.Type.Go)))
	}
	s.declare(e.keyType+" is the primary key of "+e.Type+".", jen.Type().Id(e.keyType).Struct(fields...))
	body := []jen.Code{
		jen.Var().Id("k").Add(e.key()),
		jen.Id(e.reader).Op(":=").Add(e.repo("ReadID")).Call(jen.Id("id"), jen.Lit(len(fields))),
	}
	for _, f := range e.Keys() {
		part := func() *jen.Statement { return jen.Id("k").Dot(f.Go) }
		body = append(body, e.read(f.Type, variable(part)))
	}
	body = append(body, jen.Return(jen.Id("k"), jen.Id(e.reader).Dot("Err").Call()))
	s.declare(e.parseKey+" returns the key that has that id.",
		jen.Func().Id(e.parseKey).Params(jen.Id("id").String()).Params(e.key(), jen.Error()).Block(body...))
}

// parseFunc is the function that turns an id into a key.
func (e *entity) parseFunc() jen.Code {
	if e.keyType == "" {
		return e.repo("Parse" + methods[e.Keys()[0].Type.Kind]).Types(e.key())
	}
	return jen.Id(e.parseKey)
}

// idFunc is the function that turns a key into an id.
func (e *entity) idFunc() jen.Code {
	keys := e.Keys()
	if e.keyType == "" {
		return e.repo(methods[keys[0].Type.Kind] + "ID").Types(e.key())
	}
	id := e.repo("NewID").Call(jen.Lit(len(keys)))
	for _, f := range keys {
		var part jen.Code = jen.Id("k").Dot(f.Go)
		if f.Type.Kind == schema.Text {
			part = jen.Op("&").Add(part)
		}
		id.Dot(methods[f.Type.Kind]).Call(toNative(f.Type, part))
	}
	return jen.Func().Params(jen.Id("k").Add(e.key())).Params(jen.String(), jen.Error()).
		Block(jen.Return(id.Dot("Join").Call()))
}

// keyFunc is the function that returns the key of a record.
func (e *entity) keyFunc() jen.Code {
	head := jen.Func().Params(jen.Id(e.self).Add(e.pointer())).Add(e.key())
	if e.keyType == "" {
		return head.Add(oneLine(jen.Return(e.selector(e.Keys()[0])())))
	}
	var values []jen.Code
	for _, f := range e.Keys() {
		values = append(values, pair(f.Go, e.selector(f)()))
	}
	return head.Block(jen.Return(e.key().Values(values...)))
}

// setKeyFunc is the function that sets a key made up by the repository, nil
// for keys that are not made up.
func (e *entity) setKeyFunc() jen.Code {
	f := e.Keys()[0]
	head := jen.Func().Params(jen.Id(e.self).Add(e.pointer()), jen.Id("id").String()).Error()
	switch {
	case e.keyType != "":
		return nil
	case f.Type.Kind == schema.String:
		set := e.selector(f)().Op("=").Add(fromNative(f.Type, jen.Id("id")))
		return head.Add(oneLine(set, jen.Return(jen.Nil())))
	case f.Type.Kind == schema.Text:
		return head.Add(oneLine(jen.Return(
			e.selector(f)().Dot("UnmarshalText").Call(jen.Index().Byte().Parens(jen.Id("id"))))))
	}
	return nil
}
