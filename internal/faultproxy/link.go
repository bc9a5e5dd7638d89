package faultproxy

import (
	"bufio"
	"net"
	"sync"
	"time"
)

// link is one connection of a client and the one to the server that carries it on.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	closing        sync.Once
	closed         chan struct{}

	mu      sync.Mutex
	pending []fault // of the commands whose replies are to come, in order
	raw     bool    // replies no longer follow commands one to one
}

func newLink(p *Proxy, client, server net.Conn) *link {
	return &link{proxy: p, client: client, server: server, closed: make(chan struct{})}
}

// close closes both ends.
func (l *link) close() {
	l.closing.Do(func() {
		close(l.closed)
		_ = l.client.Close()
		_ = l.server.Close()
	})
}

// run passes commands and replies on until either end is closed.
func (l *link) run() {
	replies := make(chan reply, 1024)
	var wg sync.WaitGroup
	wg.Go(func() {
		l.readReplies(replies)
		close(replies)
	})
	wg.Go(func() {
		l.writeReplies(replies)
		l.close()
		for range replies { // the reader must not block
		}
	})
	l.passCommands()
	l.close()
	wg.Wait()
}

// streaming lists the commands after which the server sends messages that are no replies.
var streaming = Command("SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE", "MONITOR", "SYNC", "PSYNC")

// passCommands reads what the client sends and passes it on.
func (l *link) passCommands() {
	r := bufio.NewReader(l.client)
	w := bufio.NewWriter(l.server)
	for {
		c, err := readCommand(r)
		if err != nil {
			_ = w.Flush()
			return
		}
		if len(c.args) > 0 { // the server does not answer an empty line
			f := l.proxy.observe(c)
			if f == dropRequest {
				_ = w.Flush()
				l.proxy.struck()
				return
			}
			l.expect(f, streaming(c.args))
		}
		if !l.proxy.whole(l.closed) {
			return
		}
		if _, err := w.Write(c.raw); err != nil {
			return
		}
		if r.Buffered() == 0 {
			if err := w.Flush(); err != nil {
				return
			}
		}
	}
}

// expect notes that a reply is to come, and what happens to it.
func (l *link) expect(f fault, streaming bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending = append(l.pending, f)
	l.raw = l.raw || streaming
}

// next returns the fault for the reply that has come.
func (l *link) next() fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.raw || len(l.pending) == 0 {
		return none
	}
	f := l.pending[0]
	l.pending = l.pending[1:]
	return f
}

// reply is a reply on its way to the client.
type reply struct {
	raw   []byte
	due   time.Time
	fault fault
}

// readReplies reads what the server sends.
func (l *link) readReplies(replies chan<- reply) {
	r := bufio.NewReader(l.server)
	for {
		raw, push, err := readReply(r)
		if err != nil {
			return
		}
		out := reply{raw: raw, due: time.Now().Add(l.proxy.delay())}
		if !push {
			out.fault = l.next()
		}
		replies <- out
	}
}

// writeReplies passes replies on to the client, each when it is due, until there are no more.
func (l *link) writeReplies(replies <-chan reply) {
	for out := range replies {
		select {
		case <-time.After(time.Until(out.due)):
		case <-l.closed:
			return
		}
		switch out.fault {
		case dropReply:
			l.proxy.struck()
			return
		case holdReply:
			l.proxy.struck()
			for range replies { // until the client or the server closes
			}
			return
		}
		if !l.proxy.whole(l.closed) {
			return
		}
		if _, err := l.client.Write(out.raw); err != nil {
			return
		}
	}
}

// delay returns how long replies are held back.
func (p *Proxy) delay() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latency
}
