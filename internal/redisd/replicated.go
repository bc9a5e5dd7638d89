package redisd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// MasterName is the name by which the sentinels of [StartReplicated] know the primary.
const MasterName = "primary"

// Replicated is a primary and two replicas under three sentinels. After about a second without an answer from the
// primary, the sentinels make a replica the primary.
type Replicated struct {
	group
	sentinels []*Server
}

// StartReplicated starts a primary, two replicas and three sentinels for t, and returns when they are in step. All of
// them, the sentinels too, ask for the certificates, names and passwords that the options say.
func StartReplicated(t testing.TB, opts ...Option) *Replicated {
	t.Helper()
	r := &Replicated{group: group{t: t, setup: begin(t, newGroupConfig(opts)), prefix: nextPrefix()}}
	err := r.start()
	t.Cleanup(r.end)
	if err == nil {
		err = await(readyTimeout, r.unhealthy)
	}
	if err != nil {
		t.Fatalf("redisd: %v", err)
	}
	return r
}

func (r *Replicated) end() {
	end(r.nodes)
	end(r.sentinels)
}

func (r *Replicated) start() error {
	lines := append(r.setup.link(), r.setup.config.lines()...)
	primary, err := r.setup.launch(replicated, lines...)
	if err != nil {
		return err
	}
	r.nodes = append(r.nodes, r.member(primary))
	lines = append(lines, fmt.Sprintf("replicaof 127.0.0.1 %d", primary.port))
	replicas, err := launchAll(2, func(int) (*process, error) { return r.setup.launch(replicated, lines...) })
	if err != nil {
		return err
	}
	for _, p := range replicas {
		r.nodes = append(r.nodes, r.member(p))
	}
	// Sentinels look for replicas once in ten seconds: there must be some when they look first.
	err = await(readyTimeout, func(ctx context.Context) error {
		state, err := r.nodes[0].replication(ctx)
		if err == nil && state.online < 2 {
			err = errors.New("replicas have not found their primary")
		}
		return err
	})
	if err != nil {
		return err
	}
	lines = r.setup.sentinelLines(primary.port)
	sentinels, err := launchAll(3, func(int) (*process, error) { return r.setup.launch(sentinel, lines...) })
	if err != nil {
		return err
	}
	for _, p := range sentinels {
		s := r.member(p)
		r.sentinels = append(r.sentinels, s)
		if err := s.hurry(); err != nil {
			return err
		}
	}
	return nil
}

// sentinelLines returns the configuration of sentinels of the primary at that port.
func (s *setup) sentinelLines(port int) []string {
	patience := 500 * time.Millisecond
	if s.config.steady {
		patience = 500 * time.Hour // about the most there can be
	}
	lines := []string{
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", MasterName, port),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", MasterName, patience.Milliseconds()),
		"sentinel failover-timeout " + MasterName + " 2000",
		"sentinel parallel-syncs " + MasterName + " 2",
	}
	if s.certs != nil {
		lines = append(lines, "tls-replication yes")
	}
	admin := s.config.admin
	if admin.name == "" {
		return lines
	}
	lines = append(lines, admin.line(),
		"sentinel auth-user "+MasterName+" "+admin.name, "sentinel auth-pass "+MasterName+" "+admin.password,
		"sentinel sentinel-user "+admin.name, "sentinel sentinel-pass "+admin.password)
	if !s.config.hasUser("default") {
		lines = append(lines, "user default off")
	}
	for _, u := range s.config.users {
		lines = append(lines, u.line())
	}
	return lines
}

// hurry makes a sentinel look at servers, and talk with other sentinels, more often than once in some seconds.
func (s *Server) hurry() error {
	err := s.admin.Do(context.Background(), "SENTINEL", "DEBUG",
		"info-period", "500", "publish-period", "200", "ping-period", "100", "ask-period", "200").Err()
	if err != nil {
		return fmt.Errorf("sentinel %s: %w", s.Addr(), err)
	}
	return nil
}

// Sentinels returns the sentinels. They too can be killed, started, paused and resumed.
func (r *Replicated) Sentinels() []*Server { return append([]*Server(nil), r.sentinels...) }

// SentinelAddrs returns the addresses of the sentinels.
func (r *Replicated) SentinelAddrs() []string { return addrs(r.sentinels) }

// Primary returns the server that the sentinels name as the primary: until they notice that it is gone, the old one.
func (r *Replicated) Primary() *Server {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	addr, err := r.primary(ctx)
	if err != nil {
		r.t.Fatalf("redisd: %v", err)
	}
	return at(r.nodes, addr)
}

// Replicas returns the servers that are not the primary.
func (r *Replicated) Replicas() []*Server {
	r.t.Helper()
	primary := r.Primary()
	var rest []*Server
	for _, s := range r.nodes {
		if s != primary {
			rest = append(rest, s)
		}
	}
	return rest
}

// primary returns the address that the latest election gave.
func (r *Replicated) primary(ctx context.Context) (string, error) {
	addr, latest, err := "", -1, errors.New("no sentinel runs")
	for _, s := range answering(r.sentinels) {
		var master sentinelView
		if master, err = s.master(ctx); err != nil {
			return "", err
		}
		if master.epoch > latest {
			addr, latest = master.addr, master.epoch
		}
	}
	if latest < 0 {
		return "", err
	}
	return addr, nil
}

// sentinelView is what a sentinel says of the primary.
type sentinelView struct {
	addr                string
	epoch               int
	replicas, sentinels int // that it knows, without itself
	down                bool
}

func (s *Server) master(ctx context.Context) (sentinelView, error) {
	cmd := redis.NewMapStringStringCmd(ctx, "SENTINEL", "MASTER", MasterName)
	_ = s.admin.Process(ctx, cmd)
	m, err := cmd.Result()
	if err != nil {
		return sentinelView{}, fmt.Errorf("sentinel %s: %w", s.Addr(), err)
	}
	number := func(name string) int {
		n, _ := strconv.Atoi(m[name])
		return n
	}
	return sentinelView{
		addr:      net.JoinHostPort(m["ip"], m["port"]),
		epoch:     number("config-epoch"),
		replicas:  number("num-slaves"),
		sentinels: number("num-other-sentinels"),
		down:      m["flags"] != "master",
	}, nil
}

// WaitHealthy waits until the sentinels that run agree on a primary that runs, and all other nodes that run are in step
// with it. Paused ones are taken as if they did not run. It fails the test after timeout.
func (r *Replicated) WaitHealthy(timeout time.Duration) {
	r.t.Helper()
	if err := await(timeout, r.unhealthy); err != nil {
		r.t.Fatalf("redisd: %v", err)
	}
}

// unhealthy returns what [Replicated.WaitHealthy] still waits for.
func (r *Replicated) unhealthy(ctx context.Context) error {
	addr, err := r.primary(ctx)
	if err != nil {
		return err
	}
	for _, s := range answering(r.sentinels) {
		switch view, err := s.master(ctx); {
		case err != nil:
			return err
		case view.addr != addr || view.down || view.replicas != len(r.nodes)-1 || view.sentinels != len(r.sentinels)-1:
			return fmt.Errorf("sentinel %s sees %+v", s.Addr(), view)
		}
	}
	up := answering(r.nodes)
	if at(up, addr) == nil {
		return fmt.Errorf("the primary %s does not run", addr)
	}
	for _, s := range up {
		switch state, err := s.replication(ctx); {
		case err != nil:
			return err
		case s.Addr() == addr && (!state.primary || state.online < len(up)-1):
			return fmt.Errorf("%s is to be the primary of %d: %+v", addr, len(up)-1, state)
		case s.Addr() != addr && (state.primary || state.of != addr || !state.linked):
			return fmt.Errorf("%s is to be a replica of %s: %+v", s.Addr(), addr, state)
		}
	}
	return nil
}

// Options returns what a client needs to reach the primary as the first user, with go-redis's automatic retries off.
func (r *Replicated) Options() *redis.FailoverOptions {
	name, password := r.Login()
	o := &redis.FailoverOptions{
		MasterName: MasterName, SentinelAddrs: r.SentinelAddrs(),
		Username: name, Password: password, SentinelUsername: name, SentinelPassword: password,
		MaxRetries: -1, DialerRetries: 1,
	}
	if r.setup.certs != nil {
		o.TLSConfig = r.setup.certs.Config()
	}
	return o
}

// Client returns a new client with [Replicated.Options], closed when the test ends.
func (r *Replicated) Client() *redis.Client {
	client := redis.NewFailoverClient(r.Options())
	r.t.Cleanup(func() { _ = client.Close() })
	return client
}

func addrs(servers []*Server) []string {
	list := make([]string, len(servers))
	for i, s := range servers {
		list[i] = s.Addr()
	}
	return list
}
