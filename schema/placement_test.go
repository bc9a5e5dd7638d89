package schema

import (
	"reflect"
	"testing"
)

// places returns a package of entities that are placed in different ways, by
// their Go names.
func places(t *testing.T) (*Package, map[string]*Entity) {
	t.Helper()
	p, byName := &Package{}, map[string]*Entity{}
	add := func(name, line string, indexes []string, fields ...*Field) {
		e := declare(t, line, indexes, fields...)
		e.Type = name
		p.Entities = append(p.Entities, e)
		byName[name] = e
	}
	add("User", "users", nil, field("ID", String, "id,key"), field("Email", String, "email,unique"))
	add("Account", "accounts shards=16", nil, field("ID", String, "id,key,shard"),
		field("Email", String, "email,unique"), field("Age", Int, "age,index"))
	add("Invoice", "invoices shards=4", nil, field("Number", Int, "number,key"), field("Tenant", String, "tenant,key,shard,unique=reference,unique=codes"),
		field("Reference", String, "reference,unique=reference"), field("Code", Int, "code,unique=codes,unique"))
	add("Line", "lines in=Invoice", []string{"Tenant order Number"}, field("Tenant", String, "tenant,key,shard"),
		field("Number", Int, "number,key"), field("Code", Int, "code,unique"))
	add("Note", "notes in=Line", nil, field("ID", Int, "id,key"), field("Tenant", String, "tenant,key,shard"))
	add("Profile", "profiles in=User", nil, field("ID", String, "id,key"), field("Email", String, "email,unique"),
		field("UserID", String, "user_id,index=both,ref=User,ondelete=cascade,index"), field("Twin", String, "twin,index=both,index,ref=Profile,ondelete=restrict"))
	add("Page", "pages in=Account", []string{"AccountID order Number"},
		field("AccountID", String, "account_id,key,shard,ref=Account"), field("Number", Int, "number,key"))
	if errs := p.Validate(); len(errs) > 0 {
		t.Fatal(errs)
	}
	return p, byName
}

func TestPlacement(t *testing.T) {
	p, byName := places(t)
	for name, want := range map[string]Placement{
		"User":    {Shards: 1},
		"Account": {Shards: 16},
		"Invoice": {Shards: 4, Key: []int{1}},
		"Line":    {Home: "invoices", Shards: 4, Key: []int{0}},
		"Note":    {Home: "invoices", Shards: 4, Key: []int{1}},
		"Profile": {Home: "users", Shards: 1},
		"Page":    {Home: "accounts", Shards: 16, Key: []int{0}},
	} {
		if got := p.Placement(byName[name]); !reflect.DeepEqual(got, want) {
			t.Errorf("%s is placed %+v, want %+v", name, got, want)
		}
	}
	if own, other := byName["Invoice"].Keyspace(), byName["Note"].Keyspace(); own != ":" || other != "notes:" {
		t.Errorf("keys of invoices begin with %q, and those of notes with %q", own, other)
	}
}

func TestGlobal(t *testing.T) {
	p, byName := places(t)
	for name, want := range map[string][]bool{
		"User":    {false},
		"Account": {true, false},
		"Invoice": {false, false, true}, // the reference and the code of a tenant, and the code of any
		"Line":    {true, false},
		"Profile": {false},
	} {
		for i, global := range want {
			x := byName[name].Indexes[i]
			if p.Global(byName[name], x) != global {
				t.Errorf("index %s of %s: global is %t", x.Name, name, !global)
			}
		}
	}
}

func TestReferences(t *testing.T) {
	p, _ := places(t)
	type reference struct {
		from, field, index, to string
		cascade                bool
	}
	var got []reference
	for _, r := range p.References() {
		got = append(got, reference{r.From.Type, r.Field.Go, r.Index.Name, r.To.Type, r.Cascade()})
	}
	want := []reference{
		{"Profile", "UserID", "user_id", "User", true},
		{"Profile", "Twin", "twin", "Profile", false},
		{"Page", "AccountID", "account_id/number", "Account", false},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("references are %v, want %v", got, want)
	}
}

// TestFingerprintOfPlacement checks that a fingerprint tells of all that decides
// where records are, and of nothing else.
func TestFingerprintOfPlacement(t *testing.T) {
	fingerprint := func(name string, change func(byName map[string]*Entity)) string {
		p, byName := places(t)
		change(byName)
		return p.Fingerprint(byName[name])
	}
	for what, test := range map[string]struct {
		entity string
		change func(byName map[string]*Entity)
		same   bool
	}{
		"shards":              {"Invoice", func(e map[string]*Entity) { e["Invoice"].Shards = 8 }, false},
		"shards of the home":  {"Note", func(e map[string]*Entity) { e["Invoice"].Shards = 8 }, false},
		"name of the home":    {"Note", func(e map[string]*Entity) { e["Invoice"].Name = "bills" }, false},
		"another home":        {"Line", func(e map[string]*Entity) { e["Line"].In = "Account" }, false},
		"shard key":           {"Invoice", func(e map[string]*Entity) { e["Invoice"].Fields[0].Shard = true }, false},
		"shard on all of it":  {"Account", func(e map[string]*Entity) { e["Account"].Fields[0].Shard = false }, true},
		"the way to the home": {"Note", func(e map[string]*Entity) { e["Note"].In = "Invoice" }, true},
		"Go name of the home": {"Line", func(e map[string]*Entity) { e["Invoice"].Type, e["Line"].In = "Bill", "Bill" }, true},
		"Go name of ref":      {"Page", func(e map[string]*Entity) { e["Account"].Type, e["Page"].In, e["Page"].Fields[0].Ref = "A", "A", "A" }, true},
		"ref":                 {"Page", func(e map[string]*Entity) { e["Page"].Fields[0].Ref = "" }, false},
		"cascade":             {"Page", func(e map[string]*Entity) { e["Page"].Fields[0].OnDelete = "cascade" }, false},
		"restrict by default": {"Profile", func(e map[string]*Entity) { e["Profile"].Fields[3].OnDelete = "" }, true},
	} {
		before := fingerprint(test.entity, func(map[string]*Entity) {})
		if after := fingerprint(test.entity, test.change); (before == after) != test.same {
			t.Errorf("%s: the fingerprint of %s is the same: %t", what, test.entity, !test.same)
		}
	}
}
