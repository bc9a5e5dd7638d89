// Package faultproxy puts a TCP proxy between a Redis client and a server, for tests of what happens when the network
// fails: a reply that is lost after the server has done the work, a request that never arrives, cut connections, slow
// ones, and silent ones. It reads the protocol, so a fault hits the command that the test names, also inside a pipeline.
// A [Network] has a proxy for each server that a client finds by itself, such as the nodes of a cluster.
//
// TLS is not read: connect both sides in plain text.
package faultproxy

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Proxy passes connections on to a server.
type Proxy struct {
	target string
	addr   string

	mu       sync.Mutex
	listener net.Listener // nil while the proxy is down
	links    map[*link]bool
	rules    []*rule
	counts   map[string]int
	faults   int
	latency  time.Duration
	severed  chan struct{} // closed when the network is whole again; nil while it is

	wg sync.WaitGroup
}

// Start starts a proxy on a free port of the loopback interface that passes connections on to the server at target,
// host:port. It ends with the test.
func Start(t testing.TB, target string) *Proxy {
	t.Helper()
	p := newProxy(target)
	if err := p.listen(); err != nil {
		t.Fatalf("faultproxy: %v", err)
	}
	t.Cleanup(p.end)
	return p
}

func newProxy(target string) *Proxy {
	return &Proxy{target: target, addr: "127.0.0.1:0", links: map[*link]bool{}, counts: map[string]int{}}
}

func (p *Proxy) end() {
	p.Down()
	p.wg.Wait()
}

// Addr returns the address to connect to. It stays the same when the proxy goes down and up.
func (p *Proxy) Addr() string { return p.addr }

// Match tells whether a fault is for a command. The name comes first in args, as the client sent it.
type Match func(args []string) bool

// Command matches commands by name, in whatever case.
func Command(names ...string) Match {
	return func(args []string) bool {
		return len(args) > 0 && slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, args[0]) })
	}
}

// Any matches every command.
func Any(args []string) bool { return true }

// DropReply loses the reply of the nth matching commands, counted from now and from 1, over all connections: the
// server executes the command, then the client finds its connection closed. No n means the next one.
func (p *Proxy) DropReply(match Match, nth ...int) { p.add(dropReply, match, nth) }

// HoldReply loses the reply of the nth matching commands, counted from now and from 1, over all connections: the
// server executes the command, and the connection stays open and silent until the client gives up. No n means the next one.
func (p *Proxy) HoldReply(match Match, nth ...int) { p.add(holdReply, match, nth) }

// DropRequest closes the connection in place of passing on the nth matching commands, counted from now and from 1, over
// all connections: the server does not see them. No n means the next one.
func (p *Proxy) DropRequest(match Match, nth ...int) { p.add(dropRequest, match, nth) }

// Faults returns how many replies and requests have been lost so far.
func (p *Proxy) Faults() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}

// Count returns how many commands of that name clients have sent, in whatever case.
func (p *Proxy) Count(name string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts[strings.ToUpper(name)]
}

// Counts returns how many commands clients have sent, by name in upper case.
func (p *Proxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// Reset forgets counts, faults to come and latency. Connections stay.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules, p.faults, p.latency = nil, 0, 0
	clear(p.counts)
}

// Latency holds back each reply by d from now on. Replies of a pipeline wait together.
func (p *Proxy) Latency(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latency = d
}

// Sever makes the network between client and server swallow what either sends: connections stay open and silent, and
// new ones get no answer. [Proxy.Heal] delivers what is under way, as TCP would.
func (p *Proxy) Sever() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.severed == nil {
		p.severed = make(chan struct{})
	}
}

// Heal ends what [Proxy.Sever] began.
func (p *Proxy) Heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.severed != nil {
		close(p.severed)
		p.severed = nil
	}
}

// whole waits until the network is whole, and reports whether it is, rather than done being closed first.
func (p *Proxy) whole(done <-chan struct{}) bool {
	for {
		p.mu.Lock()
		severed := p.severed
		p.mu.Unlock()
		if severed == nil {
			return true
		}
		select {
		case <-severed:
		case <-done:
			return false
		}
	}
}

// Cut closes all connections. New ones are welcome.
func (p *Proxy) Cut() {
	p.mu.Lock()
	links := slices.Collect(maps.Keys(p.links))
	p.mu.Unlock()
	for _, l := range links {
		l.close()
	}
}

// Down closes all connections and refuses new ones, like a server that is gone.
func (p *Proxy) Down() {
	p.mu.Lock()
	listener := p.listener
	p.listener = nil
	p.mu.Unlock()
	if listener != nil {
		_ = listener.Close()
	}
	p.Cut()
}

// Up accepts connections again after [Proxy.Down], at the same address.
func (p *Proxy) Up(t testing.TB) {
	t.Helper()
	if err := p.listen(); err != nil {
		t.Fatalf("faultproxy: %v", err)
	}
}

// listen accepts connections in the background.
func (p *Proxy) listen() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil {
		return errors.New("the proxy is up already")
	}
	listener, err := net.Listen("tcp", p.addr)
	if err != nil {
		return err
	}
	p.listener, p.addr = listener, listener.Addr().String()
	p.wg.Go(func() { p.accept(listener) })
	return nil
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(listener, client) })
	}
}

// serve passes one connection on until either end closes it.
func (p *Proxy) serve(listener net.Listener, client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	l := newLink(p, client, server)
	p.mu.Lock()
	open := p.listener == listener
	if open {
		p.links[l] = true
	}
	p.mu.Unlock()
	if open {
		l.run()
	}
	l.close()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}
