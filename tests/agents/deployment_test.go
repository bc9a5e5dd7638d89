package agents

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

// ofClients is the name of the connections of clients of repositories.
const ofClients = "agents"

// deployment is servers and the network before them, and what can happen to them.
type deployment struct {
	t         *testing.T
	name      string
	random    *rand.Rand
	network   *faultproxy.Network
	config    repo.Config
	nodes     []*redisd.Server
	primaries func() []*redisd.Server
	healthy   func()
	patient   func(time.Duration) // has servers that run wait for as long before they take another one for gone
	direct    redis.UniversalClient
	admins    map[*redisd.Server]*redis.Client
	elected   []*redisd.Server // the primaries, as it should be
	faults    []fault
	late      time.Duration // how much later than told records may expire: slots move
}

// startDeployment starts the servers of one kind of deployment.
func startDeployment(t *testing.T, kind string) *deployment {
	return map[string]func(*testing.T) *deployment{"Standalone": startStandalone, "Sentinel": startSentinel, "Cluster": startCluster}[kind](t)
}

func startStandalone(t *testing.T) *deployment {
	s := redisd.Start(t, redisd.AOF())
	d := &deployment{
		name: "Standalone", nodes: []*redisd.Server{s}, primaries: func() []*redisd.Server { return []*redisd.Server{s} },
		config: repo.Config{Addrs: []string{s.Addr()}, Prefix: s.Prefix()},
		direct: s.Client(), faults: append(networkFaults(), restart, crash),
	}
	d.healthy = func() {
		eventually(t, func() string { return "the server answers" }, func() bool { return d.direct.Ping(context.Background()).Err() == nil })
	}
	return d.begin(t)
}

func startSentinel(t *testing.T) *deployment {
	r := redisd.StartReplicated(t, redisd.AOF())
	d := &deployment{
		name: "Sentinel", nodes: r.Nodes(), primaries: func() []*redisd.Server { return []*redisd.Server{r.Primary()} },
		config:  repo.Config{Addrs: r.SentinelAddrs(), MasterName: redisd.MasterName, Prefix: r.Prefix(), Durability: confirmed(2)},
		healthy: func() { r.WaitHealthy(patience) }, direct: r.Client(),
		faults: append(networkFaults(), failover),
	}
	var sentinels []*redis.Client
	for _, s := range r.Sentinels() {
		sentinels = append(sentinels, s.Client())
	}
	d.patient = func(wait time.Duration) {
		for _, admin := range sentinels {
			must(t, admin.Do(context.Background(), "SENTINEL", "SET", redisd.MasterName, "down-after-milliseconds", wait.Milliseconds()).Err())
		}
	}
	return d.begin(t)
}

func startCluster(t *testing.T) *deployment {
	c := redisd.StartCluster(t, redisd.AOF())
	d := &deployment{
		name: "Cluster", nodes: c.Nodes(), primaries: c.Primaries,
		config:  repo.Config{Addrs: c.Addrs(), Prefix: c.Prefix(), Durability: confirmed(1)},
		healthy: func() { c.WaitHealthy(patience) }, direct: c.Client(),
		faults: append(networkFaults(), failover, reshard(c, 150), reshard(c, 300)), late: time.Second,
	}
	d.patient = func(wait time.Duration) {
		for _, s := range c.Nodes() {
			err := d.admins[s].ConfigSet(context.Background(), "cluster-node-timeout", fmt.Sprint(wait.Milliseconds())).Err()
			if err != nil && !passing(err) {
				t.Fatal(err)
			}
		}
	}
	return d.begin(t)
}

// begin puts a network before the servers.
func (d *deployment) begin(t *testing.T) *deployment {
	d.t, d.network = t, faultproxy.NewNetwork(t)
	d.config.Dialer, d.config.ClientName = d.dial, ofClients
	d.config.ReadTimeout = time.Second // for replies that never come
	h := fnv.New64()
	h.Write([]byte(d.name))
	d.random = rand.New(rand.NewPCG(*seedFlag, h.Sum64()))
	d.admins = map[*redisd.Server]*redis.Client{}
	for _, s := range d.nodes {
		d.admins[s] = s.Client()
	}
	if d.patient != nil {
		d.patient(forLong)
	}
	d.elected = d.primaries()
	return d
}

// confirmed asks for all replicas that a primary has: of several, the one may be elected that
// has not confirmed.
func confirmed(replicas int) repo.Durability {
	return repo.Durability{Replicas: replicas, Timeout: 300 * time.Millisecond}
}

// A primary that is slow to answer is not replaced: it would still take writes, which the
// replicas may confirm that are not elected. One that is gone is, after a moment.
const forLong, aMoment = time.Minute, time.Second

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

// primary returns one of the primaries.
func (d *deployment) primary() *redisd.Server {
	d.t.Helper()
	list := d.primaries()
	return list[d.random.IntN(len(list))]
}

// flush ends all faults and closes the clients' connections at the servers, so that
// nothing that is under way from before arrives.
func (d *deployment) flush() {
	d.t.Helper()
	d.network.Heal()
	for _, s := range d.nodes {
		d.network.To(s.Addr()).Reset()
	}
	d.healthy()
	if got := d.primaries(); !slices.Equal(got, d.elected) {
		d.t.Fatalf("primaries were replaced though none has failed: the machine is too slow for this test")
	}
	for _, s := range d.nodes {
		d.killClients(s)
	}
}

// killClients has a server close the connections of repositories.
func (d *deployment) killClients(s *redisd.Server) {
	d.t.Helper()
	text, err := d.admins[s].ClientList(context.Background()).Result()
	must(d.t, err)
	for line := range strings.Lines(text) {
		fields := map[string]string{}
		for _, word := range strings.Fields(line) {
			name, value, _ := strings.Cut(word, "=")
			fields[name] = value
		}
		if fields["name"] != ofClients {
			continue
		}
		if err := d.admins[s].Do(context.Background(), "CLIENT", "KILL", "ID", fields["id"]).Err(); err != nil && !strings.Contains(err.Error(), "No such client") {
			must(d.t, err)
		}
	}
}

// number returns a number from the INFO of a server, such as used_cpu_sys.
func (d *deployment) number(s *redisd.Server, section, name string) (n float64) {
	d.t.Helper()
	text, err := d.admins[s].Info(context.Background(), section).Result()
	must(d.t, err)
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			_, err := fmt.Sscan(value, &n)
			must(d.t, err)
		}
	}
	return n
}
