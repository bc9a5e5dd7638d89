// Package postgresd starts real PostgreSQL servers for tests.
//
// A server listens on the loopback interface, keeps its files in a directory of its own, and
// ends with the test that started it, or with the test process if that dies first. A program
// that is missing fails the test.
package postgresd

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a running server. Its methods that stop or start it are not to be called at the same time.
type Server struct {
	t      testing.TB
	proc   *process
	shared bool
}

// Login is what a client needs to connect.
type Login struct {
	Host     string // an IP address
	Port     int
	Database string
	Username string
	Password string
}

// Option changes what Start starts.
type Option func(*process)

// TLS makes the server take TLS connections, and no others, with a certificate of 127.0.0.1 and localhost.
func TLS() Option { return func(p *process) { p.tls = true } }

// Start starts a server for t, which ends with it. It returns when the server answers.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	proc := &process{}
	for _, option := range options {
		option(proc)
	}
	t.Cleanup(proc.remove)
	s := &Server{t: t, proc: proc}
	s.check(proc.create())
	return s
}

// sharedProcess starts the server of [Shared].
var sharedProcess = sync.OnceValues(func() (*process, error) {
	proc := &process{}
	return proc, proc.create()
})

// Shared returns the server that all tests of this process share, started by the first of them. Tests keep apart by
// [Server.Login]. It can be neither stopped nor restarted: use [Start] for that.
func Shared(t testing.TB) *Server {
	t.Helper()
	proc, err := sharedProcess()
	s := &Server{t: t, proc: proc, shared: true}
	s.check(err)
	return s
}

var logins atomic.Int64

// Login makes a user with a schema of its own, in which its tables are, and no rights beyond.
func (s *Server) Login() Login {
	s.t.Helper()
	name := fmt.Sprintf("test%d", logins.Add(1))
	login := Login{Host: "127.0.0.1", Port: s.proc.port, Database: "postgres", Username: name, Password: "pass'word \\" + name}
	s.Exec(fmt.Sprintf(`CREATE ROLE %s LOGIN PASSWORD 'pass''word \%[1]s'`, name))
	s.Exec("CREATE SCHEMA AUTHORIZATION " + name)
	return login
}

// Exec runs a statement as the owner of the server.
func (s *Server) Exec(statement string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.proc.admin())
	s.check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	s.check(err)
}

// CAFile returns the file of the authority that has signed the certificate of a server with option [TLS], PEM.
func (s *Server) CAFile() string { return s.proc.caFile() }

// Pid returns the server's process id.
func (s *Server) Pid() int { return s.proc.cmd.Process.Pid }

// Log returns what the server has printed since it was started last.
func (s *Server) Log() string { return s.proc.output() }

// Stop ends the server in an orderly way, and the connections of its clients with it. [Server.Start] brings it back.
func (s *Server) Stop() {
	s.t.Helper()
	s.own("Stop")
	s.check(s.proc.stop())
}

// Start starts the stopped server again, at the same port and with its data.
func (s *Server) Start() {
	s.t.Helper()
	s.own("Start")
	s.check(s.proc.start())
}

// Restart stops the server and starts it again.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

func (s *Server) own(method string) {
	s.t.Helper()
	if s.shared {
		s.t.Fatalf("postgresd: %s would disturb other tests of the shared server; use postgresd.Start", method)
	}
}

func (s *Server) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("postgresd: %v", err)
	}
}

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 20 * time.Second
	pollInterval = 5 * time.Millisecond
)
