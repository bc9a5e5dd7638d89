package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/redisgen/redisgen/gen/lua"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/schema"
)

// record is a record of a random entity: of each field what a caller wrote, what is stored, or what a caller read.
type record struct {
	id     string
	values []any // by column
}

// entity is a random entity.
type entity struct {
	*schema.Entity
	directives []string // of composite indexes
	columns    []column
	runtime    *repo.Entity[*record, string]
}

// shape is a type of fields and the options that it can have.
type shape struct {
	typ     schema.Type
	options [][]string // one of each is taken
	make    func(*rand.Rand, *base) column
}

var (
	stringValues   = stringKind[string]("string", words...)
	colorValues    = stringKind[color]("color", "red", "green", "blue", "Red", "")
	intValues      = intKind[int]("int", 0, schema.Int)
	smallValues    = intKind[int8]("int8", 8, schema.Int)
	longValues     = intKind[int64]("int64", 64, schema.Int)
	durationValues = intKind[time.Duration](`"time".Duration`, 64, schema.Duration)
	floatValues    = floatKind[float64]("float64", 64)
	shortFloats    = floatKind[float32]("float32", 32)
	cleanStrings   = stringKind[string]("string", clean...)
)

// Options, of which a field takes one in each list; those that come twice are likelier.
var (
	equality = []string{"", "", "index", "index", "unique", "index=pair", "unique=claim"}
	byNumber = []string{"", "sort", "sort"}
	byBytes  = []string{"", "sort=lex", "sort=lex"}
	byEither = []string{"", "sort", "sort=lex", "sort=lex"}
	folded   = []string{"", "fold"}
	omitted  = []string{"", "", "omitempty"}
)

var shapes = []shape{
	{stringValues.typ, [][]string{equality, byBytes, folded, omitted}, of(stringValues)},
	{stringValues.typ, [][]string{equality, byBytes, folded, omitted}, of(stringValues)},
	{colorValues.typ, [][]string{equality, byBytes, folded, omitted}, of(colorValues)},
	{boolKind.typ, [][]string{{"index", ""}, omitted}, of(boolKind)},
	{intValues.typ, [][]string{equality, byEither, omitted}, of(intValues)},
	{smallValues.typ, [][]string{{"", "index"}, byEither, omitted}, of(smallValues)},
	{longValues.typ, [][]string{equality, {"sort=lex"}, omitted}, of(longValues)},
	{uintKind.typ, [][]string{equality, byEither, omitted}, of(uintKind)},
	{floatValues.typ, [][]string{equality, byNumber, omitted}, of(floatValues)},
	{shortFloats.typ, [][]string{equality, byNumber, omitted}, of(shortFloats)},
	{durationValues.typ, [][]string{equality, byNumber, omitted}, of(durationValues)},
	{timeKind.typ, [][]string{equality, byEither}, of(timeKind)},
	{bytesKind.typ, [][]string{equality, byBytes, omitted}, of(bytesKind)},
	{tagKind.typ, [][]string{equality, byBytes, omitted}, of(tagKind)},
	{sliceOf(cleanStrings.typ), [][]string{{"index"}, folded, omitted}, ofMany(cleanStrings)},
	{sliceOf(intValues.typ), [][]string{{"index"}, omitted}, ofMany(intValues)},
}

// randomEntity returns an entity of three to nine fields besides its key.
func randomEntity(rng *rand.Rand, expires bool) *entity {
	for {
		e, columns := draft(rng, expires)
		whole := &schema.Package{Name: "query", Path: "query", Entities: []*schema.Entity{e.Entity}}
		if len(whole.Validate()) == 0 && len(e.Indexes) > 0 {
			e.complete(rng, columns)
			return e
		}
	}
}

// draft returns an entity that may be mistaken, and the shapes of its fields, the key's among them.
func draft(rng *rand.Rand, expires bool) (*entity, []shape) {
	line := "things"
	if chance(rng, 3) {
		line += " retry"
	}
	if expires {
		line += " ttl=1h"
	}
	if chance(rng, 3) {
		line += fmt.Sprintf(" shards=%d", pick(rng, 2, 3, 16))
	}
	e := begin(line)
	n := 3 + rng.IntN(7)
	key := rng.IntN(n + 1)
	var used []shape
	for i := range n + 1 {
		s, options, pointer := pick(rng, shapes...), "", false
		if i == key {
			s, options = keyShape, ",key"
		} else {
			pointer = s.typ.Elem == nil && !s.typ.Nilable && chance(rng, 3)
		}
		for _, choice := range s.options {
			if option := pick(rng, choice...); option != "" && !(pointer && option == "omitempty") {
				options += "," + option
			}
		}
		used = append(used, s)
		e.addField(s, pointer, options)
	}
	for range rng.IntN(3) {
		e.compose(rng)
	}
	return e, used
}

var keyShape = shape{typ: schema.Type{Go: "string", Kind: schema.String}}

// begin returns an entity without fields.
func begin(line string) *entity {
	e := &entity{Entity: &schema.Entity{Type: "Thing"}}
	parsed, _ := schema.ParseEntity(line)
	e.Declare(parsed, nowhere)
	return e
}

// addField adds a field called F and a number.
func (e *entity) addField(s shape, pointer bool, options string) {
	n := len(e.Fields)
	f := &schema.Field{Go: fmt.Sprintf("F%d", n), Type: s.typ}
	f.Type.Pointer = pointer
	tag, errs := schema.ParseTag(fmt.Sprintf("f%d%s", n, options))
	if len(errs) > 0 {
		panic(errs[0])
	}
	e.AddField(f, tag, nowhere)
}

func nowhere(int) schema.Pos { return schema.Pos{} }

// compose adds a composite index that may be mistaken.
func (e *entity) compose(rng *rand.Rand) {
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Go
	}
	rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	n := 1 + rng.IntN(3)
	text := strings.Join(names[:min(n, len(names)-1)], ", ")
	if !chance(rng, 3) {
		text += " order " + names[len(names)-1]
	}
	e.addIndex(text)
}

// addIndex adds a composite index.
func (e *entity) addIndex(text string) {
	line, errs := schema.ParseIndex(text)
	if len(errs) > 0 {
		panic(errs[0])
	}
	e.AddIndex(line, nowhere)
	e.directives = append(e.directives, text)
}

// complete makes the columns of a valid entity and what package repo knows of it.
func (e *entity) complete(rng *rand.Rand, used []shape) {
	for i, f := range e.Fields {
		if !f.Key {
			e.columns = append(e.columns, used[i].make(rng, e.base(i, f)))
		}
	}
	whole := &schema.Package{Entities: []*schema.Entity{e.Entity}}
	r := &repo.Entity[*record, string]{
		Name: e.Name, Type: e.Type, Expires: e.Expires, TTL: e.TTL, Retry: e.Retry, Script: lua.Script(whole, e.Entity),
		Shards: e.Shards,
		New:    func() *record { return &record{values: make([]any, len(e.columns))} },
		ID:     repo.StringID[string],
		Parse:  repo.ParseString[string],
		Key:    func(v *record) string { return v.id },
		Encode: e.encode,
		Decode: e.decode,
	}
	for i, f := range e.Fields {
		r.Fields = append(r.Fields, repo.FieldInfo{
			Name: f.Name, Kind: kinds[f.Type.Kind], Bits: f.Type.Bits, Fold: f.Fold, OmitEmpty: f.OmitEmpty, Scored: e.base(i, f).scored(),
		})
		if f.Key {
			r.Fields[i].Role = repo.RoleKey
		}
	}
	for _, x := range e.Indexes {
		index := repo.Index{Name: x.Name, Kind: indexKinds[x.Kind], Each: e.Field(x.Fields[0]).Type.Elem != nil, Global: whole.Global(e.Entity, x)}
		for _, name := range x.Fields {
			index.Fields = append(index.Fields, e.FieldIndex(name))
		}
		if x.Order != "" {
			index.Order = new(e.FieldIndex(x.Order))
		}
		r.Indexes = append(r.Indexes, index)
	}
	e.runtime = r
}

// base finds out how a field is indexed.
func (e *entity) base(at int, f *schema.Field) *base {
	b := &base{Field: f, at: at}
	for _, x := range e.Indexes {
		in := slices.Contains(x.Fields, f.Name)
		b.unique = b.unique || in && x.Kind == schema.Unique
		b.equal = b.equal || in && x.Kind == schema.Equal
		b.score = b.score || in && x.Kind == schema.Score
		b.lex = b.lex || in && x.Kind == schema.Lex
		b.composed = b.composed || x.Order == f.Name
	}
	return b
}

// scored tells whether a sorted set has the field as score.
func (b *base) scored() bool { return b.score || b.composed }

var kinds = map[schema.Kind]repo.Kind{
	schema.String: repo.KindString, schema.Bool: repo.KindBool, schema.Int: repo.KindInt, schema.Uint: repo.KindUint, schema.Float: repo.KindFloat,
	schema.Bytes: repo.KindBytes, schema.Time: repo.KindTime, schema.Duration: repo.KindInt, schema.Text: repo.KindText, schema.JSON: repo.KindJSON,
}

var indexKinds = map[schema.IndexKind]repo.IndexKind{
	schema.Unique: repo.IndexUnique, schema.Equal: repo.IndexEqual, schema.Score: repo.IndexScore, schema.Lex: repo.IndexLex,
}

func (e *entity) encode(row *repo.Row, v *record) {
	next := 0
	for _, f := range e.Fields {
		if f.Key {
			row.String(v.id)
			continue
		}
		e.columns[next].encode(row, v.values[next])
		next++
	}
}

func (e *entity) decode(r repo.Reader, v *record) error {
	next := 0
	for _, f := range e.Fields {
		if f.Key {
			v.id = r.String()
			continue
		}
		v.values[next] = e.columns[next].decode(&r)
		next++
	}
	return r.Err()
}

// String is the entity as its source would have it.
func (e *entity) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "//redisgen:entity %s (ttl %v, retry %v)\n", e.Name, e.TTL, e.Retry)
	for _, d := range e.directives {
		fmt.Fprintf(&b, "//redisgen:index %s\n", d)
	}
	b.WriteString("type Thing struct {\n")
	for _, f := range e.Fields {
		options := ""
		for _, o := range []struct {
			set  bool
			name string
		}{{f.Key, "key"}, {f.Fold, "fold"}, {f.OmitEmpty, "omitempty"}} {
			if o.set {
				options += "," + o.name
			}
		}
		pointer := ""
		if f.Type.Pointer {
			pointer = "*"
		}
		fmt.Fprintf(&b, "\t%s %s%s `redis:%q`", f.Go, pointer, f.Type.Go, f.Name+options)
		for _, x := range e.Indexes {
			if slices.Contains(x.Fields, f.Name) || x.Order == f.Name {
				fmt.Fprintf(&b, " %s:%s", x.Kind, x.Name)
			}
		}
		b.WriteString("\n")
	}
	return b.String() + "}"
}
