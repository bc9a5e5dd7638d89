package redisd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Slots is the number of hash slots of a cluster.
const Slots = 16384

// Cluster is six nodes: three primaries with about a third of the slots each, and a replica of each, which takes its
// primary's place after about two seconds without an answer. With option [Clock], no replica does, for a node that is
// gone cannot be told from one whose clock was moved first.
type Cluster struct {
	group
	ids []string // of the nodes
}

// StartCluster starts a cluster for t, and returns when all nodes agree on its state and the replicas are in step. The
// first three of its nodes start as primaries, the others as their replicas in the same order.
func StartCluster(t testing.TB, opts ...Option) *Cluster {
	t.Helper()
	c := &Cluster{group: group{t: t, setup: begin(t, newGroupConfig(opts)), prefix: nextPrefix()}}
	err := c.start()
	t.Cleanup(func() { end(c.nodes) })
	if err == nil {
		err = await(readyTimeout, c.unhealthy)
	}
	if err == nil && (c.setup.clock != nil || c.setup.config.steady) {
		err = c.trust()
	}
	if err != nil {
		t.Fatalf("redisd: %v", err)
	}
	return c
}

const primaries = 3

func (c *Cluster) start() error {
	lines := append(c.setup.clusterLines(), c.setup.config.lines()...)
	processes, err := launchAll(2*primaries, func(int) (*process, error) { return c.setup.launch(clustered, lines...) })
	if err != nil {
		return err
	}
	for _, p := range processes {
		c.nodes = append(c.nodes, c.member(p))
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	for i, s := range c.nodes {
		if err := c.introduce(ctx, i); err != nil {
			return fmt.Errorf("%s: %w", s.Addr(), err)
		}
	}
	if err := await(readyTimeout, c.strangers); err != nil {
		return err
	}
	for i, s := range c.nodes[primaries:] {
		if err := s.admin.ClusterReplicate(ctx, c.ids[i]).Err(); err != nil {
			return fmt.Errorf("%s: %w", s.Addr(), err)
		}
	}
	return nil
}

// clusterLines returns the lines of redis.conf of a node.
func (s *setup) clusterLines() []string {
	lines := append(s.link(), "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-announce-ip 127.0.0.1")
	if s.certs != nil {
		lines = append(lines, "tls-cluster yes")
	}
	return append(lines, "cluster-node-timeout 1500")
}

// trust has nodes never take another one for gone: with clocks that jump, they could not tell, and where primaries are to
// stay, they must not. They have found each
// other before, which takes them longer the more patient they are.
func (c *Cluster) trust() error {
	for _, s := range c.nodes {
		pipe := s.admin.Pipeline()
		pipe.ConfigSet(context.Background(), "cluster-node-timeout", "1000000000000")
		pipe.ConfigRewrite(context.Background())
		if _, err := pipe.Exec(context.Background()); err != nil {
			return fmt.Errorf("%s: %w", s.Addr(), err)
		}
	}
	return nil
}

// introduce gives a node its slots, and to the nodes before it.
func (c *Cluster) introduce(ctx context.Context, i int) error {
	s := c.nodes[i]
	id, err := s.admin.Do(ctx, "CLUSTER", "MYID").Text()
	if err != nil {
		return err
	}
	c.ids = append(c.ids, id)
	pipe := s.admin.Pipeline()
	pipe.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1)
	if i < primaries {
		pipe.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", i*Slots/primaries, (i+1)*Slots/primaries-1)
	}
	for _, other := range c.nodes[:i] {
		pipe.Do(ctx, "CLUSTER", "MEET", "127.0.0.1", other.proc.port, other.proc.busPort)
	}
	_, err = pipe.Exec(ctx)
	return err
}

// strangers returns an error until all nodes know each other.
func (c *Cluster) strangers(ctx context.Context) error {
	for _, s := range c.nodes {
		view, err := s.view(ctx)
		if err != nil {
			return err
		}
		for _, id := range c.ids {
			if !slices.ContainsFunc(view, func(n node) bool { return n.id == id && n.linked }) {
				return fmt.Errorf("%s does not know %s", s.Addr(), id)
			}
		}
	}
	return nil
}

// Primary returns the node that has a slot, by what those that run say of themselves. It waits for one that does, since
// nodes hear of each other's slots one after the other; the test fails if none has it.
func (c *Cluster) Primary(slot int) (owner *Server) {
	c.t.Helper()
	err := await(10*time.Second, func(context.Context) error {
		if owner = c.owners()[slot]; owner == nil {
			return fmt.Errorf("no node that runs has slot %d", slot)
		}
		return nil
	})
	if err != nil {
		c.t.Fatalf("redisd: %v", err)
	}
	return owner
}

// Primaries returns the nodes that have slots, in the order of [Cluster.Nodes].
func (c *Cluster) Primaries() []*Server {
	c.t.Helper()
	owners := c.owners()
	var list []*Server
	for _, s := range c.nodes {
		if slices.Contains(owners, s) {
			list = append(list, s)
		}
	}
	return list
}

// SlotsOf returns the slots that a node has, in order.
func (c *Cluster) SlotsOf(s *Server) []int {
	c.t.Helper()
	var list []int
	for slot, owner := range c.owners() {
		if owner == s {
			list = append(list, slot)
		}
	}
	return list
}

// ReplicasOf returns the nodes that run as replicas of a node.
func (c *Cluster) ReplicasOf(primary *Server) []*Server {
	c.t.Helper()
	var list []*Server
	for _, s := range answering(c.nodes) {
		if self, err := s.self(context.Background()); err == nil && self.of == c.id(primary) {
			list = append(list, s)
		}
	}
	return list
}

func (c *Cluster) id(s *Server) string { return c.ids[slices.Index(c.nodes, s)] }

// owners returns the node that has each slot, by those that answer. Of two that claim one, it is the one elected later.
func (c *Cluster) owners() []*Server {
	c.t.Helper()
	owners, epochs := make([]*Server, Slots), make([]int64, Slots)
	for _, s := range answering(c.nodes) {
		self, err := s.self(context.Background())
		if err != nil {
			continue
		}
		for _, part := range self.slots {
			for slot := part.from; slot <= part.to; slot++ {
				if owners[slot] == nil || self.epoch > epochs[slot] {
					owners[slot], epochs[slot] = s, self.epoch
				}
			}
		}
	}
	return owners
}

// WaitHealthy waits until the nodes that run agree which of them has which slots and that the state is ok, and all
// replicas that run are in step. Paused nodes are taken as if they did not run. It fails the test after timeout.
func (c *Cluster) WaitHealthy(timeout time.Duration) {
	c.t.Helper()
	if err := await(timeout, c.unhealthy); err != nil {
		c.t.Fatalf("redisd: %v", err)
	}
}

// unhealthy returns what [Cluster.WaitHealthy] still waits for.
func (c *Cluster) unhealthy(ctx context.Context) error {
	up := answering(c.nodes)
	if len(up) == 0 {
		return errors.New("no node runs")
	}
	agreed := ""
	for i, s := range up {
		view, err := s.view(ctx)
		if err != nil {
			return err
		}
		summary, err := view.summary(up)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Addr(), err)
		}
		if i > 0 && summary != agreed {
			return fmt.Errorf("%s sees\n%sand %s\n%s", up[0].Addr(), agreed, s.Addr(), summary)
		}
		agreed = summary
		if err := s.inStep(ctx); err != nil {
			return err
		}
	}
	return nil
}

// inStep returns an error if a node says that the cluster is not ok, or is a replica without its primary.
func (s *Server) inStep(ctx context.Context) error {
	info, err := s.admin.ClusterInfo(ctx).Result()
	if err != nil {
		return fmt.Errorf("%s: %w", s.Addr(), err)
	}
	if fields := parseInfo(info); fields["cluster_state"] != "ok" {
		return fmt.Errorf("%s says that the state is %s", s.Addr(), fields["cluster_state"])
	}
	state, err := s.replication(ctx)
	if err == nil && !state.primary && !state.linked {
		err = fmt.Errorf("%s is not in step: %+v", s.Addr(), state)
	}
	return err
}

// Addrs returns the addresses of all nodes.
func (c *Cluster) Addrs() []string { return addrs(c.nodes) }

// Options returns what a client needs to connect as the first user, with go-redis's automatic retries off: a command is
// sent where MOVED and ASK lead, and that is all.
func (c *Cluster) Options() *redis.ClusterOptions {
	name, password := c.Login()
	o := &redis.ClusterOptions{Addrs: c.Addrs(), Username: name, Password: password, MaxRetries: -1, DialerRetries: 1}
	if c.setup.certs != nil {
		o.TLSConfig = c.setup.certs.Config()
	}
	return o
}

// Client returns a new client with [Cluster.Options], closed when the test ends.
func (c *Cluster) Client() *redis.ClusterClient {
	client := redis.NewClusterClient(c.Options())
	c.t.Cleanup(func() { _ = client.Close() })
	return client
}
