package gen_test

import (
	"fmt"
	"strings"

	"github.com/redisgen/redisgen/gen"
	"github.com/redisgen/redisgen/schema"
)

// testCase is a directory below testdata: structs, and what is generated for
// them.
type testCase struct {
	dir     string // of the output package
	pkg     *schema.Package
	options gen.Options
}

const testdata = "github.com/redisgen/redisgen/gen/testdata/"

// The types that cases share.
var (
	str      = schema.Type{Go: "string", Kind: schema.String}
	boolean  = schema.Type{Go: "bool", Kind: schema.Bool}
	integer  = schema.Type{Go: "int", Kind: schema.Int}
	int64T   = schema.Type{Go: "int64", Kind: schema.Int, Bits: 64}
	uint64T  = schema.Type{Go: "uint64", Kind: schema.Uint, Bits: 64}
	float32T = schema.Type{Go: "float32", Kind: schema.Float, Bits: 32}
	float64T = schema.Type{Go: "float64", Kind: schema.Float, Bits: 64}
	bytesT   = schema.Type{Go: "[]byte", Kind: schema.Bytes, Nilable: true}
	timeT    = schema.Type{Go: `"time".Time`, Kind: schema.Time}
	duration = schema.Type{Go: `"time".Duration`, Kind: schema.Duration, Bits: 64}
	uuidT    = text(`"github.com/google/uuid".UUID`)
	addr     = text(`"net/netip".Addr`)
	point    = text(`"github.com/redisgen/redisgen/repo".Point`)
)

func text(expr string) schema.Type { return schema.Type{Go: expr, Kind: schema.Text} }

func binary(expr string) schema.Type { return schema.Type{Go: expr, Kind: schema.Binary} }

func document(expr string) schema.Type { return schema.Type{Go: expr, Kind: schema.JSON} }

func nilable(t schema.Type) schema.Type { t.Nilable = true; return t }

func pointer(t schema.Type) schema.Type { t.Pointer = true; return t }

func named(expr string, t schema.Type) schema.Type { t.Go, t.Named = expr, true; return t }

func slice(elem schema.Type) schema.Type {
	return schema.Type{Go: "[]" + elem.Go, Kind: schema.JSON, Nilable: true, Elem: &elem}
}

func sized(expr string, kind schema.Kind, bits int) schema.Type {
	return schema.Type{Go: expr, Kind: kind, Bits: bits}
}

// field is a field as a struct declares it.
type field struct {
	name string
	typ  schema.Type
	tag  string
	enum []schema.Const
}

// entity builds an entity from its directives and fields.
func entity(name, directive string, indexes []string, fields ...field) *schema.Entity {
	at := func(int) schema.Pos { return schema.Pos{} }
	e := &schema.Entity{Type: name}
	line, bad := schema.ParseEntity(directive)
	must(bad)
	e.Declare(line, at)
	for i, f := range fields {
		tag, bad := schema.ParseTag(f.tag)
		must(bad)
		pos := schema.Pos{File: "app.go", Line: 10 + i, Column: 2}
		path := strings.Split(f.name, ".")
		e.AddField(&schema.Field{Go: path[len(path)-1], Path: path, Pos: pos, Type: f.typ, Enum: f.enum}, tag, at)
	}
	for _, x := range indexes {
		line, bad := schema.ParseIndex(x)
		must(bad)
		if errs := e.AddIndex(line, at); len(errs) > 0 {
			panic(errs)
		}
	}
	return e
}

func must(bad []*schema.SyntaxError) {
	if len(bad) > 0 {
		panic(bad[0])
	}
}

// constants are constants of a package, given as name=value.
func constants(path string, values ...string) []schema.Const {
	var all []schema.Const
	for _, v := range values {
		name, value, _ := strings.Cut(v, "=")
		all = append(all, schema.Const{Go: fmt.Sprintf("%q.%s", path, name), Value: value})
	}
	return all
}

func cases() []testCase {
	return []testCase{
		{dir: "user", pkg: userCase()},
		{dir: "kinds", pkg: kindsCase()},
		{dir: "keys", pkg: keysCase()},
		{dir: "enums", pkg: enumsCase()},
		{dir: "indexes", pkg: indexesCase()},
		{dir: "places", pkg: placesCase()},
		{dir: "shards", pkg: shardsCase()},
		{dir: "clash", pkg: clashCase(), options: gen.Options{Declared: []string{"SessionFields"}}},
		{dir: "embedded", pkg: embeddedCase()},
		{dir: "elsewhere/store", pkg: elsewhereCase(), options: gen.Options{PackageName: "store", PackagePath: testdata + "elsewhere/store"}},
	}
}

// benchmarkPackage returns a package of n entities of 12 fields.
func benchmarkPackage(n int) *schema.Package {
	p := &schema.Package{Name: "app", Path: "example.com/app"}
	status := named(`"example.com/app".Status`, str)
	values := constants(p.Path, "StatusActive=active", "StatusBlocked=blocked")
	for i := range n {
		p.Entities = append(p.Entities, entity(fmt.Sprintf("Record%d", i), fmt.Sprintf("records%d ttl=1h", i), []string{"Status order CreatedAt"},
			field{"ID", str, "id,key", nil},
			field{"Name", str, "name,unique,fold", nil},
			field{"Email", pointer(str), "email,unique", nil},
			field{"Status", status, "status,enum", values},
			field{"Age", integer, "age,sort", nil},
			field{"Tags", slice(str), "tags,index", nil},
			field{"Secret", bytesT, "secret,secret", nil},
			field{"Logins", int64T, "logins", nil},
			field{"Token", uuidT, "token,omitempty", nil},
			field{"CreatedAt", timeT, "created_at,created,sort", nil},
			field{"Version", int64T, "version,version", nil},
			field{"Metadata", nilable(document("map[string]any")), "metadata", nil},
		))
	}
	return p
}
