package migrate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

var ctx = context.Background()

func TestCopiesAllTablesInOrder(t *testing.T) {
	source, target := newFake().fill("audit_logs", 3).fill("zoo", 2).fill("messages", 1201).fill("users", 2), newFake()
	source.tables["empty"] = map[string]storage.Record{}
	source.schemas["empty"] = storage.Document{"fields": "none"}
	var order []string
	var last Progress
	report, err := Run(ctx, source, target, Options{BatchSize: 100, Workers: 4, Progress: func(p Progress) {
		if !slices.Contains(order, p.Table) {
			order = append(order, p.Table)
		}
		last = p
	}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, source, target)
	if want := []string{"users", "messages", "audit_logs", "zoo"}; !slices.Equal(order, want) {
		t.Errorf("tables in the order %v, want %v", order, want)
	}
	if want := (Progress{"zoo", 2, Counts{Read: 2, Created: 2}}); last != want {
		t.Errorf("the last progress is %+v, want %+v", last, want)
	}
	if want := (Counts{Read: 1208, Created: 1208}); report.Total() != want || len(report.Tables) != 5 {
		t.Errorf("%+v", report)
	}
	if target.schemas["empty"]["fields"] != "none" {
		t.Errorf("a table without records lost its schema")
	}
}

func TestExisting(t *testing.T) {
	for existing, want := range map[storage.Existing]Counts{
		storage.Refuse:    {Read: 10, Created: 7, Refused: 3},
		storage.Skip:      {Read: 10, Created: 7, Skipped: 3},
		storage.Overwrite: {Read: 10, Created: 7, Overwritten: 3},
	} {
		source, target := newFake().fill("users", 10), newFake()
		for _, id := range []string{"users-000002", "users-000005", "users-000009"} {
			target.put("users", storage.Record{ID: id, Document: storage.Document{"id": id, "mine": true}})
		}
		for _, dry := range []bool{true, false} {
			report, err := Run(ctx, source, target, Options{Existing: existing, BatchSize: 4, DryRun: dry})
			if got := report.Total(); got != want || errors.Is(err, ErrRefused) != (want.Refused > 0) {
				t.Errorf("%s, dry %v: %v, %v, want %v", existingNames[existing], dry, got, err, want)
			}
			if dry && len(target.tables["users"]) != 3 {
				t.Errorf("a dry run wrote")
			}
		}
		if mine := target.tables["users"]["users-000005"].Document["mine"] == true; mine == (existing == storage.Overwrite) {
			t.Errorf("%s: the document of the target is still there: %v", existingNames[existing], mine)
		}
	}
}

// odd refuses every record whose number is a multiple of ten.
func odd(r storage.Record) error {
	if n, _ := r.Document["n"].(int64); n%10 == 0 {
		return fmt.Errorf("%w: field n: a multiple of ten", storage.ErrValidation)
	}
	return nil
}

func TestRefusedRecordsAreAllReported(t *testing.T) {
	source, target := newFake().fill("users", 2000), newFake()
	target.refuse = odd
	file := filepath.Join(t.TempDir(), "refused.ndjson")
	report, err := Run(ctx, source, target, Options{RefusedFile: file, BatchSize: 64, Workers: 3})
	if !errors.Is(err, ErrRefused) {
		t.Fatalf("%v, want ErrRefused", err)
	}
	if want := (Counts{Read: 2000, Created: 1800, Refused: 200}); report.Total() != want {
		t.Errorf("%v, want %v", report.Total(), want)
	}
	if n := len(report.Tables[0].Refusals); n != 100 {
		t.Errorf("the report has %d refusals, want 100", n)
	}
	list := refusals(t, file)
	if len(list) != 200 || list[1] != (Refusal{"users", "users-000010", "not valid: field n: a multiple of ten"}) {
		t.Errorf("the file has %d refusals, the second %+v", len(list), list[1])
	}

	dry := &checking{fake: newFake()}
	dry.refuse = odd
	report, err = Run(ctx, source, dry, Options{DryRun: true})
	if want := (Counts{Read: 2000, Created: 1800, Refused: 200}); report.Total() != want || !errors.Is(err, ErrRefused) || dry.imports > 0 || dry.asked != 2000 {
		t.Errorf("dry run: %v, %v, %d imports, %d checks", report.Total(), err, dry.imports, dry.asked)
	}
	if len(dry.tables) > 0 {
		t.Errorf("a dry run made tables")
	}
}

func refusals(t *testing.T, file string) (list []Refusal) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		var r Refusal
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

func TestMaxRefusedEndsTheRun(t *testing.T) {
	source, target := newFake().fill("users", 2000), newFake()
	target.refuse = odd
	report, err := Run(ctx, source, target, Options{MaxRefused: 20, BatchSize: 50})
	if n := report.Total(); !errors.Is(err, ErrRefused) || n.Refused <= 20 || n.Refused > 30 || report.Tables[0].Done {
		t.Errorf("%v, %v", n, err)
	}
}

func TestDryRunOfWhatNoStorageTakes(t *testing.T) {
	source := newFake()
	source.put("users", storage.Record{ID: "a\nb", Document: storage.Document{}})
	source.put("users", storage.Record{ID: "c"})
	source.put("users", storage.Record{ID: "d", Document: storage.Document{}})
	report, err := Run(ctx, source, newFake(), Options{DryRun: true})
	if want := (Counts{Read: 3, Created: 1, Refused: 2}); report.Total() != want || !errors.Is(err, ErrRefused) {
		t.Errorf("%v, %v", report.Total(), err)
	}
}

// A document of the target that cannot be read is one all the same.
func TestDryRunOverWhatCannotBeRead(t *testing.T) {
	source, target := newFake().fill("users", 3), newFake()
	target.onGet = func(id string) error {
		if id == "users-000001" {
			return storage.ErrValidation
		}
		return storage.ErrNotFound
	}
	for existing, want := range map[storage.Existing]Counts{
		storage.Refuse:    {Read: 3, Created: 2, Refused: 1},
		storage.Skip:      {Read: 3, Created: 2, Skipped: 1},
		storage.Overwrite: {Read: 3, Created: 2, Overwritten: 1},
	} {
		if report, err := Run(ctx, source, target, Options{DryRun: true, Existing: existing}); report.Total() != want {
			t.Errorf("%v: %v, %v, want %v", existing, report.Total(), err, want)
		}
	}
}

func TestExpiredAndUnreadableRecordsAreCounted(t *testing.T) {
	source, target := newFake().fill("sessions", 4), newFake()
	source.put("sessions", storage.Record{ID: "old", Document: storage.Document{"id": "old"}, ExpiresAt: time.Now().Add(-time.Second)})
	source.put("sessions", storage.Record{ID: "new", Document: storage.Document{"id": "new"}, ExpiresAt: time.Now().Add(time.Hour)})
	source.onExport = func(r storage.Record) error {
		if r.ID == "sessions-000001" || r.ID == "sessions-000002" {
			return &storage.RecordError{ID: r.ID, Position: r.Position, Err: storage.ErrValidation}
		}
		return nil
	}
	report, err := Run(ctx, source, target, Options{BatchSize: 2})
	if want := (Counts{Read: 6, Created: 3, Expired: 1, Refused: 2}); report.Total() != want || !errors.Is(err, ErrRefused) {
		t.Errorf("%v, %v, want %v", report.Total(), err, want)
	}
	if _, there := target.tables["sessions"]["new"]; !there {
		t.Errorf("what will expire was not copied")
	}
	if got := report.Tables[0].Refusals[0]; got != (Refusal{"sessions", "sessions-000001", "cannot be read: not valid"}) {
		t.Errorf("%+v", got)
	}
}

func TestLostConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		source, target := newFake().fill("messages", 1000), newFake()
		gone := fmt.Errorf("%w: reset", storage.ErrConnection)
		source.onExport = func(storage.Record) error {
			if r.IntN(100) == 0 {
				return gone
			}
			return nil
		}
		other := rand.New(rand.NewPCG(seed, 1))
		sometimes := func(int, []storage.Record) error {
			if other.IntN(4) == 0 {
				return gone
			}
			return nil
		}
		target.onImport, target.onStored = sometimes, sometimes
		// One that is there before is still refused.
		target.put("messages", storage.Record{ID: "messages-000123", Document: storage.Document{"other": true}})
		report, err := Run(ctx, source, target, Options{BatchSize: 20, Workers: 3})
		if want := (Counts{Read: 1000, Created: 999, Refused: 1}); report.Total() != want || !errors.Is(err, ErrRefused) {
			t.Errorf("%v, %v, want %v", report.Total(), err, want)
		}
	})
}

func TestRecordsRefusedForALostConnectionAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, target := newFake().fill("messages", 10), newFake()
		tries := 0
		target.refuse = func(r storage.Record) error {
			if r.ID != "messages-000003" {
				return nil
			}
			if tries++; tries < 3 {
				return storage.ErrConnection
			}
			return nil
		}
		report, err := Run(ctx, source, target, Options{})
		if want := (Counts{Read: 10, Created: 10}); err != nil || report.Total() != want {
			t.Errorf("%v, %v", report.Total(), err)
		}
	})
}

func TestRetriesEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, target := newFake().fill("messages", 10), newFake()
		target.onImport = func(int, []storage.Record) error { return storage.ErrConnection }
		if _, err := Run(ctx, source, target, Options{Retries: 3}); !errors.Is(err, storage.ErrConnection) || target.imports != 4 {
			t.Errorf("%v after %d imports, want 4", err, target.imports)
		}
		target.imports = 0
		target.onImport = func(int, []storage.Record) error { return storage.ErrClosed }
		if _, err := Run(ctx, source, target, Options{}); !errors.Is(err, storage.ErrClosed) || target.imports != 1 {
			t.Errorf("%v after %d imports, want 1", err, target.imports)
		}
	})
}

func TestTargetThatLosesRecords(t *testing.T) {
	source := newFake().fill("users", 10)
	if _, err := Run(ctx, source, forgetful{newFake()}, Options{}); !errors.Is(err, ErrUnaccounted) {
		t.Errorf("%v, want ErrUnaccounted", err)
	}
}

type forgetful struct{ *fake }

func (f forgetful) Import(ctx context.Context, table string, list []storage.Record, existing storage.Existing) (storage.ImportReport, error) {
	return f.fake.Import(ctx, table, list[1:], existing)
}

func TestCancelledRunNotesWhatWasStored(t *testing.T) {
	source, target := newFake().fill("messages", 1000), newFake()
	file := filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(ctx)
	target.onImport = func(call int, _ []storage.Record) error {
		if call == 7 {
			cancel()
		}
		return nil
	}
	report, err := Run(ctx, source, target, Options{StateFile: file, BatchSize: 10})
	n := report.Total()
	if !errors.Is(err, context.Canceled) || n.Created < 70 || n.Created > 80 || int(n.Created) != len(target.tables["messages"]) {
		t.Fatalf("%v, %v with %d records there", n, err, len(target.tables["messages"]))
	}
	report, err = Run(t.Context(), source, target, Options{StateFile: file, BatchSize: 33})
	if want := (Counts{Read: 1000, Created: 1000}); err != nil || report.Total() != want {
		t.Errorf("%v, %v", report.Total(), err)
	}
}

func TestCancelledRunEndsThoughTheTargetHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		start := time.Now()
		_, err := Run(ctx, newFake().fill("users", 1), hanging{newFake()}, Options{})
		if took := time.Since(start); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) || took != time.Second+grace {
			t.Errorf("%v after %v", err, took)
		}
	})
}

type hanging struct{ *fake }

func (hanging) Import(ctx context.Context, _ string, _ []storage.Record, _ storage.Existing) (report storage.ImportReport, err error) {
	<-ctx.Done()
	return report, ctx.Err()
}

func TestMemoryIsBounded(t *testing.T) {
	source, target := newFake().fill("messages", 20_000), newFake()
	var read, stored, most atomic.Int64
	source.onExport = func(storage.Record) error {
		if ahead := read.Add(1) - stored.Load(); ahead > most.Load() {
			most.Store(ahead)
		}
		return nil
	}
	target.onStored = func(_ int, list []storage.Record) error {
		stored.Add(int64(len(list)))
		return nil
	}
	report, err := Run(ctx, source, target, Options{BatchSize: 100, Workers: 2})
	if err != nil || report.Total().Created != 20_000 {
		t.Fatalf("%v, %v", report.Total(), err)
	}
	if most.Load() > 5*100 {
		t.Errorf("%d records were held at once", most.Load())
	}

	big := newFake()
	for i := range 40 {
		id := fmt.Sprint(i)
		big.put("files", storage.Record{ID: id, Document: storage.Document{"text": strings.Repeat("x", 1<<20)}})
	}
	target = newFake()
	target.onImport = func(_ int, list []storage.Record) error {
		if len(list) > 9 {
			t.Errorf("a batch of %d MiB", len(list))
		}
		return nil
	}
	if _, err := Run(ctx, big, target, Options{}); err != nil {
		t.Fatal(err)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	source, target := newFake().fill("users", 1), newFake()
	for _, c := range []struct {
		target storage.Storage
		o      Options
		want   error
	}{
		{source, Options{}, storage.ErrValidation},
		{target, Options{BatchSize: -1}, storage.ErrValidation},
		{target, Options{Existing: 7}, storage.ErrValidation},
		{target, Options{DryRun: true, StateFile: "x"}, storage.ErrValidation},
		{target, Options{Tables: []string{"nobody"}}, storage.ErrNoTable},
		{target, Options{Tables: []string{"users", "users"}}, storage.ErrValidation},
	} {
		if _, err := Run(ctx, source, c.target, c.o); !errors.Is(err, c.want) || target.imports > 0 {
			t.Errorf("%+v: %v", c.o, err)
		}
	}
}
