package agents

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex"
)

// access is which version of a document the worker's role may permit.
type access map[int]bool

func (w *worker) role() string { return "role of " + w.name }

// setRoles makes the role that all inherit from.
func (w *world) setRoles() error {
	return w.store.Roles.Create(context.Background(), &tframex.Role{ID: "everybody", Name: "everybody", Permissions: []string{"news:read"}})
}

// setAccess makes the worker's user and role.
func (w *worker) setAccess() error {
	w.access[0] = true
	role := &tframex.Role{ID: w.role(), Name: w.role(), ParentRole: new("Everybody"), Permissions: []string{"document:0"}}
	user := &tframex.User{ID: w.user, Username: w.user, IsActive: true, Roles: []string{role.Name}}
	return errors.Join(w.store.Roles.Create(context.Background(), role), w.store.Users.Create(context.Background(), user))
}

// grant has the worker's role permit the next version, and no other.
func (w *worker) grant() {
	next := 1 + slices.Max(slices.Collect(maps.Keys(w.access)))
	c, _ := w.call("grant", func(ctx context.Context) error {
		_, err := w.store.Roles.Mutate(ctx, w.role(), func(r *tframex.Role) error {
			r.Permissions = []string{fmt.Sprint("document:", next)}
			return nil
		})
		return err
	})
	switch {
	case c.what == good:
		w.access = access{next: true}
	case c.maybe():
		w.access[next] = true
	}
}

// ask asks whether the worker's user may do something.
func (w *worker) ask() {
	n := max(0, slices.Max(slices.Collect(maps.Keys(w.access)))-w.random.IntN(3))
	resource, action, may, must := "document", fmt.Sprint(n), w.access[n], w.access[n] && len(w.access) == 1
	if w.random.IntN(4) == 0 {
		resource, action, may, must = "news", "read", true, true
	}
	var got bool
	_, err := w.call("allowed", func(ctx context.Context) (err error) {
		got, err = w.store.Allowed(ctx, w.user, resource, action)
		return err
	})
	if err == nil && (got && !may || !got && must) {
		w.t.Errorf("%s may %s %s: %t", w.user, action, resource, got)
	}
}

// clearAccess deletes users and roles.
func (w *world) clearAccess() {
	w.t.Helper()
	remove := func(name string, f func(context.Context, string) error, id string) {
		w.calm("delete "+name, func(ctx context.Context) error { return f(ctx, id) }, repo.ErrNotFound)
	}
	for _, one := range w.workers {
		remove("user", w.store.Users.Delete, one.user)
		remove("role", w.store.Roles.Delete, one.role())
	}
	remove("role", w.store.Roles.Delete, "everybody")
}
