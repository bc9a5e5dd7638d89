package memory_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/memory"
)

func ExampleNew() {
	ctx := context.Background()
	s, err := memory.New(memory.Config{})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Initialize(ctx); err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	id, err := s.Insert(ctx, "users", storage.Document{"username": "ada"})
	if err != nil {
		log.Fatal(err)
	}
	user, err := s.Get(ctx, "users", id)
	fmt.Println(user["username"], err)
	// Output: ada <nil>
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMaxSize(t *testing.T) {
	opened, err := storage.Open(t.Context(), storage.Config{Type: "Memory", Settings: map[string]any{"max_size": 5}})
	must(t, err)
	s := opened.(*memory.Storage)
	defer func() { must(t, s.Close()) }()
	full := func(err error) {
		t.Helper()
		if !errors.Is(err, storage.ErrQuery) || !strings.Contains(err.Error(), "max_size is 5") {
			t.Errorf("%v, want that there is no room", err)
		}
	}
	for n, table := range []string{"things", "messages", "users", "things"} {
		_, err := s.Insert(t.Context(), table, storage.Document{"id": fmt.Sprint(n), "role": "user"})
		must(t, err)
	}
	_, err = s.BulkInsert(t.Context(), "things", []storage.Document{{}, {}})
	full(err)
	_, err = s.Insert(t.Context(), "things", storage.Document{"id": "0"})
	if !errors.Is(err, storage.ErrDuplicate) {
		t.Errorf("%v, want ErrDuplicate", err)
	}
	_, err = s.Insert(t.Context(), "things", storage.Document{"id": "4"})
	must(t, err)
	_, err = s.Insert(t.Context(), "things", storage.Document{})
	full(err)
	_, err = s.Import(t.Context(), "things", []storage.Record{{ID: "5", Document: storage.Document{}}}, storage.Refuse)
	full(err)
	if n, err := s.ClearTable(t.Context(), "things"); n != 3 || err != nil {
		t.Errorf("ClearTable: %d, %v; want 3", n, err)
	}

	var stored, refused sync.Map
	var inserts sync.WaitGroup
	for n := range 12 {
		inserts.Go(func() {
			if _, err := s.Insert(context.Background(), "things", storage.Document{}); err == nil {
				stored.Store(n, true)
			} else {
				refused.Store(n, err)
			}
		})
	}
	inserts.Wait()
	count := func(m *sync.Map) (n int) { m.Range(func(_, _ any) bool { n++; return true }); return n }
	if count(&stored) != 3 || count(&refused) != 9 {
		t.Errorf("%d of 12 parallel inserts were stored, want 3", count(&stored))
	}
}

func TestTimePasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, memory.Config{})
		_, err := s.Insert(t.Context(), "sessions", storage.Document{"session_id": "s", "user_id": "u"})
		must(t, err)
		_, err = s.Insert(t.Context(), "things", storage.Document{"id": "kept"})
		must(t, err)
		time.Sleep(time.Hour - time.Second)
		_, err = s.Get(t.Context(), "sessions", "s")
		must(t, err)
		time.Sleep(2 * time.Second)
		if _, err = s.Get(t.Context(), "sessions", "s"); !errors.Is(err, storage.ErrNotFound) {
			t.Errorf("after an hour: %v", err)
		}
		time.Sleep(300 * time.Second)
		if left, err := s.ExecuteRaw(t.Context(), "ZCARD", "tframex:{sessions}:s:created_at"); left != int64(0) || err != nil {
			t.Errorf("%v entries of indexes are left, %v", left, err)
		}
		_, err = s.Get(t.Context(), "things", "kept")
		must(t, err)
		must(t, s.Close())
	})
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := open(t, memory.Config{})
	_, err := s.Insert(t.Context(), "things", storage.Document{"id": "a"})
	must(t, err)
	must(t, s.Close())
	goleak.VerifyNone(t, before)
	must(t, s.Connect(t.Context()))
	if tables, err := s.ListTables(t.Context()); len(tables) != 0 || err != nil {
		t.Errorf("after Close there are %q, %v", tables, err)
	}
}
