package tframex

import (
	"context"
	"errors"
	"strings"

	"github.com/redisgen/redisgen/repo"
)

// FindUser returns the user with a name or an email, in any case, or [repo.ErrNotFound].
// What has an @ is looked up as an email first, all else as a name; two round trips if it
// is the other.
//
// A user has the hash of a password and an API key: no error and no log of this package
// shows them, but printing the struct does.
func (s *Store) FindUser(ctx context.Context, nameOrEmail string) (*User, error) {
	first, second := s.Users.GetByUsername, s.Users.GetByEmail
	if strings.Contains(nameOrEmail, "@") {
		first, second = second, first
	}
	u, err := first(ctx, nameOrEmail)
	if errors.Is(err, repo.ErrNotFound) {
		return second(ctx, nameOrEmail)
	}
	return u, err
}
