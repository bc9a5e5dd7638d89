package storm

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// Names of connections: of clients of repositories, and of the test itself.
const (
	ofClients = "storm"
	ofTest    = "storm-test"
)

// deployment is servers that replace each other, and the network before them.
type deployment struct {
	t         *testing.T
	name      string
	random    *rand.Rand
	network   *faultproxy.Network
	config    repo.Config
	nodes     []*redisd.Server
	sentinels []*redisd.Server
	cluster   *redisd.Cluster // nil with Sentinel
	primaries func() []*redisd.Server
	replicas  func(primary *redisd.Server) []*redisd.Server
	healthy   func(time.Duration)
	killAll   func()
	startAll  func()
	direct    func() redis.UniversalClient
	admins    map[*redisd.Server]*redis.Client
	aof       bool          // servers have WAITAOF
	late      time.Duration // how much later than told records may expire: slots move
}

func startSentinel(t *testing.T) *deployment {
	r := redisd.StartReplicated(t, redisd.AOF())
	d := &deployment{
		name: "Sentinel", nodes: r.Nodes(), sentinels: r.Sentinels(),
		config:    repo.Config{Addrs: r.SentinelAddrs(), MasterName: redisd.MasterName, Prefix: r.Prefix()},
		primaries: func() []*redisd.Server { return []*redisd.Server{r.Primary()} },
		replicas:  func(*redisd.Server) []*redisd.Server { return r.Replicas() },
		healthy:   r.WaitHealthy, killAll: r.Kill, startAll: r.Start,
		direct: func() redis.UniversalClient { return redis.NewFailoverClient(r.Options()) },
	}
	return d.begin(t)
}

func startCluster(t *testing.T) *deployment {
	c := redisd.StartCluster(t, redisd.AOF())
	d := &deployment{
		name: "Cluster", nodes: c.Nodes(), cluster: c,
		config:    repo.Config{Addrs: c.Addrs(), Prefix: c.Prefix()},
		primaries: c.Primaries, replicas: c.ReplicasOf,
		healthy: c.WaitHealthy, killAll: c.Kill, startAll: c.Start,
		direct: func() redis.UniversalClient { return redis.NewClusterClient(c.Options()) },
		late:   time.Second,
	}
	return d.begin(t)
}

// begin puts a network before the servers.
func (d *deployment) begin(t *testing.T) *deployment {
	d.t, d.network = t, faultproxy.NewNetwork(t)
	d.config.Dialer, d.config.ClientName = d.dial, ofClients
	h := fnv.New64()
	h.Write([]byte(d.name))
	d.random = rand.New(rand.NewPCG(*seedFlag, h.Sum64()))
	d.admins = map[*redisd.Server]*redis.Client{}
	for _, s := range d.servers() {
		o := s.Options()
		o.ClientName = ofTest
		d.admins[s] = redis.NewClient(o)
		t.Cleanup(func() { _ = d.admins[s].Close() })
	}
	info, err := d.admins[d.nodes[0]].Do(t.Context(), "COMMAND", "INFO", "WAITAOF").Slice()
	must(t, err)
	d.aof = len(info) == 1 && info[0] != nil
	return d
}

// dial connects through the network, which refuses as a server does that is down: a
// proxy would take the connection before it knows.
func (d *deployment) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	var dialer net.Dialer
	probe, err := dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	_ = probe.Close()
	return d.network.Dial(ctx, network, addr)
}

func (d *deployment) servers() []*redisd.Server { return slices.Concat(d.nodes, d.sentinels) }

// addrs returns where servers are.
func addrs(servers []*redisd.Server) []string {
	var list []string
	for _, s := range servers {
		list = append(list, s.Addr())
	}
	return list
}

// durable is what durable writers ask for.
func (d *deployment) durable() repo.Durability {
	return repo.Durability{Replicas: 1, Fsync: d.aof}
}

// epoch is another one after an election.
func (d *deployment) epoch() string {
	d.t.Helper()
	if d.cluster == nil {
		var epochs []string
		for _, s := range d.sentinels {
			cmd := redis.NewMapStringStringCmd(d.t.Context(), "SENTINEL", "MASTER", redisd.MasterName)
			must(d.t, d.admins[s].Process(d.t.Context(), cmd))
			epochs = append(epochs, cmd.Val()["config-epoch"])
		}
		return slices.Max(epochs)
	}
	return fmt.Sprint(addrs(d.primaries()))
}

// patient has sentinels wait for as long as they are told before they elect.
func (d *deployment) patient(wait time.Duration) {
	d.t.Helper()
	for _, s := range d.sentinels {
		must(d.t, d.admins[s].Do(d.t.Context(), "SENTINEL", "SET", redisd.MasterName, "down-after-milliseconds", wait.Milliseconds()).Err())
	}
}

// elected waits until a replica says that it has become the primary.
func (d *deployment) elected(replicas []*redisd.Server) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	eventually(d.t, func() string { return "a replica becomes the primary" }, func() bool {
		return slices.ContainsFunc(replicas, func(s *redisd.Server) bool {
			reply, _ := d.admins[s].Do(ctx, "ROLE").Slice()
			return len(reply) > 0 && fmt.Sprint(reply[0]) == "master"
		})
	})
}

// replicated waits until replicas confirm a key that a primary writes now: one that
// has just been synchronised gets nothing until it first reports.
func (d *deployment) replicated(primary *redisd.Server, key string) {
	d.t.Helper()
	want := len(d.replicas(primary))
	eventually(d.t, func() string { return "replicas of " + primary.Addr() + " are in step" }, func() bool {
		pipe := d.admins[primary].Pipeline() // on one connection
		pipe.Set(d.t.Context(), key, "replicated", time.Minute)
		got := pipe.Do(d.t.Context(), "WAIT", want, 1000)
		_, err := pipe.Exec(d.t.Context())
		n, _ := got.Int()
		return err == nil && n >= want
	})
}

// connections returns the lines of CLIENT LIST of a server that a function wants.
func (d *deployment) connections(s *redisd.Server, want func(fields map[string]string) bool) []map[string]string {
	text, err := d.admins[s].ClientList(d.t.Context()).Result()
	must(d.t, err)
	var list []map[string]string
	for line := range strings.Lines(text) {
		fields := map[string]string{}
		for _, word := range strings.Fields(line) {
			name, value, _ := strings.Cut(word, "=")
			fields[name] = value
		}
		if want(fields) {
			list = append(list, fields)
		}
	}
	return list
}

// flush closes the clients' connections at the servers, so that nothing that is
// under way from before arrives.
func (d *deployment) flush() {
	d.t.Helper()
	for _, s := range d.nodes {
		for _, c := range d.connections(s, func(fields map[string]string) bool { return fields["name"] == ofClients }) {
			if err := d.admins[s].Do(d.t.Context(), "CLIENT", "KILL", "ID", c["id"]).Err(); err != nil && !strings.Contains(err.Error(), "No such client") {
				must(d.t, err)
			}
		}
	}
}

// wantNoConnections fails the test if servers keep connections other than their own
// and the test's.
func (d *deployment) wantNoConnections() {
	d.t.Helper()
	for _, s := range d.servers() {
		var left []map[string]string
		eventually(d.t, func() string { return fmt.Sprintf("%s has no connections: %v", s.Addr(), left) }, func() bool {
			left = d.connections(s, func(fields map[string]string) bool {
				own := fields["name"] == "redisd" || fields["name"] == ofTest || strings.HasPrefix(fields["name"], "sentinel-")
				return !own && !strings.ContainsAny(fields["flags"], "MS")
			})
			return len(left) == 0
		})
	}
}
