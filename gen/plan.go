package gen

import (
	"cmp"
	"slices"

	"github.com/dave/jennifer/jen"

	"github.com/redisgen/redisgen/internal/names"
	"github.com/redisgen/redisgen/schema"
)

const repoPath = "github.com/redisgen/redisgen/repo"

// generator holds what the files of one output package share. It is complete
// before the first file is rendered, and not changed after.
type generator struct {
	pkg      *schema.Package
	options  Options
	name     string            // of the output package
	path     string            // of the output package
	imports  map[string]string // the name of each package that code may refer to, by path
	assumed  map[string]bool   // import paths that need no name in the import clause
	entities []*entity
	enums    []*enum
	enumOf   map[string]*enum // by Type.Go
	locals   *names.Scope     // what no local variable may be called

	typeAliases []alias // when the code goes to another package

	enumFile, aliasFile string
}

// entity is a [schema.Entity] and the identifiers of its code.
type entity struct {
	*schema.Entity
	g        *generator
	position map[string]int // of the fields, by name in Redis
	file     string         // base name without extension
	self     string         // variable of type *User
	reader   string         // variable of type repo.Reader
	stamp    string         // variable of type repo.Stamp

	script, descriptor        string
	encode, decode, stampFunc string
	fieldsVar                 string
	keyType, parseKey         string // of a key of several fields
	repository, newRepository string
	finders                   []finder
}

func newGenerator(p *schema.Package, o Options) *generator {
	g := &generator{pkg: p, options: o, name: p.Name, path: p.Path, enumOf: map[string]*enum{}}
	if o.PackagePath != "" {
		g.path = o.PackagePath
		g.name = cmp.Or(o.PackageName, g.packageName(o.PackagePath))
	}
	scope := names.NewScope(o.Declared...)
	g.planEnums()
	if g.elsewhere() {
		g.planAliases(scope)
	} else {
		scope.Take(g.identifiers()...)
	}
	files := names.NewScope()
	for _, e := range p.Entities {
		g.entities = append(g.entities, g.planEntity(e, scope, files))
	}
	for _, e := range g.enums {
		e.put = scope.Pick("put"+names.Exported(e.name), "put"+names.Exported(g.packageName(e.path))+names.Exported(e.name))
	}
	g.enumFile = files.Pick("enums_redis")
	g.aliasFile = files.Pick("aliases_redis")
	g.planImports(scope)
	for _, e := range g.entities {
		e.planFinders()
	}
	return g
}

// elsewhere reports whether the code goes to another package than that of
// the entities.
func (g *generator) elsewhere() bool { return g.path != g.pkg.Path }

func (g *generator) planEntity(s *schema.Entity, scope, files *names.Scope) *entity {
	e := &entity{Entity: s, g: g, position: map[string]int{}}
	for i, f := range s.Fields {
		e.position[f.Name] = i
	}
	e.file = files.Pick(names.Snake(s.Type)+"_redis", s.Name+"_redis")
	e.self = names.Receiver(s.Type)
	e.reader, e.stamp = "r", "s"
	switch e.self {
	case "r":
		e.reader = "reader"
	case "s":
		e.stamp = "stamp"
	}
	e.repository = scope.Pick(names.Exported(s.Name), names.Exported(s.Name)+"Repository")
	e.newRepository = scope.Pick("New" + e.repository)
	e.fieldsVar = scope.Pick(s.Type + "Fields")
	if len(s.Keys()) > 1 {
		e.keyType = scope.Pick(s.Type + "Key")
		e.parseKey = scope.Pick("parse" + names.Exported(e.keyType))
	}
	e.script = scope.Pick(names.Unexported(s.Type) + "Script")
	e.descriptor = scope.Pick(names.Unexported(s.Type) + "Entity")
	e.encode = scope.Pick("encode" + names.Exported(s.Type))
	e.decode = scope.Pick("decode" + names.Exported(s.Type))
	if slices.ContainsFunc(s.Fields, stamped) {
		e.stampFunc = scope.Pick("stamp" + names.Exported(s.Type))
	}
	return e
}

// field returns the field of that name in Redis.
func (e *entity) field(name string) *schema.Field { return e.Fields[e.position[name]] }

// goType is the entity's struct type.
func (e *entity) goType() *jen.Statement { return jen.Qual(e.g.pkg.Path, e.Type) }

// pointer is the type of a record in code: *User.
func (e *entity) pointer() *jen.Statement { return jen.Op("*").Add(e.goType()) }

// expressions returns every Go expression of the schema that code refers to.
func (g *generator) expressions() []string {
	var all []string
	for _, e := range g.pkg.Entities {
		for _, f := range e.Fields {
			all = append(all, f.Type.Go)
			if f.Type.Elem != nil {
				all = append(all, f.Type.Elem.Go)
			}
			for _, c := range f.Enum {
				all = append(all, c.Go)
			}
		}
	}
	return all
}

// identifiers returns what the package of the entities declares, as far as
// the schema tells.
func (g *generator) identifiers() []string {
	var all []string
	for _, e := range g.pkg.Entities {
		all = append(all, e.Type)
	}
	for _, expr := range g.expressions() {
		for path, name := range qualified(expr) {
			if path == g.pkg.Path {
				all = append(all, name)
			}
		}
	}
	return all
}
