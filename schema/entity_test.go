package schema

import (
	"errors"
	"testing"
	"time"
)

// parse builds a valid entity that is alone in its package.
func parse(t *testing.T, entity string, indexes []string, fields ...*Field) *Entity {
	t.Helper()
	e := declare(t, entity, indexes, fields...)
	if errs := (&Package{Entities: []*Entity{e}}).Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	return e
}

// declare builds an entity from directives and fields, without Go source. It
// fails the test on mistakes of syntax.
func declare(t *testing.T, entity string, indexes []string, fields ...*Field) *Entity {
	t.Helper()
	at := func(int) Pos { return Pos{} }
	line, errs := ParseEntity(entity)
	if len(errs) > 0 {
		t.Fatal(errs[0])
	}
	e := &Entity{Type: "User"}
	e.Declare(line, at)
	for _, f := range fields {
		tag, errs := ParseTag(f.Doc)
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		f.Doc = ""
		e.AddField(f, tag, at)
	}
	for _, s := range indexes {
		line, errs := ParseIndex(s)
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		if errs := e.AddIndex(line, at); len(errs) > 0 {
			t.Fatal(errs)
		}
	}
	return e
}

// field returns a field whose tag is parsed by parse.
func field(name string, kind Kind, tag string) *Field {
	return &Field{Go: name, Type: Type{Kind: kind}, Doc: tag}
}

func pointer(f *Field) *Field {
	f.Type.Pointer = true
	return f
}

func TestListing(t *testing.T) {
	for name, test := range map[string]struct {
		fields []*Field
		want   int // -1: none
	}{
		"no index":          {nil, -1},
		"created":           {[]*Field{field("A", Int, "a,sort"), field("B", Time, "b,created,sort")}, 1},
		"created pointer":   {[]*Field{pointer(field("A", Time, "a,created,sort"))}, 0},
		"created, no index": {[]*Field{field("A", Time, "a,created")}, -1},
		"created, lex":      {[]*Field{field("A", Time, "a,created,sort=lex")}, -1},
		"other time":        {[]*Field{field("A", Time, "a,sort")}, -1},
		"may be cleared":    {[]*Field{field("A", Int, "a,sort")}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			e := parse(t, "users", nil, append(test.fields, field("ID", String, "id,key"))...)
			got, ok := e.Listing()
			if !ok {
				got = -1
			}
			if got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

func TestKeysAndFields(t *testing.T) {
	e := parse(t, "members", nil, field("A", String, "a"), field("B", String, "b,key"), field("C", Int, "c,key"))
	if keys := e.Keys(); len(keys) != 2 || keys[0].Name != "b" || keys[1].Name != "c" {
		t.Errorf("keys are %v", keys)
	}
	if f := e.Field("c"); f == nil || f.Go != "C" || e.FieldIndex("c") != 2 {
		t.Errorf("field c is %v", f)
	}
	if e.Field("C") != nil || e.FieldIndex("C") != -1 {
		t.Error("a field is found by its Go name")
	}
}

func TestFingerprint(t *testing.T) {
	build := func(change func(e *Entity, name *Field)) string {
		name := field("Name", String, "name,unique,fold")
		status := field("Status", String, "status,enum")
		status.Enum = []Const{{"A", "a"}, {"B", "b"}}
		e := parse(t, "users ttl=1h", []string{"Status order Age"},
			field("ID", String, "id,key"), name, status, field("Age", Int, "age,sort"))
		change(e, name)
		return (&Package{Entities: []*Entity{e}}).Fingerprint(e)
	}
	original := build(func(*Entity, *Field) {})
	if len(original) != 64 {
		t.Errorf("fingerprint is %q", original)
	}
	for what, change := range map[string]func(e *Entity, name *Field){
		"doc":          func(e *Entity, name *Field) { e.Doc, name.Doc = "doc", "doc" },
		"Go names":     func(e *Entity, name *Field) { e.Type, name.Go = "Person", "Label" },
		"Go type":      func(e *Entity, name *Field) { name.Type.Go, name.Type.Named = "Name", true },
		"Validate":     func(e *Entity, name *Field) { e.Validates = true },
		"position":     func(e *Entity, name *Field) { e.Pos.Line, name.Pos.Line = 7, 7 },
		"field order":  func(e *Entity, name *Field) { e.Fields[1], e.Fields[3] = e.Fields[3], e.Fields[1] },
		"index order":  func(e *Entity, name *Field) { e.Indexes[0], e.Indexes[1] = e.Indexes[1], e.Indexes[0] },
		"enum order":   func(e *Entity, name *Field) { e.Fields[2].Enum = []Const{{"B", "b"}, {"A", "a"}} },
		"enum Go name": func(e *Entity, name *Field) { e.Fields[2].Enum[0].Go = "Z" },
	} {
		if build(change) != original {
			t.Errorf("%s changes the fingerprint", what)
		}
	}
	for what, change := range map[string]func(e *Entity, name *Field){
		"entity":      func(e *Entity, name *Field) { e.Name = "people" },
		"field":       func(e *Entity, name *Field) { name.Name = "label" },
		"kind":        func(e *Entity, name *Field) { name.Type.Kind = Bytes },
		"option":      func(e *Entity, name *Field) { name.Fold = false },
		"TTL":         func(e *Entity, name *Field) { e.TTL = time.Minute },
		"index kind":  func(e *Entity, name *Field) { e.Indexes[0].Kind = Equal },
		"index order": func(e *Entity, name *Field) { e.Indexes[2].Order = "" },
		"no index":    func(e *Entity, name *Field) { e.Indexes = e.Indexes[:2] },
		"enum value":  func(e *Entity, name *Field) { e.Fields[2].Enum[0].Value = "c" },
		"key order": func(e *Entity, name *Field) {
			e.Fields[0], e.Fields[1] = e.Fields[1], e.Fields[0]
			name.Key = true
		},
	} {
		if build(change) == original {
			t.Errorf("%s does not change the fingerprint", what)
		}
	}
	both := func(e *Entity, name *Field) { name.Key = true }
	swapped := func(e *Entity, name *Field) {
		name.Key = true
		e.Fields[0], e.Fields[1] = e.Fields[1], e.Fields[0]
	}
	if build(both) == build(swapped) {
		t.Error("the order of key fields does not change the fingerprint")
	}
}

func TestErrors(t *testing.T) {
	a := &Error{Pos: Pos{"b.go", 2, 1}, Entity: "User", Field: "Name", Problem: "wrong", Instead: "write right", Other: Pos{"a.go", 1, 2}, OtherNote: "the other"}
	b := &Error{Pos: Pos{"a.go", 10, 1}, Entity: "User", Problem: "wrong"}
	c := &Error{Pos: Pos{"a.go", 9, 7}, Problem: "wrong", Instead: "write right"}
	d := &Error{Problem: "nowhere"}
	errs := Errors{a, b, c, d}
	errs.Sort()
	const want = `-: nowhere
a.go:9:7: wrong; write right
a.go:10:1: User: wrong
b.go:2:1: User.Name: wrong; write right
	a.go:1:2: the other`
	if got := errs.Error(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !errors.Is(errs, a) {
		t.Error("Errors does not unwrap")
	}
}
