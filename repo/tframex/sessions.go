package tframex

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/redisgen/redisgen/repo"
)

// ErrInactive: the session is there and may not be used.
var ErrInactive = errors.New("the session is not active")

// CreateSession stores a new session, active, and sets its SessionID, 128 random bits or
// more, where that is empty. It ends when ExpiresAt says, or if that is not set a
// SessionTTL from now. [repo.ErrExists] if there is one with the ID. One round trip.
func (s *Store) CreateSession(ctx context.Context, session *Session) error {
	if session.SessionID == "" {
		session.SessionID = rand.Text()
	}
	session.IsActive = true
	if err := s.orNow(ctx, &session.LastActivity); err != nil {
		return err
	}
	var opts []repo.WriteOption
	if session.ExpiresAt.IsZero() {
		opts = append(opts, repo.TTL(s.options.SessionTTL))
	}
	return anonymous(s.Sessions.Create(ctx, session, opts...))
}

// GetSession returns a session, notes that it was used, and has it live for a SessionTTL
// from now. [repo.ErrNotFound] if there is none, or it has expired; [ErrInactive] if it may
// not be used. Errors do not show the ID, which is what a user proves to be signed in by.
//
// One round trip. A session that was to live longer than that, or for ever, and one that
// is not active keep their expiry, at the cost of a second one; if that fails, the error is
// returned, and the session ends in a SessionTTL.
func (s *Store) GetSession(ctx context.Context, sessionID string) (*Session, error) {
	now, err := s.clock.now(ctx)
	if err != nil {
		return nil, err
	}
	until := now.Add(s.options.SessionTTL)
	batch := s.client.Batch()
	got := s.Sessions.In(batch).Get(sessionID)
	used := s.Sessions.In(batch).Patch(sessionID, SessionFields.LastActivity.Set(now), SessionFields.ExpiresAt.Set(until))
	_ = batch.Run(ctx) // each has its own error
	if err := errors.Join(got.Err, used.Err); err != nil {
		return nil, anonymous(first(got.Err, used.Err))
	}
	session := got.Value
	if !session.IsActive || session.ExpiresAt.IsZero() || session.ExpiresAt.After(until) {
		if err := s.keepExpiry(ctx, session); err != nil {
			return nil, anonymous(err)
		}
	} else {
		session.ExpiresAt = until
	}
	if !session.IsActive {
		return nil, &repo.RecordError{Op: "GetSession", Entity: "sessions", Err: ErrInactive}
	}
	session.LastActivity = now
	return session, nil
}

// keepExpiry gives a session back the expiry that it had.
func (s *Store) keepExpiry(ctx context.Context, session *Session) error {
	expiry := repo.ExpireAt(session.ExpiresAt)
	if session.ExpiresAt.IsZero() {
		expiry = repo.NoTTL()
	}
	return s.Sessions.Touch(ctx, session.SessionID, expiry)
}

// RevokeSession ends a session; [repo.ErrNotFound] if there is none. A GetSession at the
// same time does not bring it back. One round trip.
func (s *Store) RevokeSession(ctx context.Context, sessionID string) error {
	return anonymous(s.Sessions.Delete(ctx, sessionID))
}

// RevokeSessions ends all sessions of a user, a hundred at a time in two round trips, and
// returns how many. It goes on until it finds none: when it returns, all that were there
// when it was called are gone, and there was a moment meanwhile when the user had none. One
// that is created after that moment stays; to keep the user out, have signing in refused
// first, by User.IsActive. If it fails, calling it again goes on.
func (s *Store) RevokeSessions(ctx context.Context, userID string) (revoked int64, err error) {
	for {
		progress, err := s.SessionsOf(userID).Delete(ctx)
		revoked += progress.Done
		if err != nil {
			return revoked, anonymous(err)
		}
		if progress.Done+progress.Skipped == 0 {
			return revoked, nil
		}
	}
}

// SessionsOf returns the query for the sessions of a user that have not expired, newest
// first, active or not.
func (s *Store) SessionsOf(userID string) *repo.Query[*Session, string] {
	return newest(s.Sessions.Where(SessionFields.UserID.Eq(userID)), SessionFields.CreatedAt)
}

// CleanUp releases the memory that index entries of expired sessions and temporary data
// have. The client does that in the background, and no query sees them: it is for those
// who have turned that off. It is [repo.Client.Sweep].
func (s *Store) CleanUp(ctx context.Context) error { return s.client.Sweep(ctx) }

// anonymous returns an error of a session without its ID.
func anonymous(err error) error {
	record, ok := errors.AsType[*repo.RecordError](err)
	if !ok {
		return err
	}
	return &repo.RecordError{Op: record.Op, Entity: record.Entity, Err: record.Err}
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
