// Package redisd starts real Redis and Valkey servers for tests.
//
// A server listens on the loopback interface only, keeps its files in a directory of its own, and ends with the test
// that started it, or with the test process if that dies first. A program that is missing fails the test.
package redisd

import (
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
)

// Server is a running server. Its methods that stop, start or pause it are not to be called at the same time.
type Server struct {
	t      testing.TB
	proc   *process
	prefix string
	shared bool
	admin  *redis.Client // of one of several servers: the harness's own
}

// Start starts a server for t: without options the redis-server in PATH, on a free TCP port, keeping nothing on disk.
// It returns when the server answers, and the server is killed when t ends.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	setup := begin(t, newConfig(opts))
	proc, err := setup.launch(standalone, setup.config.lines()...)
	if err != nil {
		t.Fatalf("redisd: %v", err)
	}
	t.Cleanup(proc.remove)
	return &Server{t: t, proc: proc, prefix: nextPrefix()}
}

// begin returns a setup that is removed when t ends.
func begin(t testing.TB, c *config) *setup {
	t.Helper()
	setup, err := newSetup(c)
	if err != nil {
		t.Fatalf("redisd: %v", err)
	}
	t.Cleanup(setup.remove)
	return setup
}

// sharedProcess starts the server of [Shared].
var sharedProcess = sync.OnceValues(func() (*process, error) {
	setup, err := newSetup(newConfig(nil))
	if err != nil {
		return nil, err
	}
	return setup.launch(standalone, setup.config.lines()...)
})

// Shared returns the server that all tests of this process share, started by the first of them. Tests keep apart by
// [Server.Prefix]. It can be neither stopped nor advanced: use [Start] for that.
func Shared(t testing.TB) *Server {
	t.Helper()
	proc, err := sharedProcess()
	if err != nil {
		t.Fatalf("redisd: %v", err)
	}
	return &Server{t: t, proc: proc, prefix: nextPrefix(), shared: true}
}

var prefixes atomic.Int64

// nextPrefix returns a key prefix that no other Server of this process has.
func nextPrefix() string {
	return fmt.Sprintf("t%d:", prefixes.Add(1))
}

// Prefix returns a prefix for keys, different for each Server that [Start] and [Shared] return.
func (s *Server) Prefix() string { return s.prefix }

// Addr returns the server's host:port, or the path of its socket.
func (s *Server) Addr() string { return s.proc.addr }

// Port returns the server's TCP port, 0 if it listens on a socket.
func (s *Server) Port() int { return s.proc.port }

// Pid returns the server's process id.
func (s *Server) Pid() int { return s.proc.pid() }

// TLS returns the certificates to connect with, nil without option [TLS].
func (s *Server) TLS() *Certificates { return s.proc.certs }

// URL returns the server's address as a URL that [redis.ParseURL] takes, with the name and password of the first user.
// Certificates cannot be part of it: see [Server.TLS].
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", Host: s.proc.addr, Path: "/0"}
	switch {
	case s.proc.network == "unix":
		u = url.URL{Scheme: "unix", Path: s.proc.addr}
	case s.proc.certs != nil:
		u.Scheme = "rediss"
	}
	if name, password := s.proc.config.login(); password != "" {
		u.User = url.UserPassword(name, password)
	}
	return u.String()
}

// Options returns what a client needs to connect as the first user, with go-redis's automatic retries off.
func (s *Server) Options() *redis.Options {
	name, password := s.proc.config.login()
	o := &redis.Options{
		Network:       s.proc.network,
		Addr:          s.proc.addr,
		Username:      name,
		Password:      password,
		MaxRetries:    -1,
		DialerRetries: 1,
	}
	if s.proc.certs != nil {
		o.TLSConfig = s.proc.certs.Config()
	}
	return o
}

// Client returns a new client with [Server.Options], closed when the test ends.
func (s *Server) Client() *redis.Client {
	client := redis.NewClient(s.Options())
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// Log returns what the server has printed since the last start.
func (s *Server) Log() string { return s.proc.output() }

// Stop ends the server in an orderly way: append-only files are complete, all else is lost. [Server.Start] brings it back.
func (s *Server) Stop() {
	s.t.Helper()
	s.own("Stop")
	s.check(s.proc.stop())
}

// Kill ends the server at once by SIGKILL, also when it is paused. [Server.Start] brings it back.
func (s *Server) Kill() {
	s.t.Helper()
	s.own("Kill")
	s.proc.kill()
}

// Start starts the stopped or killed server again, at the same address and in the same directory, with the
// configuration it was first started with: what CONFIG SET and ACL SETUSER changed since is gone.
func (s *Server) Start() {
	s.t.Helper()
	s.own("Start")
	s.check(s.proc.start())
}

// Restart stops the server and starts it again: clients lose their connections and scripts leave the script cache.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// Pause freezes the server by SIGSTOP: it still accepts connections, and answers nothing.
func (s *Server) Pause() {
	s.t.Helper()
	s.own("Pause")
	s.check(s.proc.pause())
}

// Resume lets a paused server go on.
func (s *Server) Resume() {
	s.t.Helper()
	s.own("Resume")
	s.check(s.proc.resume())
}

func (s *Server) own(method string) {
	s.t.Helper()
	if s.shared {
		s.t.Fatalf("redisd: %s would disturb other tests of the shared server; use redisd.Start", method)
	}
}

func (s *Server) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("redisd: %v", err)
	}
}
