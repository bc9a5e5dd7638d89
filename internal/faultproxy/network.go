package faultproxy

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// Network is what lies between a client and the servers it finds by itself. Its Dial is for the client's Dialer; it puts
// a [Proxy] before each address that is dialled.
type Network struct {
	t testing.TB

	mu      sync.Mutex
	proxies map[string]*Proxy
}

// NewNetwork returns a network without faults, which ends with the test.
func NewNetwork(t testing.TB) *Network {
	n := &Network{t: t, proxies: map[string]*Proxy{}}
	t.Cleanup(func() {
		for _, p := range n.all() {
			p.end()
		}
	})
	return n
}

// Dial connects to the server at addr, through its proxy. While that is severed it waits, until ctx ends.
func (n *Network) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	p, err := n.proxy(addr)
	if err != nil {
		return nil, err
	}
	if !p.whole(ctx.Done()) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: context.Cause(ctx)}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, p.Addr())
}

// To returns the proxy before the server at addr, for faults that hit this server alone.
func (n *Network) To(addr string) *Proxy {
	n.t.Helper()
	p, err := n.proxy(addr)
	if err != nil {
		n.t.Fatalf("faultproxy: %v", err)
	}
	return p
}

func (n *Network) proxy(addr string) (*Proxy, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if p := n.proxies[addr]; p != nil {
		return p, nil
	}
	p := newProxy(addr)
	if err := p.listen(); err != nil {
		return nil, err
	}
	n.proxies[addr] = p
	return p, nil
}

func (n *Network) all() []*Proxy {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []*Proxy
	for _, p := range n.proxies {
		list = append(list, p)
	}
	return list
}

// Sever cuts the client off from the servers at these addresses, as [Proxy.Sever] does.
func (n *Network) Sever(addrs ...string) {
	n.t.Helper()
	for _, addr := range addrs {
		n.To(addr).Sever()
	}
}

// Heal ends all that [Network.Sever] began.
func (n *Network) Heal() {
	for _, p := range n.all() {
		p.Heal()
	}
}

// Latency holds back the replies of the servers at these addresses by d, as [Proxy.Latency] does.
func (n *Network) Latency(d time.Duration, addrs ...string) {
	n.t.Helper()
	for _, addr := range addrs {
		n.To(addr).Latency(d)
	}
}

// Count returns how many commands of that name clients have sent to all servers, in whatever case.
func (n *Network) Count(name string) int {
	count := 0
	for _, p := range n.all() {
		count += p.Count(name)
	}
	return count
}
