package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

const cookieName = "session"

// newToken returns 256 random bits, which whoever has them is signed in by.
func newToken() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// sessionID returns the ID of the session of a token: a digest, so that who reads the store
// cannot sign in by what is there.
func sessionID(token string) string {
	digest := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

// signIn begins a session, and ends the one that the browser had. This example believes
// whoever says a name: check a password against User.PasswordHash here.
func (s *service) signIn(w http.ResponseWriter, r *http.Request) error {
	result, err := s.signing.Allow(r.Context(), limit.ByIP(r))
	if err == nil {
		err = admit(w, result)
	}
	if err != nil {
		return err
	}
	var in struct {
		User string `json:"user"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	user, err := s.store.FindUser(r.Context(), in.User)
	if errors.Is(err, repo.ErrNotFound) || err == nil && !user.IsActive {
		return problem{http.StatusUnauthorized, "there is no such user"}
	} else if err != nil {
		return err
	}
	if old, err := r.Cookie(cookieName); err == nil {
		if err := s.store.RevokeSession(r.Context(), sessionID(old.Value)); err != nil && !errors.Is(err, repo.ErrNotFound) {
			return err
		}
	}
	token := newToken()
	session := &tframex.Session{SessionID: sessionID(token), UserID: user.ID}
	if err := s.store.CreateSession(r.Context(), session); err != nil {
		return err
	}
	c, err := s.callerOf(r.Context(), session)
	if err != nil {
		return err
	}
	s.setCookie(w, token)
	s.audit(r, c, "sign in", "session", "")
	reply(w, http.StatusCreated, c.view())
	return nil
}

// setCookie gives the browser a token. It keeps it until it is closed; the session ends
// before that if it is not used.
func (s *service) setCookie(w http.ResponseWriter, token string) {
	c := &http.Cookie{Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.secure}
	if token == "" {
		c.MaxAge = -1 // it is to be removed
	}
	http.SetCookie(w, c)
}

// session returns the session of a request, which lives on from now.
func (s *service) session(r *http.Request) (*tframex.Session, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, signInFirst
	}
	session, err := s.store.GetSession(r.Context(), sessionID(cookie.Value))
	if errors.Is(err, repo.ErrNotFound) || errors.Is(err, tframex.ErrInactive) {
		return nil, signInFirst
	}
	return session, err
}

// goesOn returns the caller of a session, and unlike session does not have it live on.
func (s *service) goesOn(ctx context.Context, sessionID string) (*caller, error) {
	session, err := s.store.Sessions.Get(ctx, sessionID)
	if errors.Is(err, repo.ErrNotFound) || err == nil && !session.IsActive {
		return nil, signInFirst
	} else if err != nil {
		return nil, err
	}
	return s.callerOf(ctx, session)
}

func (s *service) whoAmI(w http.ResponseWriter, _ *http.Request, c *caller) error {
	reply(w, http.StatusOK, c.view())
	return nil
}

func (s *service) signOut(w http.ResponseWriter, r *http.Request, c *caller) error {
	if err := s.store.RevokeSession(r.Context(), c.session); err != nil && !errors.Is(err, repo.ErrNotFound) {
		return err
	}
	s.setCookie(w, "")
	s.audit(r, c, "sign out", "session", "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// signOutEverywhere ends all sessions of the caller, on all devices.
func (s *service) signOutEverywhere(w http.ResponseWriter, r *http.Request, c *caller) error {
	n, err := s.store.RevokeSessions(r.Context(), c.User.ID)
	if err != nil {
		return err
	}
	s.setCookie(w, "")
	s.audit(r, c, "sign out everywhere", "session", "")
	reply(w, http.StatusOK, map[string]int64{"ended": n})
	return nil
}
