package agents

import (
	"context"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
)

// fault is something that happens while everybody works; it is over when run returns.
type fault struct {
	name string
	run  func(*deployment)
}

// some returns that many different places among the next commands, in order.
func (d *deployment) some(n int) (nth []int) {
	at := 0
	for range n {
		at += 1 + d.random.IntN(20)
		nth = append(nth, at)
	}
	return nth
}

// proxy returns the proxy before one of the primaries.
func (d *deployment) proxy() *faultproxy.Proxy { return d.network.To(d.primary().Addr()) }

// networkFaults are those of connections, and of scripts, on any kind of deployment.
func networkFaults() []fault {
	return []fault{
		{"connections cut", func(d *deployment) { d.proxy().Cut() }},
		{"replies lost", func(d *deployment) { d.proxy().DropReply(faultproxy.Any, d.some(6)...) }},
		{"replies of scripts lost", func(d *deployment) { d.proxy().DropReply(faultproxy.Command("EVALSHA"), d.some(6)...) }},
		{"requests lost", func(d *deployment) { d.proxy().DropRequest(faultproxy.Any, d.some(6)...) }},
		{"replies held", func(d *deployment) { d.proxy().HoldReply(faultproxy.Command("EVALSHA"), d.some(3)...) }},
		{"network severed", func(d *deployment) {
			p := d.proxy()
			p.Sever()
			pass(d.t.Context(), 200*time.Millisecond+time.Duration(d.random.IntN(500))*time.Millisecond)
			p.Heal()
		}},
		{"network down", func(d *deployment) {
			p := d.proxy()
			p.Down()
			pass(d.t.Context(), 200*time.Millisecond)
			p.Up(d.t)
		}},
		{"network slow", func(d *deployment) {
			p := d.proxy()
			p.Latency(15 * time.Millisecond)
			pass(d.t.Context(), 500*time.Millisecond)
			p.Latency(0)
		}},
		{"clients killed", func(d *deployment) { d.killClients(d.primary()) }},
		{"scripts flushed", func(d *deployment) {
			for _, s := range d.primaries() {
				must(d.t, d.admins[s].ScriptFlush(context.Background()).Err())
			}
		}},
	}
}

// restart and crash are those of a server that has its data on disk.
var (
	restart = fault{"restart", func(d *deployment) { d.nodes[0].Restart(); d.healthy() }}
	crash   = fault{"SIGKILL and start", func(d *deployment) { d.nodes[0].Kill(); d.nodes[0].Start(); d.healthy() }}
)

// failover kills a primary; it comes back as a replica of the one that takes its place.
var failover = fault{"failover", func(d *deployment) {
	d.t.Helper()
	d.healthy()
	old := d.primary()
	others := d.mastersBut(old)
	d.patient(aMoment)
	old.Kill()
	eventually(d.t, func() string { return "a replica becomes the primary" }, func() bool { return len(d.mastersBut(old)) > len(others) })
	d.patient(forLong)
	d.elected = d.mastersBut(old)
	old.Start()
	d.healthy()
	d.patient(forLong) // the old one too
}}

// mastersBut returns the other servers that say that they are primaries.
func (d *deployment) mastersBut(one *redisd.Server) (list []*redisd.Server) {
	for _, s := range d.nodes {
		if s == one {
			continue
		}
		if reply, _ := d.admins[s].Do(context.Background(), "ROLE").Slice(); len(reply) > 0 && fmt.Sprint(reply[0]) == "master" {
			list = append(list, s)
		}
	}
	return list
}

// reshard moves slots from one primary to another.
func reshard(c *redisd.Cluster, slots int) fault {
	return fault{fmt.Sprint(slots, " slots move"), func(d *deployment) {
		d.healthy()
		primaries := d.primaries()
		from := d.random.IntN(len(primaries))
		to := (from + 1 + d.random.IntN(len(primaries)-1)) % len(primaries)
		has := c.SlotsOf(primaries[from])
		first := d.random.IntN(len(has) - slots + 1)
		c.MoveSlots(primaries[from], primaries[to], has[first:first+slots]...)
	}}
}
