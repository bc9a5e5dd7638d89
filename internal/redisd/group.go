package redisd

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// readyTimeout is how long several servers may take to find each other.
const readyTimeout = 30 * time.Second

// group is the servers of one deployment that keep the data.
type group struct {
	t      testing.TB
	setup  *setup
	nodes  []*Server
	prefix string
	shared bool
}

// link returns the lines of redis.conf by which servers replicate, fast enough for tests. Options come after them.
func (s *setup) link() []string {
	lines := []string{"repl-diskless-sync yes", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1"}
	if s.certs != nil {
		lines = append(lines, "tls-replication yes")
	}
	if s.clock != nil {
		lines = append(lines, "repl-timeout 1000000000") // spans on the driven clock mean nothing
	}
	return lines
}

// member makes a process of several a server, which ends with the group.
func (g *group) member(p *process) *Server {
	s := &Server{t: g.t, proc: p, prefix: g.prefix}
	o := s.Options()
	if admin := p.config.admin; admin.name != "" {
		o.Username, o.Password = admin.name, admin.password
	}
	o.ClientName = "redisd"
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = time.Second, 2*time.Second, 2*time.Second
	o.ContextTimeoutEnabled = true
	s.admin = redis.NewClient(o)
	return s
}

// end ends the servers.
func end(servers []*Server) {
	each(len(servers), func(i int) {
		_ = servers[i].admin.Close()
		servers[i].proc.remove()
	})
}

// Nodes returns the servers that keep the data, in the order in which they were started.
func (g *group) Nodes() []*Server { return append([]*Server(nil), g.nodes...) }

// Prefix returns a prefix for keys, different for each deployment of this process.
func (g *group) Prefix() string { return g.prefix }

// TLS returns the certificates to connect with, nil without option [TLS].
func (g *group) TLS() *Certificates { return g.setup.certs }

// Login returns the name and password of the first user, empty if none is needed.
func (g *group) Login() (name, password string) { return g.setup.config.login() }

// Advance moves the time of day of all nodes by d. The deployment needs option [Clock].
func (g *group) Advance(d time.Duration) {
	g.t.Helper()
	g.own("Advance")
	g.nodes[0].Advance(d) // they have one clock
}

// Restart stops all nodes at the same time in an orderly way, and starts them again. What they keep on disk, with
// option [AOF], is there afterwards. It does not wait until they are healthy.
func (g *group) Restart() {
	g.t.Helper()
	g.all("Restart", (*process).stop)
	g.Start()
}

// Kill ends all nodes that run, at the same time, by SIGKILL.
func (g *group) Kill() {
	g.t.Helper()
	g.all("Kill", func(p *process) error {
		p.kill()
		return nil
	})
}

// Start starts all nodes that do not run. It does not wait until they are healthy.
func (g *group) Start() {
	g.t.Helper()
	g.all("Start", func(p *process) error {
		if p.running() {
			return nil
		}
		return p.start()
	})
}

// all calls f with all processes at the same time.
func (g *group) all(method string, f func(*process) error) {
	g.t.Helper()
	g.own(method)
	errs := make([]error, len(g.nodes))
	each(len(g.nodes), func(i int) { errs[i] = f(g.nodes[i].proc) })
	for i, err := range errs {
		if err != nil {
			g.t.Fatalf("redisd: %s: %v", g.nodes[i].Addr(), err)
		}
	}
}

func (g *group) own(method string) {
	g.t.Helper()
	if g.shared {
		g.t.Fatalf("redisd: %s would disturb other tests of the shared servers; use those of the test alone", method)
	}
}

// answering returns the servers that run and are not paused.
func answering(servers []*Server) []*Server {
	var up []*Server
	for _, s := range servers {
		if s.proc.answering() {
			up = append(up, s)
		}
	}
	return up
}

// at returns the server with that address, nil if there is none.
func at(servers []*Server, addr string) *Server {
	for _, s := range servers {
		if s.Addr() == addr {
			return s
		}
	}
	return nil
}

// await waits until check finds nothing wrong.
func await(timeout time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not healthy after %v: %w", timeout, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// replication is what a server says of its part in replication.
type replication struct {
	primary bool
	of      string // the primary's address
	linked  bool   // to the primary, and in step with it
	online  int    // replicas
}

func (s *Server) replication(ctx context.Context) (replication, error) {
	text, err := s.admin.Info(ctx, "replication").Result()
	if err != nil {
		return replication{}, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	info, online := parseInfo(text), 0
	for name, value := range info {
		if strings.HasPrefix(name, "slave") && strings.Contains(value, "state=online") {
			online++
		}
	}
	return replication{
		primary: info["role"] == "master",
		of:      info["master_host"] + ":" + info["master_port"],
		linked:  info["master_link_status"] == "up" && info["master_sync_in_progress"] == "0",
		online:  online,
	}, nil
}
