package event_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/event"
)

func sum(state, n int) int { return state + n }

func wantState[S, E any](t *testing.T, l *event.Log[S, E], id string, state S, version int64) {
	t.Helper()
	s, v, err := l.Load(t.Context(), id)
	if err != nil || v != version || fmt.Sprint(s) != fmt.Sprint(state) {
		t.Fatalf("Load %q: %v, version %d, %v; want %v, version %d", id, s, v, err, state, version)
	}
}

// history returns the events of a record as <version>:<event>.
func history[S, E any](t *testing.T, l *event.Log[S, E], id string, from int64) (list []string) {
	t.Helper()
	for e, err := range l.History(t.Context(), id, from) {
		must(t, err)
		list = append(list, fmt.Sprintf("%d:%v", e.Version, e.Event))
	}
	return list
}

func TestLog(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{})
		wantState(t, l, "a", 0, 0)
		if v, err := l.Append(t.Context(), "a", 0, 5, 6); v != 2 || err != nil {
			t.Fatal(v, err)
		}
		before := time.Now()
		if v, err := l.Append(t.Context(), "a", 2, -1); v != 3 || err != nil {
			t.Fatal(v, err)
		}
		wantState(t, l, "a", 10, 3)
		for _, expected := range []int64{0, 1, 2, 4, 1 << 52} {
			_, err := l.Append(t.Context(), "a", expected, 7)
			wantError(t, err, repo.ErrConflict)
			var record *repo.RecordError
			if !errors.As(err, &record) || record.Entity != "sums" || record.ID != "a" || record.Op != "Append" {
				t.Errorf("error %v", err)
			}
			_, err = l.Append(t.Context(), "a", expected)
			wantError(t, err, repo.ErrConflict)
		}
		if v, err := l.Append(t.Context(), "a", 3); v != 3 || err != nil {
			t.Errorf("without events: %d, %v", v, err)
		}
		if _, err := l.Append(t.Context(), "a", -1, 7); err == nil {
			t.Error("a negative version is expected")
		}
		wantState(t, l, "a", 10, 3)
		for from, want := range map[int64]string{-1: "[1:5 2:6 3:-1]", 0: "[1:5 2:6 3:-1]", 1: "[1:5 2:6 3:-1]", 3: "[3:-1]", 4: "[]"} {
			if got := fmt.Sprint(history(t, l, "a", from)); got != want {
				t.Errorf("from %d: %s, want %s", from, got, want)
			}
		}
		for e, err := range l.History(t.Context(), "a", 3) {
			if must(t, err); e.At.Sub(before).Abs() > time.Minute || e.At.Location() != time.UTC {
				t.Errorf("appended at %v, want about %v", e.At, before)
			}
		}
		for range l.History(t.Context(), "a", 1) {
			break
		}
		if found, err := l.Delete(t.Context(), "a"); !found || err != nil {
			t.Error(found, err)
		}
		if found, err := l.Delete(t.Context(), "a"); found || err != nil {
			t.Error(found, err)
		}
		wantState(t, l, "a", 0, 0)
	})
}

// Records of other ids, logs and prefixes are others, whatever the names.
func TestLogsApart(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		tenant, err := client.Tenant("log")
		must(t, err)
		defer tenant.Close()
		n := 0
		type record struct {
			log *event.Log[int, int]
			id  string
		}
		var records []record
		for _, c := range []*repo.Client{client, tenant} {
			for _, name := range []string{"", "a", "a:", "1:a", "ab", "{", "}", "{x}"} {
				l := event.NewLog(c, name, sum, event.LogOptions[int, int]{SnapshotEvery: 1})
				for _, id := range []string{"", "a", "b", ":", "e:", "{x}", "\x00\xff", strings.Repeat("x", 5000)} {
					n++
					_, err := l.Append(t.Context(), id, 0, n)
					must(t, err)
					records = append(records, record{l, id})
				}
			}
		}
		for range 2 {
			for i, r := range records {
				wantState(t, r.log, r.id, i+1, 1)
			}
		}
	})
}

// Limits on events, and events that cannot be encoded or decoded.
func TestLogLimits(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		join := func(s, e string) string { return s + e }
		l := event.NewLog(client, "texts", join, event.LogOptions[string, string]{Codec: event.Bytes[string](), MaxSize: 3})
		_, err := l.Append(t.Context(), "a", 0, "abc", "abcd")
		wantError(t, err, repo.ErrTooLarge)
		_, err = l.Append(t.Context(), "a", 0, make([]string, 1001)...)
		wantError(t, err, repo.ErrTooLarge)
		wantState(t, l, "a", "", 0)
		_, err = l.Append(t.Context(), "a", 0, slices.Repeat([]string{"{"}, 1000)...)
		must(t, err)
		wantState(t, l, "a", strings.Repeat("{", 1000), 1000)
		numbers := event.NewLog(client, "texts", sum, event.LogOptions[int, int]{})
		if _, _, err := numbers.Load(t.Context(), "a"); err == nil || !strings.Contains(err.Error(), "version 1") {
			t.Errorf("events of another type: %v", err)
		}
		failing := event.NewLog(client, "texts", func(s int, _ func()) int { return s }, event.LogOptions[int, func()]{})
		if _, err := failing.Append(t.Context(), "b", 0, func() {}); err == nil {
			t.Error("a function is stored")
		}
	})
}

func TestUpdate(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{SnapshotEvery: 10})
		const writers, each = 8, 15
		var running sync.WaitGroup
		for range writers {
			running.Go(func() {
				for range each {
					_, _, err := l.Update(t.Context(), "a", func(s int) ([]int, error) {
						if s%2 != 0 {
							return nil, errors.New("half of an append")
						}
						return []int{1, 1}, nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		wantState(t, l, "a", 2*writers*each, 2*writers*each)

		stop := errors.New("stop")
		_, _, err := l.Update(t.Context(), "a", func(int) ([]int, error) { return []int{1}, stop })
		wantError(t, err, stop)
		calls := 0
		_, _, err = l.Update(t.Context(), "a", func(int) ([]int, error) { calls++; return nil, repo.ErrConflict })
		if wantError(t, err, repo.ErrConflict); calls != 1 {
			t.Errorf("decided %d times", calls)
		}
		s, v, err := l.Update(t.Context(), "a", func(int) ([]int, error) { return nil, nil })
		if s != 240 || v != 240 || err != nil {
			t.Error(s, v, err)
		}
		if s, v, err = l.Update(t.Context(), "a", func(int) ([]int, error) { return []int{5}, nil }); s != 245 || v != 241 || err != nil {
			t.Error(s, v, err)
		}
		calls = 0
		_, _, err = l.Update(t.Context(), "b", func(s int) ([]int, error) {
			calls++
			_, err := l.Append(t.Context(), "b", int64(s), 1)
			return []int{1}, err
		})
		if wantError(t, err, repo.ErrConflict); calls != 100 {
			t.Errorf("decided %d times", calls)
		}
		wantState(t, l, "b", 100, 100)
	})
}

// A snapshot is used if it is of these events and this revision, and only then.
func TestSnapshots(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		folded := 0
		counting := func(state, n int) int { folded++; return state + n }
		opts := event.LogOptions[int, int]{SnapshotEvery: 5, Logger: quiet}
		l := event.NewLog(client, "sums", counting, opts)
		key := client.Space("log", "4:sumsa") + "s:4:sumsa"
		want := func(l *event.Log[int, int], state int, version int64, folds int) {
			t.Helper()
			folded = 0
			if wantState(t, l, "a", state, version); folded != folds {
				t.Fatalf("folded %d events, want %d", folded, folds)
			}
		}
		add := func(expected int64, events ...int) {
			t.Helper()
			_, err := l.Append(t.Context(), "a", expected, events...)
			must(t, err)
		}
		add(0, 1, 2, 3, 4)
		want(l, 10, 4, 4)
		want(l, 10, 4, 4) // too few for a snapshot
		add(4, 5, 6)
		want(l, 21, 6, 6)
		want(l, 21, 6, 0)
		add(6, 7)
		want(l, 28, 7, 1)
		want(event.NewLog(client, "sums", counting, event.LogOptions[int, int]{}), 28, 7, 7)

		opts.Revision = "2"
		second := event.NewLog(client, "sums", counting, opts)
		want(second, 28, 7, 7)
		want(second, 28, 7, 0)
		want(l, 28, 7, 7)

		_, err := l.Delete(t.Context(), "a")
		must(t, err)
		add(0, 100, 1, 1, 1, 1, 1, 1)
		want(l, 106, 7, 7)
		if keys := client.Redis().Exists(t.Context(), key).Val(); keys != 1 {
			t.Fatalf("%d snapshots at %s", keys, key)
		}
		// As if another Load had kept the snapshot of events that are deleted.
		must(t, client.Redis().HSet(t.Context(), key, "by", "another", "state", "-1").Err())
		want(l, 106, 7, 7)
		must(t, client.Redis().HSet(t.Context(), key, "version", "8").Err())
		want(l, 106, 7, 7)
		must(t, client.Redis().HSet(t.Context(), key, "version", "x").Err())
		want(l, 106, 7, 7)
		must(t, client.Redis().HSet(t.Context(), key, "state", "{").Err())
		want(l, 106, 7, 7)
		for e := range 10 {
			add(int64(7+e), 1)
		}
		must(t, client.Redis().Del(t.Context(), key).Err())
		must(t, client.Redis().Set(t.Context(), key, "of another type", 0).Err())
		if _, _, err := l.Load(t.Context(), "a"); err == nil {
			t.Error("a snapshot of another type is passed over")
		}
	})
}

// More events than one reply has.
func TestLongLog(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{SnapshotEvery: 400})
		ones := slices.Repeat([]int{1}, 500)
		for i := range int64(3) {
			_, err := l.Append(t.Context(), "a", 500*i, ones...)
			must(t, err)
			if n := len(history(t, l, "a", 1)); n != int(500*(i+1)) {
				t.Fatalf("%d events", n)
			}
		}
		for range 2 {
			wantState(t, l, "a", 1500, 1500)
		}
		_, err := l.Append(t.Context(), "a", 1500, ones[:7]...)
		must(t, err)
		wantState(t, l, "a", 1507, 1507)
		if n := len(history(t, l, "a", 1000)); n != 508 {
			t.Errorf("%d events from version 1000 on", n)
		}
	})
}

// Streams that are not as the log has left them are errors, and no wrong states.
func TestBrokenLog(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{Logger: quiet})
		for id, harm := range map[string]func(key string) error{
			"trimmed": func(key string) error { return client.Redis().XTrimMaxLen(t.Context(), key, 2).Err() },
			"a hole":  func(key string) error { return client.Redis().XDel(t.Context(), key, "2-0").Err() },
			"foreign": func(key string) error {
				return client.Redis().XAdd(t.Context(), &redis.XAddArgs{Stream: key, ID: "3-1", Values: []any{"x", "y"}}).Err()
			},
			"no time": func(key string) error {
				return client.Redis().XAdd(t.Context(), &redis.XAddArgs{Stream: key, ID: "4-0", Values: []any{"event", "1"}}).Err()
			},
		} {
			_, err := l.Append(t.Context(), id, 0, 1, 2, 3)
			must(t, err)
			name := "4:sums" + id
			must(t, harm(client.Space("log", name)+"e:"+name))
			_, _, err = l.Load(t.Context(), id)
			wantError(t, err, event.ErrBroken)
			for _, err = range l.History(t.Context(), id, 1) {
			}
			wantError(t, err, event.ErrBroken)
			_, _, err = l.Update(t.Context(), id, func(int) ([]int, error) { return []int{1}, nil })
			wantError(t, err, event.ErrBroken)
		}
	})
}

// An append whose reply is lost takes effect once.
func TestLostAppend(t *testing.T) {
	noLeak(t)
	proxy := faultproxy.Start(t, redisd.Shared(t).Addr())
	client := proxied(t, proxy.Addr())
	l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{})
	_, err := l.Append(t.Context(), "a", 0, 1)
	must(t, err)
	other, err := repo.New(redisd.Shared(t).Client(), repo.Config{Prefix: client.Prefix()})
	must(t, err)
	defer other.Close()
	second := event.NewLog(other, "sums", sum, event.LogOptions[int, int]{})
	calls := faultproxy.Command("EVALSHA")
	version := int64(1)
	for i, lose := range []func(){
		func() { proxy.DropReply(calls) },
		func() { proxy.DropReply(calls, 1, 2, 3) },
		func() { proxy.DropRequest(calls) },
		func() { proxy.DropReply(calls, 1); proxy.DropRequest(calls, 2) },
	} {
		lose()
		v, err := l.Append(t.Context(), "a", version, 1, 1)
		if err != nil || v != version+2 {
			t.Fatalf("%d: version %d, %v", i, v, err)
		}
		version += 2
		wantState(t, second, "a", int(version), version)
	}
	// Somebody else appends after the reply is lost and before it is sent again.
	proxy.DropReply(func(args []string) bool {
		return calls(args) && slices.Contains(args, "1000")
	})
	_, err = l.Append(t.Context(), "b", 0, 1000)
	must(t, err)
	wantState(t, second, "b", 1000, 1)
	// The request is lost, and another append comes first.
	proxy.DropRequest(func(args []string) bool {
		if calls(args) && slices.Contains(args, "2000") && !slices.Contains(args, "done") {
			if _, err := second.Append(context.Background(), "b", 1, 7); err != nil {
				return false // the second time
			}
			return true
		}
		return false
	})
	_, err = l.Append(t.Context(), "b", 1, 2000)
	wantError(t, err, repo.ErrConflict)
	wantState(t, second, "b", 1007, 2)

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	proxy.HoldReply(calls)
	_, err = l.Append(ctx, "b", 2, 1)
	wantError(t, err, repo.ErrUncertain)
	wantState(t, second, "b", 1008, 3)
}

// Random appends, deletions and loads, compared with slices.
func TestLogModel(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		r := random(t)
		l := event.NewLog(client, "texts", func(s, e string) string { return s + e }, event.LogOptions[string, string]{
			Codec: event.Bytes[string](), State: event.Bytes[string](), SnapshotEvery: 1 + r.IntN(6), Logger: quiet,
		})
		model := map[string][]string{}
		pieces := []string{"", "a", "\x00", "\xff", "{", "\r\n", "é"}
		for step := range 500 {
			id := pieces[r.IntN(len(pieces))]
			is := model[id]
			var events []string
			for range r.IntN(4) {
				events = append(events, pieces[r.IntN(len(pieces))])
			}
			switch r.IntN(10) {
			case 0, 1, 2, 3:
				expected := int64(len(is) - r.IntN(2)*r.IntN(2))
				v, err := l.Append(t.Context(), id, max(expected, 0), events...)
				if int(max(expected, 0)) != len(is) {
					wantError(t, err, repo.ErrConflict)
					break
				}
				if model[id] = append(is, events...); err != nil || int(v) != len(model[id]) {
					t.Fatalf("step %d: %d, %v", step, v, err)
				}
			case 4, 5, 6:
				s, v, err := l.Update(t.Context(), id, func(string) ([]string, error) { return events, nil })
				if model[id] = append(is, events...); err != nil || int(v) != len(model[id]) || s != strings.Join(model[id], "") {
					t.Fatalf("step %d: %q, %d, %v", step, s, v, err)
				}
			case 7, 8:
				wantState(t, l, id, strings.Join(is, ""), int64(len(is)))
			case 9:
				from := r.IntN(len(is) + 2)
				i := max(from-1, 0)
				for e, err := range l.History(t.Context(), id, int64(from)) {
					if err != nil || int(e.Version) != i+1 || e.Event != is[i] {
						t.Fatalf("step %d: %+v, %v", step, e, err)
					}
					i++
				}
				if i != max(len(is), from-1) {
					t.Fatalf("step %d: %d events, want %d", step, i, len(is))
				}
				if r.IntN(3) == 0 {
					_, err := l.Delete(t.Context(), id)
					must(t, err)
					delete(model, id)
				}
			}
		}
	})
}

// With functions in place of scripts, and with confirmations of replicas.
func TestLogFunctions(t *testing.T) {
	noLeak(t)
	client := on(t, redisd.Shared(t).Client(), repo.Config{Functions: true})
	must(t, repo.LoadFunctions(t.Context(), client))
	l := event.NewLog(client, "sums", sum, event.LogOptions[int, int]{SnapshotEvery: 2})
	_, err := l.Append(t.Context(), "a", 0, 1, 2)
	must(t, err)
	wantState(t, l, "a", 3, 2)
	wantState(t, l, "a", 3, 2)

	strict := event.NewLog(client.Durable(repo.Durability{Replicas: 1, Timeout: 10 * time.Millisecond}), "sums", sum, event.LogOptions[int, int]{})
	v, err := strict.Append(t.Context(), "a", 2, 3)
	if wantError(t, err, repo.ErrNotDurable); v != 3 {
		t.Errorf("version %d", v)
	}
	s, v, err := strict.Update(t.Context(), "a", func(int) ([]int, error) { return []int{4}, nil })
	if wantError(t, err, repo.ErrNotDurable); s != 10 || v != 4 {
		t.Errorf("state %d, version %d", s, v)
	}
	wantState(t, l, "a", 10, 4)
}
