package main

import (
	"context"
	"net/http"
	"time"
)

// health tells whether the store can be written, which is what a load balancer has to know.
func (s *service) health(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	found, err := s.store.Health(ctx)
	if err != nil {
		return problem{http.StatusServiceUnavailable, "the store cannot be written"}
	}
	reply(w, http.StatusOK, map[string]any{"status": "ok", "latency_us": found.Latency.Microseconds()})
	return nil
}

// stats tells how many records of each kind there are, and what is under way here.
func (s *service) stats(w http.ResponseWriter, r *http.Request, _ *caller) error {
	found, err := s.store.Stats(r.Context())
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, map[string]any{"records": found.Records, "streams": len(s.streams)})
	return nil
}
