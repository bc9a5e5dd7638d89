package memory

import (
	"net"
	"os"
	"sync"
	"time"
)

// pipe is a connection in memory whose other side never waits until what it writes is read,
// as with one of a network: it would wait for ever if both sides did.
type pipe struct {
	net.Conn
	writes  func()        // is called before each Write
	changed chan struct{} // has something whenever Read should look again

	mu       sync.Mutex
	got      []byte // read and not yet asked for
	err      error  // what comes behind got
	deadline time.Time
}

func newPipe(conn net.Conn, writes func()) *pipe {
	p := &pipe{Conn: conn, writes: writes, changed: make(chan struct{}, 1)}
	go p.pump()
	return p
}

// pump reads all that comes, until the connection is closed.
func (p *pipe) pump() {
	buf := make([]byte, 32<<10)
	for {
		n, err := p.Conn.Read(buf)
		p.mu.Lock()
		p.got, p.err = append(p.got, buf[:n]...), err
		p.mu.Unlock()
		p.wake()
		if err != nil {
			return
		}
	}
}

func (p *pipe) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (p *pipe) Write(data []byte) (int, error) {
	p.writes()
	return p.Conn.Write(data)
}

// Read is for one goroutine at a time.
func (p *pipe) Read(to []byte) (int, error) {
	for {
		p.mu.Lock()
		n, err, deadline := copy(to, p.got), p.err, p.deadline
		if p.got = p.got[n:]; len(p.got) == 0 {
			p.got = nil
		}
		p.mu.Unlock()
		switch {
		case n > 0 || len(to) == 0:
			return n, nil
		case err != nil:
			return 0, err
		case !p.wait(deadline):
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// wait waits until something has changed; false if the deadline came first.
func (p *pipe) wait(deadline time.Time) bool {
	if deadline.IsZero() {
		<-p.changed
		return true
	}
	left := time.Until(deadline)
	if left <= 0 {
		return false
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-p.changed:
		return true
	case <-timer.C:
		return false
	}
}

// SetReadDeadline bounds Read.
func (p *pipe) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	p.deadline = t
	p.mu.Unlock()
	p.wake()
	return nil
}

// SetDeadline bounds Read and Write.
func (p *pipe) SetDeadline(t time.Time) error {
	_ = p.SetReadDeadline(t)
	return p.SetWriteDeadline(t)
}
