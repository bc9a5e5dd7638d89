package schema

import (
	"reflect"
	"strconv"
	"testing"
)

func TestParseTag(t *testing.T) {
	tag, errs := ParseTag("email,unique=login,fold,ref=User")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := Tag{
		Name: Word{"email", 0},
		Options: []Option{
			{Word{"unique", 6}, &Word{"login", 13}},
			{Word{"fold", 19}, nil},
			{Word{"ref", 24}, &Word{"User", 28}},
		},
	}
	if !reflect.DeepEqual(tag, want) {
		t.Errorf("got %+v, want %+v", tag, want)
	}
	if !tag.Has("fold") || tag.Has("key") {
		t.Error("Has is wrong")
	}
}

// TestParseTagKeepsWhatIsRight checks that one mistake hides neither another
// nor the options that are right.
func TestParseTagKeepsWhatIsRight(t *testing.T) {
	tag, errs := ParseTag(" id,kee, key,secret=1")
	if got := tag.String(); got != "id,key" {
		t.Errorf("tag is %q", got)
	}
	var at []int
	for _, e := range errs {
		at = append(at, e.At)
	}
	if want := []int{0, 4, 8, 20}; !reflect.DeepEqual(at, want) {
		t.Errorf("mistakes at %v, want %v", at, want)
	}
}

func TestParseEntity(t *testing.T) {
	line, errs := ParseEntity("\tusers  ttl=1h30m sliding ")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := EntityLine{
		Name: Word{"users", 1},
		Options: []Option{
			{Word{"ttl", 8}, &Word{"1h30m", 12}},
			{Word{"sliding", 18}, nil},
		},
	}
	if !reflect.DeepEqual(line, want) {
		t.Errorf("got %+v, want %+v", line, want)
	}
}

func TestParseIndex(t *testing.T) {
	line, errs := ParseIndex(" Status ,Role order CreatedAt")
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want := IndexLine{
		Fields: []Word{{"Status", 1}, {"Role", 9}},
		Order:  &Word{"CreatedAt", 20},
	}
	if !reflect.DeepEqual(line, want) {
		t.Errorf("got %+v, want %+v", line, want)
	}
}

func TestParseDirective(t *testing.T) {
	for _, test := range []struct {
		comment, name, args string
		at                  int
		ok                  bool
	}{
		{"//redisgen:entity users ttl", "entity", " users ttl", 17, true},
		{"//redisgen:index\tA", "index", "\tA", 16, true},
		{"//redisgen:", "", "", 11, true},
		{"// redisgen:entity users", "", "", 0, false},
		{"//go:generate redisgen", "", "", 0, false},
	} {
		name, args, at, ok := ParseDirective(test.comment)
		if name != test.name || args != test.args || at != test.at || ok != test.ok {
			t.Errorf("%s: got %q, %q, %d, %t", test.comment, name, args, at, ok)
		}
	}
}

func TestFindStructTag(t *testing.T) {
	for _, test := range []struct {
		literal, value string
		at             []int // offsets in the literal of value's bytes and end
	}{
		{"`redis:\"id\"`", "id", []int{8, 9, 10}},
		{"`json:\"id\" redis:\"a\"`", "a", []int{18, 19}},
		{`"redis:\"id\""`, "id", []int{9, 10, 11}},
		{"`redis:\"\\u00e9!\"`", "é!", []int{8, 8, 14, 15}},
		{`"redis:\"\\x61\x62\""`, "ab", []int{9, 14, 18}},
		{"`redis:\"\"`", "", []int{8}},
		{"`redis:\"a\" json`", "a", []int{8, 9}},
	} {
		tag, err := FindStructTag(test.literal)
		if tag == nil || err != nil {
			t.Errorf("%s: got %v, %v", test.literal, tag, err)
			continue
		}
		if tag.Value != test.value {
			t.Errorf("%s: value %q, want %q", test.literal, tag.Value, test.value)
		}
		for i, want := range test.at {
			if got := tag.Offset(i); got != want {
				t.Errorf("%s: offset of %d is %d, want %d", test.literal, i, got, want)
			}
		}
	}
	for _, literal := range []string{"``", `""`, "`json:\"id\"`", "`json`", "`", "", "`redi:\"id\"`"} {
		if tag, err := FindStructTag(literal); tag != nil || err != nil {
			t.Errorf("%s: got %v, %v", literal, tag, err)
		}
	}
	for literal, at := range map[string]int{
		"`redis:\"id`":               7,
		"`redis: \"id\"`":            7,
		"`json:\"a\", redis:\"id\"`": 9,
		"`redis:\"a\" redis:\"b\"`":  11,
		"`redis:\"\\q\"`":            7,
	} {
		if tag, err := FindStructTag(literal); tag != nil || err == nil || err.At != at {
			t.Errorf("%s: got %v, %+v, want a mistake at %d", literal, tag, err, at)
		}
	}
}

// FuzzParseTag feeds any text to every parser: none panics, mistakes lie
// within the text, and what has no mistakes is parsed from its String again.
func FuzzParseTag(f *testing.F) {
	for _, seed := range []string{
		"id,key", "a,unique=b,index,index=c,sort=lex,fold,secret", "", ",", "a,,b", " a , b ", "-", "é,ü=ö", "a=b=c",
		"users ttl=1h sliding shards=4 in=User events=stream", "users ttl", "Users", "u ttl=-1s",
		"A, B order C", "A order", "order", ",", "A,,B", "A B", "Ä\u2028order\u00a0Ö", "A order B desc",
		"//redisgen:entity users", "//redisgen:",
		"`redis:\"id,key\"`", `"json:\"a\" redis:\"id\""`, "`redis:\"", `"\`, "`redis:\"\\xff\"`", "`redis:\"a\rb\"`",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		within := func(errs []*SyntaxError) {
			for _, e := range errs {
				if e.At < 0 || e.At > len(s) || e.Problem == "" || e.Instead == "" {
					t.Errorf("%q: mistake %+v", s, e)
				}
			}
		}
		tag, errs := ParseTag(s)
		within(errs)
		if len(errs) == 0 {
			again, errs := ParseTag(tag.String())
			if len(errs) > 0 || !reflect.DeepEqual(tag, again) {
				t.Errorf("tag %q: %+v, then %+v, %v", s, tag, again, errs)
			}
		}
		entity, errs := ParseEntity(s)
		within(errs)
		if len(errs) == 0 {
			again, errs := ParseEntity(entity.String())
			if len(errs) > 0 || again.String() != entity.String() || len(again.Options) != len(entity.Options) {
				t.Errorf("entity %q: %+v, then %+v, %v", s, entity, again, errs)
			}
		}
		index, errs := ParseIndex(s)
		within(errs)
		if len(errs) == 0 {
			again, errs := ParseIndex(index.String())
			if len(errs) > 0 || again.String() != index.String() || len(again.Fields) != len(index.Fields) {
				t.Errorf("index %q: %+v, then %+v, %v", s, index, again, errs)
			}
		}
		if _, args, at, ok := ParseDirective(s); ok && s[at:] != args {
			t.Errorf("directive %q: %q is not at %d", s, args, at)
		}
		found, err := FindStructTag(s)
		if err != nil {
			within([]*SyntaxError{err})
		}
		if found == nil {
			return
		}
		for i := range len(found.Value) + 1 {
			if at := found.Offset(i); at < 1 || at >= len(s) {
				t.Errorf("struct tag %q: offset of %d is %d", s, i, at)
			}
		}
		// The value is what Go finds.
		text, unquoteErr := strconv.Unquote(s)
		if unquoteErr != nil {
			return
		}
		if value, ok := reflect.StructTag(text).Lookup(TagKey); !ok || value != found.Value {
			t.Errorf("struct tag %q: found %q, Go finds %q", s, found.Value, value)
		}
	})
}
