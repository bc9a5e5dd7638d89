package gen

import (
	"time"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/internal/names"
	"github.com/redisgen/redisgen/schema"
)

// declare fills the Go file of an entity.
func (e *entity) declare(s *source) {
	s.file.Anon("embed")
	s.declare("If this does not compile, upgrade package repo or run go generate again.",
		jen.Const().Id("_").Op("=").Add(e.repo("GeneratedV1")))
	s.file.Line()
	s.file.Comment("//go:embed " + e.file + ".lua")
	s.file.Var().Id(e.script).String()
	e.declareKey(s)
	e.declareDescriptor(s)
	e.declareEncode(s)
	e.declareDecode(s)
	e.declareStamp(s)
	for _, en := range e.g.enums {
		if len(en.users) == 1 && en.users[0] == e.Entity {
			e.g.declarePut(s, en)
		}
	}
	e.declareFields(s)
	e.declareRepository(s)
	e.declareFinders(s)
}

// repo is an identifier of package repo.
func (e *entity) repo(name string) *jen.Statement { return jen.Qual(repoPath, name) }

// link is an identifier of package repo in a doc comment.
func (e *entity) link(name string) string { return "[" + e.g.imports[repoPath] + "." + name + "]" }

// plural is the entity in prose: audit logs.
func (e *entity) plural() string { return names.Prose(e.Name) }

// singular is one record in prose: audit log.
func (e *entity) singular() string { return names.Prose(e.Type) }

// declareDescriptor declares what package repo knows about the entity.
func (e *entity) declareDescriptor(s *source) {
	var items []jen.Code
	item := func(name string, value jen.Code) { items = append(items, pair(name, value)) }
	item("Name", jen.Lit(e.Name))
	item("Type", jen.Lit(e.Type))
	item("Fields", jen.Index().Add(e.repo("FieldInfo")).Add(lines(e.fieldInfos()...)))
	if len(e.Indexes) > 0 {
		item("Indexes", jen.Index().Add(e.repo("Index")).Add(lines(e.indexInfos()...)))
	}
	if i, ok := e.Listing(); ok {
		item("Listing", jen.New(jen.Lit(i)))
	}
	if e.Expires {
		item("Expires", jen.True())
	}
	if e.TTL != 0 {
		item("TTL", duration(e.TTL))
	}
	if e.Sliding {
		item("Sliding", jen.True())
	}
	if e.Retry {
		item("Retry", jen.True())
	}
	if e.Events != "" {
		item("Events", e.repo(map[string]string{"pubsub": "EventsPubSub", "stream": "EventsStream"}[e.Events]))
	}
	e.placementItems(item)
	item("Script", jen.Id(e.script))
	item("New", jen.Func().Params().Add(e.pointer()).Add(oneLine(jen.Return(jen.New(e.goType())))))
	item("ID", e.idFunc())
	item("Parse", e.parseFunc())
	item("Key", e.keyFunc())
	if set := e.setKeyFunc(); set != nil {
		item("SetKey", set)
	}
	item("Encode", jen.Id(e.encode))
	item("Decode", jen.Id(e.decode))
	if e.stampFunc != "" {
		item("Stamp", jen.Id(e.stampFunc))
	}
	if e.Validates {
		item("Validate", jen.Parens(e.pointer()).Dot("Validate"))
	}
	s.declare(e.descriptor+" describes "+e.plural()+" to package "+e.g.imports[repoPath]+".",
		jen.Var().Id(e.descriptor).Op("=").Op("&").Add(e.repo("Entity")).Types(e.pointer(), e.key()).Add(lines(items...)))
}

// fieldInfos are the elements of repo.Entity.Fields.
func (e *entity) fieldInfos() []jen.Code {
	scored := map[string]bool{}
	for _, ix := range e.Indexes {
		if ix.Kind == schema.Score {
			scored[ix.Fields[0]] = true
		}
		if ix.Order != "" {
			scored[ix.Order] = true
		}
	}
	var infos []jen.Code
	for _, f := range e.Fields {
		info := []jen.Code{pair("Name", jen.Lit(f.Name)), pair("Kind", e.repo(kinds[f.Type.Kind]))}
		if n := bits(f.Type); n != 0 {
			info = append(info, pair("Bits", jen.Lit(n)))
		}
		for _, flag := range []struct {
			name string
			set  bool
		}{{"Fold", f.Fold}, {"Scored", scored[f.Name]}, {"Geo", f.Geo}, {"Secret", f.Secret}, {"OmitEmpty", f.OmitEmpty}, {"Event", f.Event}} {
			if flag.set {
				info = append(info, pair(flag.name, jen.True()))
			}
		}
		if r := role(f); r != "" {
			info = append(info, pair("Role", e.repo(r)))
		}
		infos = append(infos, jen.Values(info...))
	}
	return infos
}

// kinds names the constants of package repo.
var kinds = map[schema.Kind]string{
	schema.String:   "KindString",
	schema.Bool:     "KindBool",
	schema.Int:      "KindInt",
	schema.Uint:     "KindUint",
	schema.Float:    "KindFloat",
	schema.Bytes:    "KindBytes",
	schema.Time:     "KindTime",
	schema.Duration: "KindInt",
	schema.Text:     "KindText",
	schema.Binary:   "KindBinary",
	schema.JSON:     "KindJSON",
}

// role names the constant of package repo for what it does with the field.
func role(f *schema.Field) string {
	switch {
	case f.Key:
		return "RoleKey"
	case f.Version:
		return "RoleVersion"
	case f.Created:
		return "RoleCreated"
	case f.Updated:
		return "RoleUpdated"
	case f.Expires:
		return "RoleExpires"
	}
	return ""
}

// indexInfos are the elements of repo.Entity.Indexes.
func (e *entity) indexInfos() []jen.Code {
	kinds := map[schema.IndexKind]string{
		schema.Unique: "IndexUnique", schema.Equal: "IndexEqual", schema.Score: "IndexScore", schema.Lex: "IndexLex",
		schema.Geo: "IndexGeo",
	}
	var infos []jen.Code
	for _, ix := range e.Indexes {
		var at []jen.Code
		for _, name := range ix.Fields {
			at = append(at, jen.Lit(e.position[name]))
		}
		info := []jen.Code{
			pair("Name", jen.Lit(ix.Name)),
			pair("Kind", e.repo(kinds[ix.Kind])),
			pair("Fields", jen.Index().Int().Values(at...)),
		}
		if len(ix.Fields) == 1 && e.field(ix.Fields[0]).Type.Elem != nil {
			info = append(info, pair("Each", jen.True()))
		}
		if ix.Order != "" {
			info = append(info, pair("Order", jen.New(jen.Lit(e.position[ix.Order]))))
		}
		if e.g.pkg.Global(e.Entity, ix) {
			info = append(info, pair("Global", jen.True()))
		}
		infos = append(infos, jen.Values(info...))
	}
	return infos
}

// declareRepository declares the repository type and its constructor. The type
// embeds the runtime's by value, so that only its pointer has the methods: the
// compiler writes each of them once and not twice.
func (e *entity) declareRepository(s *source) {
	s.declare(e.repository+" stores "+e.plural()+"; Get, Create, Save and the other operations come from "+e.link("Repository")+".",
		jen.Type().Id(e.repository).Struct(e.repo("Repository").Types(e.pointer(), e.key())))
	s.declare(e.newRepository+" returns the repository of "+e.plural()+" that client reaches.",
		jen.Func().Id(e.newRepository).Params(jen.Id("client").Op("*").Add(e.repo("Client"))).Op("*").Id(e.repository).Block(
			jen.Return(jen.Op("&").Id(e.repository).Values(e.repo("NewRepository").Call(jen.Id("client"), jen.Id(e.descriptor)))),
		))
}

// duration renders a duration in its largest unit.
func duration(d time.Duration) *jen.Statement {
	for _, unit := range []struct {
		size time.Duration
		name string
	}{
		{time.Hour, "Hour"}, {time.Minute, "Minute"}, {time.Second, "Second"},
		{time.Millisecond, "Millisecond"}, {time.Microsecond, "Microsecond"},
	} {
		switch n := d / unit.size; {
		case d%unit.size != 0:
		case n == 1:
			return jen.Qual("time", unit.name)
		default:
			return jen.Lit(int(n)).Op("*").Qual("time", unit.name)
		}
	}
	return jen.Lit(int(d)).Op("*").Qual("time", "Nanosecond")
}

// pair is an element of a composite literal.
func pair(name string, value jen.Code) *jen.Statement { return jen.Id(name).Op(":").Add(value) }

// lines is the body of a composite literal, one element a line.
func lines(items ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, items...)
}

// oneLine is the body of a function literal on the line of its head.
func oneLine(statements ...jen.Code) *jen.Statement {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ";"}, statements...)
}
