package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/idempotency"
)

// handler answers a request, or returns why it cannot.
type handler func(w http.ResponseWriter, r *http.Request) error

// plain makes an http.Handler of h, which answers with its errors.
func (s *service) plain(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-store")
		if err := h(w, r); err != nil {
			fail(w, r, err)
		}
	})
}

// within is plain for a handler that has to be done in time, with a body that is not too
// large.
func (s *service) within(h handler) http.Handler {
	return s.plain(func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(r.Context(), s.requestTimeout)
		defer cancel()
		r.Body = http.MaxBytesReader(w, r.Body, s.maxBody)
		return h(w, r.WithContext(ctx))
	})
}

// problem is an error that the client is told as it is.
type problem struct {
	status int
	text   string
}

func (p problem) Error() string { return p.text }

var (
	noSuchPage = problem{http.StatusNotFound, "there is no such path and method"}
	otherSite  = problem{http.StatusForbidden, "the request comes from another site"}
)

// invalid is a problem with what the client has sent.
func invalid(text string) error { return problem{http.StatusBadRequest, text} }

// fail answers with an error.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == context.Canceled {
		return // the client has gone
	}
	p := problemOf(err)
	if p.status >= 500 {
		slog.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	reply(w, p.status, map[string]string{"error": p.text})
}

// problemOf tells what an error is for the client. Errors of the store can be tested with
// errors.Is, wherever they come from.
func problemOf(err error) problem {
	if p, ok := errors.AsType[problem](err); ok {
		return p
	}
	_, tooLong := errors.AsType[*http.MaxBytesError](err)
	_, network := errors.AsType[net.Error](err) // a deadline is one too
	switch {
	case errors.Is(err, repo.ErrNotFound):
		return problem{http.StatusNotFound, "there is no such thing"}
	case errors.Is(err, repo.ErrCursor):
		return problem{http.StatusBadRequest, "the cursor does not belong to this list"}
	case errors.Is(err, repo.ErrTooLarge), tooLong:
		return problem{http.StatusRequestEntityTooLarge, "that is too large"}
	case errors.Is(err, idempotency.ErrInProgress):
		return problem{http.StatusConflict, "a request with this key is under way"}
	case network, errors.Is(err, io.EOF), errors.Is(err, repo.ErrClosed), errors.Is(err, repo.ErrUncertain):
		return problem{http.StatusServiceUnavailable, "the store cannot be reached; try again later"}
	}
	return problem{http.StatusInternalServerError, "something is wrong here"}
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // if that fails, nobody reads
}

// read reads what a request has as JSON: one value, without fields that v lacks.
func read(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		}
	}
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return err
	}
	return invalid("the body is not the JSON that is wanted here")
}
