package migrate

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

var errCrash = errors.New("crash")

// TestResume breaks a run off at random batches, before and after they were stored, until it
// comes to its end: then all is there, and each record counted once.
func TestResume(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, workers := range []int{1, 4} {
		dir := t.TempDir()
		source, target := newFake().fill("users", 30).fill("messages", 2000).fill("zoo", 10), newFake()
		target.refuse = odd
		crash := func(int, []storage.Record) error {
			if r.IntN(12) == 0 {
				return errCrash
			}
			return nil
		}
		target.onImport, target.onStored = crash, crash
		o := Options{StateFile: filepath.Join(dir, "state"), RefusedFile: filepath.Join(dir, "refused"), Workers: workers}
		var report Report
		err := errCrash
		runs := 0
		for ; errors.Is(err, errCrash) && runs < 1000; runs++ {
			o.BatchSize = 20 + r.IntN(30)
			report, err = Run(ctx, source, target, o)
		}
		if !errors.Is(err, ErrRefused) || runs < 2 {
			t.Fatalf("%v after %d runs", err, runs)
		}
		if want := (Counts{Read: 2040, Created: 1836, Refused: 204}); report.Total() != want {
			t.Errorf("%v, want %v", report.Total(), want)
		}
		seen := map[Refusal]bool{}
		list := refusals(t, o.RefusedFile)
		for _, refusal := range list {
			seen[refusal] = true
		}
		if len(list) != 204 || len(seen) != 204 {
			t.Errorf("the file has %d refusals, %d different ones", len(list), len(seen))
		}
		// A run that has ended is not begun again.
		target.imports = 0
		if again, err := Run(ctx, source, target, o); !errors.Is(err, ErrRefused) || target.imports > 0 || again.Total() != report.Total() {
			t.Errorf("%v, %d imports", err, target.imports)
		}
	}
}

func TestResumeTellsForeignRecordsFromItsOwn(t *testing.T) {
	source, target := newFake().fill("users", 10), newFake()
	o := Options{StateFile: filepath.Join(t.TempDir(), "state"), BatchSize: 10}
	target.put("users", storage.Record{ID: "users-000004", Document: storage.Document{"id": "users-000004"}})
	target.onStored = func(int, []storage.Record) error { return errCrash }
	if _, err := Run(ctx, source, target, o); !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	target.onStored = nil
	report, err := Run(ctx, source, target, o)
	if want := (Counts{Read: 10, Created: 9, Refused: 1}); report.Total() != want || !errors.Is(err, ErrRefused) {
		t.Errorf("%v, %v", report.Total(), err)
	}
}

func TestStateOfAnotherRun(t *testing.T) {
	dir := t.TempDir()
	source := newFake().fill("users", 3)
	base := Options{StateFile: filepath.Join(dir, "state"), Source: "sqlite:a.db", Target: "redis://b"}
	if _, err := Run(ctx, source, newFake(), base); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"source":   func(o *Options) { o.Source = "sqlite:other.db" },
		"target":   func(o *Options) { o.Target = "" },
		"tables":   func(o *Options) { o.Tables = []string{"users"} },
		"existing": func(o *Options) { o.Existing = storage.Skip },
		"refused":  func(o *Options) { o.RefusedFile = filepath.Join(dir, "refused") },
		"damaged": func(o *Options) {
			o.StateFile = filepath.Join(dir, "damaged")
			if err := os.WriteFile(o.StateFile, []byte(`{"format":`), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	} {
		o := base
		change(&o)
		target := newFake()
		if _, err := Run(ctx, source, target, o); !errors.Is(err, ErrState) || target.imports > 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	entries, _ := os.ReadDir(dir)
	for _, entry := range entries {
		if entry.Name() != "state" && entry.Name() != "damaged" {
			t.Errorf("%s was left behind", entry.Name())
		}
	}
}

func TestRefusedFileThatWasCut(t *testing.T) {
	dir := t.TempDir()
	source, target := newFake().fill("users", 30), newFake()
	target.refuse = odd
	o := Options{StateFile: filepath.Join(dir, "state"), RefusedFile: filepath.Join(dir, "refused")}
	if _, err := Run(ctx, source, target, o); !errors.Is(err, ErrRefused) {
		t.Fatal(err)
	}
	if err := os.Truncate(o.RefusedFile, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(ctx, source, target, o); !errors.Is(err, ErrState) {
		t.Errorf("%v, want ErrState", err)
	}
}

func TestStateThatCannotBeWritten(t *testing.T) {
	o := Options{StateFile: filepath.Join(t.TempDir(), "missing", "state")}
	target := newFake()
	if _, err := Run(ctx, newFake().fill("users", 1), target, o); !errors.Is(err, os.ErrNotExist) || target.imports > 0 {
		t.Errorf("%v after %d imports", err, target.imports)
	}
}
