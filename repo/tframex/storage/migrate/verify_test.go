package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

func TestVerify(t *testing.T) {
	a, b := newFake().fill("users", 500).fill("zoo", 3), newFake().fill("users", 500).fill("zoo", 3).fill("besides", 1)
	v, err := Verify(ctx, a, b, VerifyOptions{})
	if err != nil || !v.Equal() || len(v.Tables) != 2 || v.Tables[0].Source != v.Tables[0].Target || v.Tables[0].Source.Records != 500 {
		t.Fatalf("%+v, %v", v, err)
	}

	delete(b.tables["users"], "users-000100")
	b.put("users", storage.Record{ID: "new", Document: storage.Document{}})
	b.put("users", storage.Record{ID: "users-000200", Document: storage.Document{"id": "users-000200", "n": "200"}})
	v, err = Verify(ctx, a, b, VerifyOptions{})
	if !errors.Is(err, ErrDifferent) {
		t.Errorf("%v, want ErrDifferent", err)
	}
	want := []Difference{
		{ID: "new", Kind: Extra},
		{ID: "users-000100", Kind: Missing},
		{ID: "users-000200", Kind: Differs, Fields: []string{"n", "nothing"}},
	}
	if got := v.Tables[0]; !reflect.DeepEqual(got.Differences, want) || got.More || got.Equal || !v.Tables[1].Equal {
		t.Errorf("%+v", got)
	}

	if v, err := Verify(ctx, a, b, VerifyOptions{Tables: []string{"besides", "zoo"}}); !errors.Is(err, ErrDifferent) || v.Tables[0].Differences[0].Kind != Extra {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestVerifyFindsAll changes records at random and has all of them found.
func TestVerifyFindsAll(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	a, b := newFake().fill("messages", 3000), newFake().fill("messages", 3000)
	var want []string
	for range 150 {
		id := fmt.Sprintf("messages-%06d", r.IntN(3000))
		if slices.Contains(want, id) {
			continue
		}
		want = append(want, id)
		if r.IntN(2) == 0 {
			delete(b.tables["messages"], id)
		} else {
			b.put("messages", storage.Record{ID: id, Document: storage.Document{}})
		}
	}
	v, err := Verify(ctx, a, b, VerifyOptions{MaxDifferences: 1000})
	var got []string
	for _, d := range v.Tables[0].Differences {
		got = append(got, d.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !errors.Is(err, ErrDifferent) || !slices.Equal(got, want) || v.Tables[0].More {
		t.Errorf("%d differences, want %d", len(got), len(want))
	}
	v, _ = Verify(ctx, a, b, VerifyOptions{MaxDifferences: 10})
	if n := len(v.Tables[0].Differences); n != 10 || !v.Tables[0].More {
		t.Errorf("%d differences, want 10 and more", n)
	}
}

func TestVerifyOfAStorageInUse(t *testing.T) {
	a, b := newFake().fill("users", 10), newFake().fill("users", 9)
	late := a.tables["users"]["users-000009"]
	reads := 0
	b.onExport = func(storage.Record) error {
		if reads++; reads == 18 { // the end of the second pass
			b.put("users", late)
		}
		return nil
	}
	if v, err := Verify(ctx, a, b, VerifyOptions{}); err != nil {
		t.Errorf("%v: %+v", err, v)
	}
}

func TestVerifyTimes(t *testing.T) {
	now := time.Now().Truncate(time.Microsecond)
	doc := storage.Document{"id": "x"}
	a, b := newFake(), newFake()
	a.put("users", storage.Record{ID: "x", Document: doc, CreatedAt: now, ExpiresAt: now.Add(time.Hour)})
	b.put("users", storage.Record{ID: "x", Document: doc, CreatedAt: now.Add(time.Microsecond), ExpiresAt: now.Add(time.Hour).UTC()})
	if _, err := Verify(ctx, a, b, VerifyOptions{}); err != nil {
		t.Error(err)
	}
	v, err := Verify(ctx, a, b, VerifyOptions{Times: true})
	if want := []Difference{{"x", Differs, []string{"(created at)"}}}; !errors.Is(err, ErrDifferent) || !reflect.DeepEqual(v.Tables[0].Differences, want) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestVerifyLeavesOutWhatHasExpired(t *testing.T) {
	a, b := newFake().fill("sessions", 2), newFake().fill("sessions", 2)
	a.put("sessions", storage.Record{ID: "old", Document: storage.Document{}, ExpiresAt: time.Now().Add(-time.Second)})
	if _, err := Verify(ctx, a, b, VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

func TestVerifyUnreadable(t *testing.T) {
	a, b := newFake().fill("users", 5), newFake().fill("users", 5)
	delete(b.tables["users"], "users-000002")
	a.onExport = func(r storage.Record) error {
		if r.ID == "users-000002" {
			return &storage.RecordError{ID: r.ID, Position: r.Position, Err: storage.ErrValidation}
		}
		return nil
	}
	v, err := Verify(ctx, a, b, VerifyOptions{})
	if want := []Difference{{ID: "users-000002", Kind: Unreadable}}; !errors.Is(err, ErrDifferent) || !reflect.DeepEqual(v.Tables[0].Differences, want) {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestDigestsAreOfValues(t *testing.T) {
	parse := func(text string) storage.Document {
		doc, err := storage.ParseDocument([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	for _, c := range []struct {
		a, b  string
		equal bool
	}{
		{`{"a":1,"b":2}`, `{"b":2,"a":1}`, true},
		{`{"a":1}`, `{"a":1.0}`, true},
		{`{"a":100}`, `{"a":1e2}`, true},
		{`{"a":0.05}`, `{"a":5E-2}`, true},
		{`{"a":-0}`, `{"a":0.00}`, true},
		{`{"a":123456789012345678901234567890}`, `{"a":12345678901234567890123456789.0e1}`, true},
		{`{"a":123456789012345678901234567890}`, `{"a":123456789012345678901234567891}`, false},
		{`{"a":9007199254740993}`, `{"a":9007199254740992}`, false},
		{`{"a":"1"}`, `{"a":1}`, false},
		{`{"a":null}`, `{}`, false},
		{`{"a":[1,2]}`, `{"a":[2,1]}`, false},
		{`{"a":[],"b":{}}`, `{"a":{},"b":[]}`, false},
		{`{"a":"x\u0001"}`, `{"a":"x\\x01"}`, false},
		{`{"a":true}`, `{"a":"true"}`, false},
		{`{"a":1e400}`, `{"a":10e399}`, true},
	} {
		if got := digest("i", parse(c.a)) == digest("i", parse(c.b)); got != c.equal {
			t.Errorf("%s and %s: equal %v", c.a, c.b, got)
		}
	}
	if digest("a", storage.Document{}) == digest("b", storage.Document{}) {
		t.Errorf("the id does not count")
	}
	if digest("a", storage.Document{"n": 1, "t": time.Time{}}) != digest("a", storage.Document{"n": json.Number("1"), "t": "0001-01-01T00:00:00Z"}) {
		t.Errorf("values of Go are not taken as their JSON")
	}
}

func TestStats(t *testing.T) {
	s := newFake().fill("messages", 3).fill("users", 2)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s.put("users", storage.Record{ID: "x", Document: storage.Document{"a": "b"}, CreatedAt: at, ExpiresAt: at})
	list, err := Stats(ctx, s, StatsOptions{})
	if want := []TableStats{{Table: "users", Records: 3}, {Table: "messages", Records: 3}}; err != nil || !reflect.DeepEqual(list, want) {
		t.Errorf("%+v, %v", list, err)
	}
	list, err = Stats(ctx, s, StatsOptions{Tables: []string{"users"}, Scan: true})
	want := TableStats{Table: "users", Records: 3, Bytes: 9 + 2*42, Largest: 42, Expiring: 1, First: at, Last: at}
	if err != nil || list[0].Digest == "" {
		t.Fatalf("%+v, %v", list, err)
	}
	list[0].Digest = ""
	if list[0] != want {
		t.Errorf("%+v, want %+v", list[0], want)
	}
	v, err := Verify(ctx, s, s, VerifyOptions{Tables: []string{"messages"}})
	if err != nil {
		t.Fatal(err)
	}
	if list, _ := Stats(ctx, s, StatsOptions{Tables: []string{"messages"}, Scan: true}); list[0].Digest != v.Tables[0].Source.Sum {
		t.Errorf("the digest is another one than that of Verify")
	}
}
