package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// serve answers requests until ctx ends. Then it takes no more, ends the streams, whose
// clients come again elsewhere, and waits until requests and answers are done, for at most
// as long as drain; what is left then is given up. It closes the store.
func (s *service) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: s.requestTimeout,
		ReadTimeout:       s.requestTimeout,
		WriteTimeout:      2 * s.requestTimeout, // reading, and then answering
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	return errors.Join(err, s.shutdown(server))
}

func (s *service) shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.drain)
	defer cancel()
	s.close()
	err := server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, server.Close()) // requests that were still under way
	}
	stop := context.AfterFunc(ctx, s.giveUp)
	s.answers.Wait()
	stop()
	s.giveUp()
	return errors.Join(err, s.end())
}
