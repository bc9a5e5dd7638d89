package main

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"sync"

	"github.com/redisgen/redisgen/repo/idempotency"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

// service answers requests. It keeps nothing but what is under way: all else is in the
// store, so that several programs can serve the same users.
type service struct {
	config
	store   *tframex.Store
	keys    *idempotency.Keys
	signing *limit.Limiter
	end     func() error // closes the store

	streams chan struct{} // has one for each open stream

	closing context.Context // ends when streams are to
	close   context.CancelFunc

	working context.Context // ends when answers have to be given up
	giveUp  context.CancelFunc
	answers sync.WaitGroup
}

// newService opens the store and returns the service on it, which serve closes.
func newService(ctx context.Context, c config) (*service, error) {
	store, end, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &service{config: c, store: store, end: end, streams: make(chan struct{}, c.maxStreams)}
	s.keys = idempotency.New(store.Client(), idempotency.Options{})
	s.closing, s.close = context.WithCancel(context.Background())
	s.working, s.giveUp = context.WithCancel(context.Background())
	if s.signing, err = limit.New(store.Client(), "sign-in", c.signIns...); err == nil {
		err = s.failAbandoned(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, end())
	}
	return s, nil
}

//go:embed index.html
var index []byte

// handler returns all that the service answers.
func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	on := func(pattern string, h handler) { mux.Handle(pattern, s.within(h)) }

	on("GET /{$}", page)
	on("GET /healthz", s.health)
	on("POST /api/session", s.signIn)
	on("GET /api/session", s.may("", s.whoAmI))
	on("DELETE /api/session", s.may("", s.signOut))
	on("DELETE /api/sessions", s.may("", s.signOutEverywhere))

	on("GET /api/conversations", s.may("conversations:read", s.listConversations))
	on("POST /api/conversations", s.may("conversations:write", s.createConversation))
	on("DELETE /api/conversations/{id}", s.may("conversations:write", s.deleteConversation))
	on("GET /api/conversations/{id}/messages", s.may("conversations:read", s.listMessages))
	on("POST /api/conversations/{id}/messages", s.may("conversations:write", s.postMessage))
	mux.Handle("GET /api/conversations/{id}/events", s.plain(s.may("conversations:read", s.stream))) // no timeout
	on("GET /api/flows/{id}", s.may("conversations:read", s.getFlow))

	on("GET /api/audit", s.may("audit:read", s.listAudit))
	on("GET /api/stats", s.may("stats:read", s.stats))
	on("/", func(http.ResponseWriter, *http.Request) error { return noSuchPage })

	crossOrigin := http.NewCrossOriginProtection() // no other site can use the cookie to change anything
	crossOrigin.SetDenyHandler(s.plain(func(http.ResponseWriter, *http.Request) error { return otherSite }))
	return crossOrigin.Handler(mux)
}

// page answers with the page that uses the service.
func page(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'none'")
	_, _ = w.Write(index) // if that fails, nobody reads
	return nil
}
