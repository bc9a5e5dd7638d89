package redisd

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// DeploymentVariable is the environment variable that says what suites run on: words joined by plus signs,
// such as "cluster" or "sentinel+tls+redis8". Without it, that is one Redis of the default version. A word that is not
// known fails the test.
const DeploymentVariable = "REDISGEN_DEPLOYMENT"

// deploymentWords are what [DeploymentVariable] is made of.
var deploymentWords = map[string]func(*plan){
	"standalone": func(*plan) {},
	"sentinel":   func(p *plan) { p.topology = append(p.topology, "sentinel") },
	"cluster":    func(p *plan) { p.topology = append(p.topology, "cluster") },
	"unix":       func(p *plan) { p.topology, p.opts = append(p.topology, "unix"), append(p.opts, Unix()) },
	"resp2":      func(p *plan) { p.protocol = 2 },
	"tls":        func(p *plan) { p.opts = append(p.opts, TLS()) },
	"acl":        func(p *plan) { p.acl, p.opts = true, append(p.opts, User("admin", "the admin's", "~*", "&*", "+@all")) },
	"functions":  func(p *plan) { p.functions = true },
}

// plan is what the words of a deployment add up to.
type plan struct {
	name      string
	topology  []string // at most one
	version   string
	protocol  int
	functions bool
	acl       bool
	opts      []Option
}

// parsePlan reads the value of [DeploymentVariable].
func parsePlan(name string) (*plan, error) {
	if name == "" {
		name = "standalone"
	}
	p := &plan{name: name, version: "default", protocol: 3}
	versions := 0
	for word := range strings.SplitSeq(name, "+") {
		switch add, ok := deploymentWords[word]; {
		case ok:
			add(p)
		case slices.Contains(Versions, word):
			p.version = word
			versions++
		default:
			words := append(slices.Sorted(maps.Keys(deploymentWords)), Versions...)
			return nil, fmt.Errorf("%s is %q: there is no deployment %q; use some of %s, joined by +",
				DeploymentVariable, name, word, strings.Join(words, ", "))
		}
	}
	if len(p.topology) > 1 || versions > 1 {
		return nil, fmt.Errorf("%s is %q: use one of sentinel, cluster and unix, and one version", DeploymentVariable, name)
	}
	return p, nil
}

// plannedVersion returns the version of servers that are started without option [Version].
func plannedVersion() (string, error) {
	p, err := parsePlan(os.Getenv(DeploymentVariable))
	if err != nil {
		return "", err
	}
	return p.version, nil
}

// Deployment is what suites run on, as [DeploymentVariable] says.
type Deployment struct {
	*group
	plan      *plan
	options   redis.UniversalOptions
	sentinels []*Server
}

// StartDeployment starts the deployment for t alone, with options in addition to its own. No replica takes the place of a
// primary: suites would lose what it had not yet sent them.
func StartDeployment(t testing.TB, opts ...Option) *Deployment {
	t.Helper()
	p, err := parsePlan(os.Getenv(DeploymentVariable))
	if err != nil {
		t.Fatalf("redisd: %v", err)
	}
	opts = slices.Concat(p.opts, []Option{steady()}, opts)
	switch strings.Join(p.topology, "") {
	case "cluster":
		c := StartCluster(t, opts...)
		d := newDeployment(p, &c.group, c.Addrs())
		d.options.IsClusterMode = true
		return d
	case "sentinel":
		r := StartReplicated(t, opts...)
		d := newDeployment(p, &r.group, r.SentinelAddrs())
		d.options.MasterName = MasterName
		d.options.SentinelUsername, d.options.SentinelPassword = r.Login()
		d.sentinels = r.Sentinels()
		return d
	}
	s := Start(t, opts...)
	return newDeployment(p, &group{t: t, setup: s.proc.setup, nodes: []*Server{s}, prefix: s.prefix}, []string{s.Addr()})
}

func newDeployment(p *plan, g *group, addrs []string) *Deployment {
	d := &Deployment{group: g, plan: p}
	d.options = redis.UniversalOptions{Addrs: addrs, Protocol: p.protocol, MaxRetries: -1, DialerRetries: 1}
	d.options.Username, d.options.Password = g.Login()
	if certs := g.TLS(); certs != nil {
		d.options.TLSConfig = certs.Config()
	}
	return d
}

// forever is a test that ends with the process.
type forever struct {
	testing.TB
}

// Cleanup does nothing.
func (forever) Cleanup(func()) {}

// sharedDeployment is that of [SharedDeployment].
var sharedDeployment struct {
	sync.Mutex
	*Deployment
}

// SharedDeployment returns the deployment that all tests of this process share, started by the first of them. Tests
// keep apart by the prefix, which is different for each. It can be neither stopped nor advanced.
func SharedDeployment(t testing.TB) *Deployment {
	t.Helper()
	sharedDeployment.Lock()
	defer sharedDeployment.Unlock()
	if sharedDeployment.Deployment == nil {
		sharedDeployment.Deployment = StartDeployment(forever{t})
	}
	d, g := *sharedDeployment.Deployment, *sharedDeployment.group
	g.t, g.prefix, g.shared = t, nextPrefix(), true
	d.group = &g
	return &d
}

// Name returns the value of [DeploymentVariable].
func (d *Deployment) Name() string { return d.plan.name }

// Functions reports whether clients are to call scripts as Redis Functions.
func (d *Deployment) Functions() bool { return d.plan.functions }

// ACL reports whether nobody but the first user, an administrator, can do anything: what repositories do is to be done by
// users who are made for it.
func (d *Deployment) ACL() bool { return d.plan.acl }

// Sentinels returns the sentinels, if there are any.
func (d *Deployment) Sentinels() []*Server { return slices.Clone(d.sentinels) }

// Options returns what a client needs to connect as the first user, with go-redis's automatic retries off.
func (d *Deployment) Options() *redis.UniversalOptions {
	o := d.options
	o.Addrs = slices.Clone(o.Addrs)
	if o.TLSConfig != nil {
		o.TLSConfig = o.TLSConfig.Clone()
	}
	return &o
}

// Client returns a new client with [Deployment.Options], closed when the test ends.
func (d *Deployment) Client() redis.UniversalClient {
	client := redis.NewUniversalClient(d.Options())
	d.t.Cleanup(func() { _ = client.Close() })
	return client
}
