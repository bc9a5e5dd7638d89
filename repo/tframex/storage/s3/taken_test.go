package s3

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// counting is a server that counts requests.
type counting struct {
	*fake
	lists, heads atomic.Int64
	onList       atomic.Pointer[func(r *http.Request)] // is called before a listing
}

func serveCounting(t *testing.T) *counting {
	f := &counting{}
	f.fake = serve(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodHead:
				f.heads.Add(1)
			case r.URL.Query().Has("list-type"):
				f.lists.Add(1)
				if on := f.onList.Load(); on != nil {
					(*on)(r)
				}
			}
			next.ServeHTTP(w, r)
		})
	})
	return f
}

// expect compares the numbers of requests since the last time.
func (f *counting) expect(t *testing.T, what string, lists, heads int64) {
	t.Helper()
	if l, h := f.lists.Swap(0), f.heads.Swap(0); l != lists || h != heads {
		t.Errorf("%s: %d requests list and %d look for an object, want %d and %d", what, l, h, lists, heads)
	}
}

// connectClock returns a storage whose index has a clock of its own, which is returned, in
// nanoseconds.
func connectClock(t *testing.T, f *counting, config Config) (*Storage, *atomic.Int64) {
	s, clock := connect(t, f.fake, config), &atomic.Int64{}
	s.conn.index.now = func() time.Time { return time.Unix(0, clock.Load()) }
	f.heads.Store(0) // of Initialize
	return s, clock
}

func july(day int) time.Time { return time.Date(2025, 7, day, 12, 0, 0, 0, time.UTC) }

// batchOf returns records of a day, of the ids name0, name1 and so on.
func batchOf(name string, n, day int) (list []storage.Record) {
	for i := range n {
		id := fmt.Sprint(name, i)
		list = append(list, storage.Record{ID: id, Document: doc{"id": id, "day": day}, CreatedAt: july(day)})
	}
	return list
}

// expectImport imports records into things, and compares what became of them.
func expectImport(t *testing.T, s *Storage, list []storage.Record, existing storage.Existing, created, skipped, overwritten int64, refused int) {
	t.Helper()
	r := must[storage.ImportReport](t)(s.Import(t.Context(), "things", list, existing))
	if r.Created != created || r.Skipped != skipped || r.Overwritten != overwritten || len(r.Refused) != refused {
		t.Fatalf("%+v, want %d created, %d skipped, %d overwritten, %d refused", r, created, skipped, overwritten, refused)
	}
	for _, one := range r.Refused {
		if !errors.Is(one.Err, storage.ErrDuplicate) {
			t.Errorf("%q: %v, want ErrDuplicate", one.ID, one.Err)
		}
	}
}

// TestImportLists imports batches into a table with documents of other days: the table is
// listed once, and what is there is seen.
func TestImportLists(t *testing.T) {
	f := serveCounting(t)
	for i := range 1100 {
		f.store(t, fmt.Sprintf("tframex/tables/things/data/2025/07/%02d/old%d.json", 1+i%9, i), `{}`, nil)
	}
	f.store(t, "tframex/tables/things/data/2025/07/01/x%2fy.json", `{}`, nil) // which cannot be made from the id
	s, _ := connectClock(t, f, Config{})
	old := func(batch int) (list []storage.Record) {
		for i := range 3 {
			id := fmt.Sprint("old", batch*50+i)
			list = append(list, storage.Record{ID: id, Document: doc{"id": id, "again": true}, CreatedAt: july(20)})
		}
		return list
	}
	for batch := range 20 {
		list := append(batchOf(fmt.Sprint("new", batch, "-"), 10, 20), old(batch)...)
		switch existing := storage.Existing(batch % 3); existing {
		case storage.Refuse:
			expectImport(t, s, list, existing, 10, 0, 0, 3)
		case storage.Skip:
			expectImport(t, s, list, existing, 10, 3, 0, 0)
		case storage.Overwrite:
			expectImport(t, s, list, existing, 10, 0, 3, 0)
		}
	}
	f.expect(t, "20 batches with 3 documents each that are there, of 1,101", 2, 57) // the first ones are in the listing
	if got := len(f.keys(t)); got != 1101+200 {
		t.Errorf("%d documents, want %d", got, 1101+200)
	}
	for id, overwritten := range map[string]bool{"old1": false, "old51": false, "old101": true} {
		if got := must[doc](t)(s.Get(t.Context(), "things", id)); (got["again"] == true) != overwritten {
			t.Errorf("%s is %v, overwritten: want %v", id, got, overwritten)
		}
	}

	f.lists.Store(0)
	f.heads.Store(0)
	expectImport(t, s, batchOf("new7-", 10, 21), storage.Refuse, 0, 0, 0, 10)
	docs := []doc{{"id": "new8-0"}, {"id": "b1"}, {"id": "b2"}, {"id": "b3"}, {"id": "old200"}}
	if _, err := s.BulkInsert(t.Context(), "things", docs); !errors.Is(err, storage.ErrDuplicate) || !strings.Contains(err.Error(), "2 of 5") {
		t.Errorf("BulkInsert: %v, want 2 duplicates", err)
	}
	expectImport(t, s, batchOf("b", 5, 1), storage.Refuse, 2, 0, 0, 3)
	f.expect(t, "what this process has stored", 0, 10+2+3)
	for range 2 {
		list := append(batchOf("b", 4, 2), storage.Record{ID: "x/y", Document: doc{}, CreatedAt: july(2)})
		expectImport(t, s, list, storage.Refuse, 0, 0, 0, 5)
		f.expect(t, "with an id of another key", 2, 0)
	}
}

// TestRepeatedImport has batches of which all is there: what takes fewer requests in turn is
// done, to list the table or to ask for each.
func TestRepeatedImport(t *testing.T) {
	f := serveCounting(t)
	for batch, want := range map[int]struct{ lists, heads int64 }{20: {0, 30}, 5: {1, 0}} {
		s, _ := connectClock(t, f, Config{BatchSize: batch})
		if _, err := s.DropTable(t.Context(), "things"); err != nil {
			t.Fatal(err)
		}
		expectImport(t, s, batchOf("a", 30, 1), storage.Skip, 30, 0, 0, 0)
		f.expect(t, "the first time", 2, 0) // DropTable and Import
		expectImport(t, s, batchOf("a", 30, 2), storage.Skip, 0, 30, 0, 0)
		f.expect(t, fmt.Sprint("again, ", batch, " at once"), want.lists, want.heads)
	}
}

// TestOtherImports has another process, which the index does not know of until it has aged.
func TestOtherImports(t *testing.T) {
	f := serveCounting(t)
	s, clock := connectClock(t, f, Config{})
	other := connect(t, f.fake, Config{})
	slow := func(*http.Request) { clock.Add(int64(30 * time.Second)) }
	for i, test := range []struct {
		list func(*http.Request)
		ages time.Duration
	}{{func(*http.Request) {}, time.Minute}, {slow, 5 * time.Minute}} {
		name := fmt.Sprint("n", i, "-")
		f.onList.Store(&test.list)
		clock.Add(int64(time.Hour))
		expectImport(t, s, batchOf(name+"mine", 5, 1), storage.Refuse, 5, 0, 0, 0)
		f.onList.Store(nil)
		expectImport(t, other, batchOf(name+"same", 5, 2), storage.Refuse, 5, 0, 0, 0)
		expectImport(t, other, batchOf(name+"other", 5, 2), storage.Refuse, 5, 0, 0, 0)
		f.lists.Store(0)
		clock.Add(int64(test.ages - 1))
		expectImport(t, s, batchOf(name+"same", 5, 2), storage.Refuse, 0, 0, 0, 5) // by the condition of the write
		if n := f.lists.Load(); n != 0 {
			t.Errorf("%d listings before the index has aged", n)
		}
		clock.Add(1)
		expectImport(t, s, batchOf(name+"other", 5, 3), storage.Refuse, 0, 0, 0, 5)
		if n := f.lists.Load(); n != 1 {
			t.Errorf("%d listings when the index has aged, want 1", n)
		}
	}
}

// TestImportsAtOnce has calls for one table at the same time, which share a listing.
func TestImportsAtOnce(t *testing.T) {
	f := serveCounting(t)
	s, _ := connectClock(t, f, Config{})
	must[storage.ImportReport](t)(connect(t, f.fake, Config{}).Import(t.Context(), "things", batchOf("w0-", 3, 1), storage.Refuse))
	f.lists.Store(0)
	var wg sync.WaitGroup
	var refused atomic.Int64
	for i := range 8 {
		wg.Go(func() {
			r, err := s.Import(t.Context(), "things", batchOf(fmt.Sprint("w", i, "-"), 6, 2), storage.Refuse)
			if refused.Add(int64(len(r.Refused))); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := f.lists.Load(); n != 1 || refused.Load() != 3 {
		t.Errorf("%d listings and %d refused, want 1 and 3", n, refused.Load())
	}
}

// TestListingEnds has listings that are ended by their context: others who wait make their own.
func TestListingEnds(t *testing.T) {
	f := serveCounting(t)
	s, _ := connectClock(t, f, Config{})
	listing := make(chan struct{}, 1)
	held := func(r *http.Request) {
		f.onList.Store(nil)
		listing <- struct{}{}
		<-r.Context().Done()
	}
	f.onList.Store(&held)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error), make(chan error)
	go func() {
		_, err := s.Import(ctx, "things", batchOf("a", 5, 1), storage.Refuse)
		first <- err
	}()
	<-listing
	short, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	if _, err := s.Import(short, "things", batchOf("b", 5, 1), storage.Refuse); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one that waits for the listing: %v, want DeadlineExceeded", err)
	}
	go func() {
		_, err := s.Import(t.Context(), "things", batchOf("c", 5, 1), storage.Refuse)
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the one that lists: %v, want Canceled", err)
	}
	if err := <-second; err != nil || f.lists.Load() != 2 {
		t.Errorf("the next one: %v, after %d listings; want one of its own", err, f.lists.Load())
	}
}

// TestIndexStale has documents in the index that are not where it says.
func TestIndexStale(t *testing.T) {
	f := serveCounting(t)
	s, _ := connectClock(t, f, Config{})
	other := connect(t, f.fake, Config{})
	expectImport(t, s, batchOf("a", 20, 1), storage.Refuse, 20, 0, 0, 0)
	must[bool](t)(s.Delete(t.Context(), "things", "a0"))
	must[bool](t)(other.Delete(t.Context(), "things", "a1"))
	expectImport(t, other, batchOf("a", 2, 9)[1:], storage.Refuse, 1, 0, 0, 0)
	expectImport(t, s, batchOf("a", 20, 2), storage.Refuse, 1, 0, 0, 19)
	for drop, heads := range map[*Storage]int64{s: 0, other: 20} {
		must[bool](t)(drop.DropTable(t.Context(), "things"))
		f.lists.Store(0)
		f.heads.Store(0)
		expectImport(t, s, batchOf("a", 20, 3), storage.Refuse, 20, 0, 0, 0)
		f.expect(t, "after DropTable", 1, heads)
	}
}

// TestIndexNames has keys that are not those that this package makes, and an id on two days.
func TestIndexNames(t *testing.T) {
	f := serveCounting(t)
	const data = "tframex/tables/things/data/2025/"
	for _, key := range []string{"07/01/a b", "07/01/twice", "07/02/twice", "99/99/é"} {
		f.store(t, data+key+".json", `{}`, nil)
	}
	s, _ := connectClock(t, f, Config{})
	batch := func(day int, ids ...string) (list []storage.Record) {
		for _, id := range append(ids, "1", "2", "3", "4") {
			list = append(list, storage.Record{ID: id, Document: doc{"day": day}, CreatedAt: july(day)})
		}
		return list
	}
	expectImport(t, s, batch(3, "a b", "é", "twice"), storage.Skip, 4, 3, 0, 0)
	expectImport(t, s, batch(4, "a b", "é", "twice"), storage.Overwrite, 0, 0, 7, 0)
	f.expect(t, "names as they are", 1, 7+2)
	if got := must[doc](t)(s.Get(t.Context(), "things", "a b")); got["day"] != int64(4) || len(f.keys(t)) != 8 {
		t.Errorf("%v, of %q", got, f.keys(t))
	}
	if _, err := f.backend.DeleteObject(bucket, data+"07/01/twice.json"); err != nil {
		t.Fatal(err)
	}
	expectImport(t, s, batch(5, "twice"), storage.Refuse, 0, 0, 0, 5)
}

// TestIndexFull has more documents than the index may have.
func TestIndexFull(t *testing.T) {
	f := serveCounting(t)
	s, clock := connectClock(t, f, Config{})
	x := s.conn.index
	x.most = 25
	expectTable := func(table, name string, n int, lists int64) {
		t.Helper()
		r := must[storage.ImportReport](t)(s.Import(t.Context(), table, batchOf(name, n, 1), storage.Refuse))
		if r.Created != int64(n) {
			t.Errorf("%+v, want %d created", r, n)
		}
		f.expect(t, table+" "+name, lists, 0)
		sum := 0
		for _, l := range x.of {
			sum += len(l.days)
		}
		if x.size != sum || sum > x.most {
			t.Errorf("the index has %d documents and counts %d, at most %d", sum, x.size, x.most)
		}
	}
	expectTable("small", "a", 10, 1)
	expectTable("large", "a", 10, 1)
	expectTable("large", "b", 10, 0) // small has to go
	expectTable("small", "b", 5, 1)
	expectTable("large", "c", 10, 0) // large has to go
	expectTable("large", "d", 5, 1)
	expectTable("large", "e", 5, 1)
	clock.Add(int64(time.Minute))
	expectTable("small", "c", 5, 1)
	expectTable("small", "d", 5, 0)
	expectTable("large", "f", 5, 1)
	expectTable("large", "g", 5, 1)
	clock.Add(int64(time.Hour))
	must[string](t)(s.Insert(t.Context(), "small", doc{"n": 1}))
	if len(x.of) != 0 || x.size != 0 {
		t.Errorf("an index that has aged still has %d documents", x.size)
	}
}

// TestIndexModel does random things, and compares what Import says with a map. One process
// alone always knows which ids are taken.
func TestIndexModel(t *testing.T) {
	for _, config := range []Config{{}, {Unconditional: true, BatchSize: 3}} {
		seed := maphash.String(maphash.MakeSeed(), "")
		rng := rand.New(rand.NewPCG(seed, 0))
		f := serveCounting(t)
		s, clock := connectClock(t, f, config)
		there := map[string]string{} // the key by id
		for range 80 {
			clock.Add(rng.Int64N(int64(10 * time.Second)))
			switch rng.IntN(12) {
			case 0:
				must[bool](t)(s.DropTable(t.Context(), "things"))
				clear(there)
			case 1, 2, 3:
				id := fmt.Sprint("i/", rng.IntN(40))
				if had := must[bool](t)(s.Delete(t.Context(), "things", id)); had != (there[id] != "") {
					t.Fatalf("seed %d: Delete of %s says %v", seed, id, had)
				}
				delete(there, id)
			default:
				importModel(t, s, rng, there, seed)
			}
		}
		for _, key := range f.keys(t) {
			id, _ := s.conn.keyID("things", key)
			if there[id] != key {
				t.Errorf("seed %d: %s is there, want %q", seed, key, there[id])
			}
			delete(there, id)
		}
		if len(there) > 0 {
			t.Errorf("seed %d: missing are %v", seed, there)
		}
	}
}

// importModel imports some records into a table and into a map.
func importModel(t *testing.T, s *Storage, rng *rand.Rand, there map[string]string, seed uint64) {
	t.Helper()
	var list []storage.Record
	var want storage.ImportReport
	existing := storage.Existing(rng.IntN(3))
	for range 1 + rng.IntN(12) {
		r := storage.Record{ID: fmt.Sprint("i/", rng.IntN(40)), Document: doc{"n": rng.IntN(9)}, CreatedAt: july(1 + rng.IntN(4))}
		list = append(list, r)
		switch {
		case there[r.ID] == "":
			want.Created++
			there[r.ID] = s.conn.key("things", r.ID, r.CreatedAt)
		case existing == storage.Skip:
			want.Skipped++
		case existing == storage.Overwrite:
			want.Overwritten++
		default:
			want.Refused = append(want.Refused, storage.Refusal{ID: r.ID})
		}
	}
	got := must[storage.ImportReport](t)(s.Import(t.Context(), "things", list, existing))
	if got.Created != want.Created || got.Skipped != want.Skipped || got.Overwritten != want.Overwritten || len(got.Refused) != len(want.Refused) {
		t.Fatalf("seed %d: %+v, want %+v", seed, got, want)
	}
}
