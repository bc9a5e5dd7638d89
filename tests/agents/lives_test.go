package agents

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

// life is a session or a value that is kept for a while, and what was done with it.
type life struct {
	id, user string // user: of a session

	mu    sync.Mutex
	calls []did
}

// lives are all of them.
type lives struct {
	mu              sync.Mutex
	sessions, temps []*life
}

// note adds a call that concerns something.
func (l *life) note(c call, d deed, found bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, did{c, d, found})
}

// begin adds something that was made.
func (v *lives) begin(to *[]*life, id, user string, c call) {
	if c.what != refused {
		v.mu.Lock()
		defer v.mu.Unlock()
		*to = append(*to, &life{id: id, user: user, calls: []did{{c, made, false}}})
	}
}

// any returns one of a list: most often one of the latest.
func (w *worker) any(of *[]*life) *life {
	w.lives.mu.Lock()
	defer w.lives.mu.Unlock()
	all := *of
	if w.random.IntN(8) > 0 {
		all = all[max(0, len(all)-40):]
	}
	return pick(w, all)
}

// signIn makes a session.
func (w *worker) signIn() {
	s := &tframex.Session{SessionID: w.next(), UserID: w.user, Data: map[string]any{"by": w.name}}
	c, _ := w.call("sign in", func(ctx context.Context) error { return w.store.CreateSession(ctx, s) })
	w.lives.begin(&w.lives.sessions, s.SessionID, w.user, c)
}

// useSession uses a session of anybody.
func (w *worker) useSession() {
	l := w.any(&w.lives.sessions)
	if l == nil {
		return
	}
	var got *tframex.Session
	c, err := w.call("use session", func(ctx context.Context) (err error) { got, err = w.store.GetSession(ctx, l.id); return err }, repo.ErrNotFound)
	l.note(c, used, err == nil)
	if err == nil && (got.SessionID != l.id || got.UserID != l.user) {
		w.t.Errorf("session %s of %s is %s of %s", l.id, l.user, got.SessionID, got.UserID)
	}
}

// signOut revokes a session of anybody.
func (w *worker) signOut() {
	if l := w.any(&w.lives.sessions); l != nil {
		c, err := w.call("sign out", func(ctx context.Context) error { return w.store.RevokeSession(ctx, l.id) }, repo.ErrNotFound)
		l.note(c, ended, err == nil)
	}
}

// own returns the sessions of the worker's user.
func (w *worker) own() []*life {
	w.lives.mu.Lock()
	defer w.lives.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(w.lives.sessions), func(l *life) bool { return l.user != w.user })
}

// signOutAll revokes all sessions of the worker's user.
func (w *worker) signOutAll() {
	all := w.own()
	c, _ := w.call("sign out all", func(ctx context.Context) error { _, err := w.store.RevokeSessions(ctx, w.user); return err })
	for _, l := range all {
		l.note(c, endedBy, false)
	}
}

// listSessions lists the sessions of the worker's user.
func (w *worker) listSessions() {
	all := w.own()
	there := map[string]bool{}
	c, err := w.call("list sessions", func(ctx context.Context) error {
		for s, err := range w.store.SessionsOf(w.user).All(ctx) {
			if err != nil {
				return err
			}
			there[s.SessionID] = true
		}
		return nil
	})
	if err != nil {
		return
	}
	for _, l := range all {
		l.note(c, seen, there[l.id])
		delete(there, l.id)
	}
	for id := range there {
		w.t.Errorf("%s: nobody has made session %s", w.name, id)
	}
}

// putTemp keeps a value for a while.
func (w *worker) putTemp() {
	id := w.next()
	c, _ := w.call("put temp", func(ctx context.Context) error { return w.store.PutTemp(ctx, id, textOf(id), ttl) })
	w.lives.begin(&w.lives.temps, id, "", c)
}

// getTemp reads a value of anybody, takeTemp takes it.
func (w *worker) getTemp()  { w.temp("get temp", seen, tframex.GetTemp[string]) }
func (w *worker) takeTemp() { w.temp("take temp", ended, tframex.TakeTemp[string]) }

func (w *worker) temp(kind string, d deed, get func(context.Context, *tframex.Store, string) (string, error)) {
	l := w.any(&w.lives.temps)
	if l == nil {
		return
	}
	text := ""
	c, err := w.call(kind, func(ctx context.Context) (err error) { text, err = get(ctx, w.store, l.id); return err }, repo.ErrNotFound)
	l.note(c, d, err == nil)
	if err == nil && text != textOf(l.id) {
		w.t.Errorf("value %s is %q", l.id, text)
	}
}

// checkLives looks at all sessions and values once more, and then at what was done with
// them. Those that are over are forgotten.
func (w *world) checkLives() {
	w.t.Helper()
	w.lives.sessions = w.checkAll("session", w.lives.sessions, w.store.Sessions.Exists, w.store.Sessions.Where().Count)
	w.lives.temps = w.checkAll("value", w.lives.temps, w.store.TempData.Exists, w.store.TempData.Where().Count)
}

func (w *world) checkAll(what string, all []*life, exists func(context.Context, string) (bool, error), count func(context.Context) (int64, error)) (left []*life) {
	w.t.Helper()
	look := func() (there []*life) {
		for _, l := range all {
			var found bool
			c := call{began: time.Now()}
			w.calm("read "+l.id, func(ctx context.Context) (err error) { found, err = exists(ctx, l.id); return err })
			c.ended = time.Now()
			if l.note(c, seen, found); found {
				there = append(there, l)
			}
		}
		return there
	}
	before := look()
	var n int64
	w.calm("count", func(ctx context.Context) (err error) { n, err = count(ctx); return err })
	left = look()
	if n > int64(len(before)) || n < int64(len(left)) {
		w.t.Errorf("there are %d of %d to %d: %s", n, len(left), len(before), what)
	}
	for _, l := range all {
		w.problems(fmt.Sprint(what, " ", l.id), checkLife(l.calls, ttl, slack))
	}
	return left
}
