package main

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

// caller is who sends a request, and what that user may do.
type caller struct {
	*tframex.Access
	session string // its ID
}

// view is what callers are told of themselves.
func (c *caller) view() any {
	var roles []string
	for _, role := range c.Roles {
		roles = append(roles, role.Name)
	}
	return struct {
		User        string   `json:"user"`
		Roles       []string `json:"roles"`
		Permissions []string `json:"permissions"`
	}{c.User.Username, roles, c.Permissions}
}

// can tells whether a caller has a permission, "resource:action".
func (c *caller) can(permission string) bool {
	resource, action, _ := strings.Cut(permission, ":")
	return c.Allows(resource, action)
}

var (
	signInFirst = problem{http.StatusUnauthorized, "sign in first"}
	notAllowed  = problem{http.StatusForbidden, "you may not do that"}
)

// callerOf returns the user of a session, who may have been removed or barred since it
// began.
func (s *service) callerOf(ctx context.Context, session *tframex.Session) (*caller, error) {
	access, err := s.store.AccessOf(ctx, session.UserID)
	if errors.Is(err, repo.ErrNotFound) || err == nil && !access.User.IsActive {
		return nil, signInFirst
	}
	return &caller{access, session.SessionID}, err
}

// may returns a handler for those who are signed in and have a permission; none: for all
// who are signed in. It counts the request against the limits of the user.
func (s *service) may(permission string, h func(http.ResponseWriter, *http.Request, *caller) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := s.session(r)
		if err != nil {
			return err
		}
		result, err := s.store.Allow(r.Context(), session.UserID)
		if err == nil {
			err = admit(w, result)
		}
		if err != nil {
			return err
		}
		c, err := s.callerOf(r.Context(), session)
		if err != nil {
			return err
		}
		if permission != "" && !c.can(permission) {
			return notAllowed
		}
		return h(w, r, c)
	}
}

// admit refuses what a limit has refused, and says when to come again.
func admit(w http.ResponseWriter, result limit.Result) error {
	if result.Allowed {
		return nil
	}
	seconds := (result.RetryAfter + time.Second - 1) / time.Second
	w.Header().Set("Retry-After", strconv.Itoa(int(seconds)))
	return problem{http.StatusTooManyRequests, "too many requests; try again later"}
}
