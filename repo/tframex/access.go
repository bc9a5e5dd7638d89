package tframex

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/redisgen/redisgen/repo"
)

// Access is what a user may do.
type Access struct {
	User  *User
	Roles []*Role // the user's, then those that they inherit from, level by level
	// Permissions are those of all roles, "resource:action", sorted and each once.
	Permissions []string
	// Missing are roles that are not there, or more than 32 levels away: names, and IDs of
	// those that are assigned by a [UserRole]. They permit nothing.
	Missing []string
}

// mostLevels is how many levels of inherited roles count.
const mostLevels = 32

// AccessOf returns what a user may do, whether active or not; [repo.ErrNotFound] if there
// is no such user. The roles are those that User.Roles names and those that UserRole links
// assign, and by parent_role the roles that they inherit from; a circle of roles is the
// union of them. A permission without a colon is the name of a [Permission].
//
// Round trips: one for the user and the links, one for each level of roles, one if there
// are names of permissions. It sees each as it is when it is read. With [repo.Config.Cache]
// the user and the roles are read from memory, and may be as old as that allows; the links
// always take their round trip.
func (s *Store) AccessOf(ctx context.Context, userID string) (*Access, error) {
	a := new(Access)
	var ids []string
	err := together(
		func() (err error) { a.User, err = s.Users.Get(ctx, userID); return err },
		func() (err error) { ids, err = s.assigned(ctx, userID); return err },
	)
	if err != nil {
		return nil, err
	}
	if err := s.inherit(ctx, a, a.User.Roles, ids); err != nil {
		return nil, err
	}
	return a, s.permit(ctx, a)
}

// Allowed tells whether a user may do something with a kind of resource: an active user
// with a permission "resource:action", in which either may be *. A user who is not there
// may nothing. It costs what [Store.AccessOf] costs.
func (s *Store) Allowed(ctx context.Context, userID, resource, action string) (bool, error) {
	a, err := s.AccessOf(ctx, userID)
	if errors.Is(err, repo.ErrNotFound) {
		return false, nil
	}
	return err == nil && a.User.IsActive && a.Allows(resource, action), err
}

// Allows tells whether a permission admits something; whether the user is active does not
// matter. Case does.
func (a *Access) Allows(resource, action string) bool {
	return slices.ContainsFunc(a.Permissions, func(p string) bool { return admits(p, resource, action) })
}

// admits tells whether a permission admits something. Resources may have colons, actions
// have none.
func admits(permission, resource, action string) bool {
	if permission == "*" {
		return true
	}
	at := strings.LastIndexByte(permission, ':')
	if at < 0 {
		return false
	}
	r, a := permission[:at], permission[at+1:]
	return (r == "*" || r == resource) && (a == "*" || a == action)
}

// assigned returns the IDs of the roles that links assign.
func (s *Store) assigned(ctx context.Context, userID string) (ids []string, _ error) {
	for link, err := range s.UserRoles.Where(UserRoleFields.UserID.Eq(userID)).All(ctx) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, link.RoleID)
	}
	return ids, nil
}

// inherit finds roles by names and IDs, and those above them, a level at a time.
func (s *Store) inherit(ctx context.Context, a *Access, names, ids []string) error {
	seen := map[string]bool{}
	for range mostLevels {
		var named, linked []*Role
		err := together(
			func() (err error) { named, err = s.rolesByName(ctx, names); return err },
			func() (err error) { linked, err = s.rolesByID(ctx, ids); return err },
		)
		if err != nil {
			return err
		}
		for i, r := range slices.Concat(named, linked) {
			switch {
			case r == nil:
				a.Missing = append(a.Missing, slices.Concat(names, ids)[i])
			case !seen[r.ID]:
				seen[r.ID] = true
				a.Roles = append(a.Roles, r)
			}
		}
		if names, ids = a.above(), nil; len(names) == 0 {
			return nil
		}
	}
	a.Missing = append(a.Missing, names...)
	return nil
}

// above returns the names of the roles that some of the roles inherit from, and that are
// neither among them nor missing.
func (a *Access) above() (names []string) {
	is := func(name string) func(string) bool {
		return func(other string) bool { return strings.EqualFold(name, other) }
	}
	for _, r := range a.Roles {
		if r.ParentRole == nil || *r.ParentRole == "" {
			continue
		}
		known := slices.ContainsFunc(a.Roles, func(other *Role) bool { return strings.EqualFold(other.Name, *r.ParentRole) })
		if !known && !slices.ContainsFunc(names, is(*r.ParentRole)) && !slices.ContainsFunc(a.Missing, is(*r.ParentRole)) {
			names = append(names, *r.ParentRole)
		}
	}
	return names
}

// permit collects the permissions of the roles.
func (s *Store) permit(ctx context.Context, a *Access) error {
	set, names := map[string]bool{}, map[string]bool{}
	for _, r := range a.Roles {
		for _, p := range r.Permissions {
			if p == "*" || strings.Contains(p, ":") {
				set[p] = true
			} else {
				names[p] = true
			}
		}
	}
	if len(names) > 0 {
		for p, err := range s.Permissions.Where(PermissionFields.Name.In(slices.Collect(maps.Keys(names))...)).All(ctx) {
			if err != nil {
				return err
			}
			set[p.Resource+":"+p.Action] = true
		}
	}
	a.Permissions = slices.Sorted(maps.Keys(set))
	return nil
}

// together calls functions at the same time, and returns the first error.
func together(calls ...func() error) error {
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() { errs[i] = call() })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rolesByID returns roles, nil where there is none.
func (s *Store) rolesByID(ctx context.Context, ids []string) ([]*Role, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.Roles.GetMany(ctx, ids...)
}

// rolesByName returns roles, nil where there is none. Those that were found before are read
// by their IDs, which the cache of the client has.
func (s *Store) rolesByName(ctx context.Context, names []string) ([]*Role, error) {
	list := make([]*Role, len(names))
	ids, at := s.names.ids(names)
	known, err := s.rolesByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, r := range known {
		if r != nil && strings.EqualFold(r.Name, names[at[i]]) { // else it bears the name no more
			list[at[i]] = r
		}
	}
	var rest []string
	for i, name := range names {
		if list[i] == nil {
			rest = append(rest, name)
		}
	}
	if len(rest) == 0 {
		return list, nil
	}
	for r, err := range s.Roles.Where(RoleFields.Name.In(rest...)).All(ctx) {
		if err != nil {
			return nil, err
		}
		for i, name := range names {
			if list[i] == nil && strings.EqualFold(r.Name, name) {
				list[i] = r
				s.names.keep(name, r.ID)
			}
		}
	}
	return list, nil
}

// roleNames keeps the IDs that roles were found by, by their names. Whoever uses one looks
// whether the role still bears the name.
type roleNames struct {
	mu     sync.Mutex
	byName map[string]string
}

// mostNames is how many names are kept.
const mostNames = 10_000

// ids returns the IDs that are known, and where their names are among names.
func (n *roleNames) ids(names []string) (ids []string, at []int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, name := range names {
		if id, ok := n.byName[name]; ok {
			ids, at = append(ids, id), append(at, i)
		}
	}
	return ids, at
}

func (n *roleNames) keep(name, id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byName == nil || len(n.byName) >= mostNames {
		n.byName = map[string]string{}
	}
	n.byName[name] = id
}
