package repo

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// compound is a key with a part of every kind.
type compound struct {
	name   string
	number int8
	size   uint64
	text   text
	last   string
}

func (k compound) id() (string, error) {
	return NewID(5).String(k.name).Int(int64(k.number)).Uint(k.size).Text(&k.text).String(k.last).Join()
}

func parseCompound(id string) (k compound, err error) {
	r := ReadID(id, 5)
	k.name = r.String()
	k.number = int8(r.Int(8))
	k.size = r.Uint(64)
	r.Text(&k.text)
	k.last = r.String()
	return k, r.Err()
}

// checkID checks that a key comes back from its id.
func checkID[K comparable](t *testing.T, key K, id func(K) (string, error), parse func(string) (K, error)) {
	t.Helper()
	text, err := id(key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parse(text); err != nil || got != key {
		t.Errorf("the id of %#v is %q, which is that of %#v, %v", key, text, got, err)
	}
}

// checkParse checks that what is read as a key is the key's id, and not another
// way to write it.
func checkParse[K comparable](t *testing.T, text string, id func(K) (string, error), parse func(string) (K, error)) {
	t.Helper()
	key, err := parse(text)
	if err != nil {
		return
	}
	if got, err := id(key); err != nil || got != text {
		t.Errorf("%q is read as %#v, whose id is %q, %v", text, key, got, err)
	}
}

func checkParses(t *testing.T, text string) {
	t.Helper()
	checkParse(t, text, StringID, ParseString[string])
	checkParse(t, text, IntID, ParseInt[int8])
	checkParse(t, text, IntID, ParseInt[int64])
	checkParse(t, text, UintID, ParseUint[uint16])
	checkParse(t, text, UintID, ParseUint[uint64])
	checkParse(t, text, TextID, ParseText[lower])
	checkParse(t, text, compound.id, parseCompound)
}

// lower accepts text in both cases and returns it in one.
type lower string

func (x lower) MarshalText() ([]byte, error) { return []byte(x), nil }

func (x *lower) UnmarshalText(data []byte) error {
	*x = lower(strings.ToLower(string(data)))
	return nil
}

func TestParseKeys(t *testing.T) {
	r := random(t)
	for range 20_000 {
		k := randomCompound(r)
		checkID(t, k, compound.id, parseCompound)
		checkID(t, k.name, StringID, ParseString)
		checkID(t, k.number, IntID, ParseInt)
		checkID(t, int64(k.size), IntID, ParseInt)
		checkID(t, uint16(k.size), UintID, ParseUint)
		checkID(t, k.size, UintID, ParseUint)
		checkID(t, k.text, TextID, ParseText)

		id, err := k.id()
		if err != nil {
			t.Fatal(err)
		}
		checkParses(t, mangled(r, id))
		checkParses(t, k.name)
	}
}

func randomCompound(r *rand.Rand) compound {
	k := compound{
		name: awkwardString(r), number: int8(r.Uint32()), size: r.Uint64() >> r.IntN(64), text: text(awkwardString(r)), last: awkwardString(r),
	}
	if k.text == "refuse" {
		k.text = ""
	}
	return k
}

// mangled returns s with a byte removed, inserted or replaced.
func mangled(r *rand.Rand, s string) string {
	const bytes = "0129:+-x"
	at := r.IntN(len(s) + 1)
	with := ""
	if r.IntN(3) > 0 {
		with = bytes[r.IntN(len(bytes)):][:1]
	}
	return s[:at] + with + s[min(at+r.IntN(2), len(s)):]
}

func TestParseRefuses(t *testing.T) {
	for _, id := range []string{"", "+1", "01", "-0", "1 ", "0x1", "1_0", "128", "-129", "9223372036854775808"} {
		if n, err := ParseInt[int8](id); err == nil {
			t.Errorf("%q is read as %d", id, n)
		}
	}
	for _, id := range []string{"", "+1", "01", "-1", "65536", "18446744073709551616"} {
		if n, err := ParseUint[uint16](id); err == nil {
			t.Errorf("%q is read as %d", id, n)
		}
	}
	if key, err := ParseText[text]("refuse"); err != errText {
		t.Errorf("a text that its type refuses is read as %q, %v", key, err)
	}
	if key, err := ParseText[lower]("Ab"); err == nil {
		t.Errorf("a text that no key has is read as %q", key)
	}
	valid, err := compound{"a", 1, 2, "b", "c"}.id()
	if err != nil || valid != "1:a1:11:21:bc" {
		t.Fatalf("the id is %q, %v", valid, err)
	}
	for _, id := range []string{
		"", ":", "a", "1:a", "1:a1:11:2", "-1:a1:11:21:bc", "+1:a1:11:21:bc", "01:a1:11:21:bc", "1:a2:011:21:bc",
		"1:a3:1281:21:bc", "1:a1:12:-21:bc", "1:a1:11:26:refusec", "9:a", "18446744073709551615:a", "1:a1:11:29:b",
	} {
		if k, err := parseCompound(id); err == nil {
			t.Errorf("%q is read as %+v", id, k)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add("1:a1:11:21:bc", "a", int64(1), uint64(2), "b", "c")
	f.Add("-128", "1:", int64(math.MinInt64), uint64(math.MaxUint64), "", ":")
	f.Add("0:2:-10:0:", "", int64(-1), uint64(0), "\x00\xff", "}{")
	f.Fuzz(func(t *testing.T, id, name string, n int64, u uint64, part, last string) {
		checkParses(t, id)
		if part == "refuse" {
			return
		}
		checkID(t, compound{name, int8(n), u, text(part), last}, compound.id, parseCompound)
		checkID(t, name, StringID, ParseString)
		checkID(t, n, IntID, ParseInt)
		checkID(t, u, UintID, ParseUint)
		checkID(t, text(part), TextID, ParseText)
	})
}
