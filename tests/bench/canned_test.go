package bench

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// tape is what a server answered on one connection: a reply to each request,
// where a request is all that is written before something is read.
type tape struct {
	replies [][]byte
	loop    int // what comes again and again after the last reply: those from here
}

// recorder dials a server and keeps a tape of each connection, in the order
// they were made.
type recorder struct {
	mu    sync.Mutex
	tapes []*tape
}

func (r *recorder) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &tape{}
	r.tapes = append(r.tapes, t)
	return &recording{Conn: conn, tape: t}, nil
}

// mark makes what follows the part of the tapes that is repeated.
func (r *recorder) mark() {
	for _, t := range r.tapes {
		t.loop = len(t.replies)
	}
}

type recording struct {
	net.Conn
	tape    *tape
	reading bool
}

func (c *recording) Write(p []byte) (int, error) {
	c.reading = false
	return c.Conn.Write(p)
}

func (c *recording) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if !c.reading {
		c.reading = true
		c.tape.replies = append(c.tape.replies, nil)
	}
	last := len(c.tape.replies) - 1
	c.tape.replies[last] = append(c.tape.replies[last], p[:n]...)
	return n, err
}

// player dials no server: its connections answer from tapes, without a system
// call, so that all CPU time is the client's.
type player struct {
	mu    sync.Mutex
	tapes []*tape
}

func (p *player) dial(context.Context, string, string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tapes) == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	t := p.tapes[0]
	p.tapes = p.tapes[1:]
	return &playing{tape: t}, nil
}

type playing struct {
	tape    *tape
	at      int
	rest    []byte
	waiting bool // for a read
}

func (c *playing) Write(p []byte) (int, error) {
	if !c.waiting {
		if c.at == len(c.tape.replies) {
			c.at = c.tape.loop
		}
		if c.at == len(c.tape.replies) {
			return 0, io.ErrClosedPipe // more was asked than recorded
		}
		c.rest, c.waiting = c.tape.replies[c.at], true
		c.at++
	}
	return len(p), nil
}

func (c *playing) Read(p []byte) (int, error) {
	c.waiting = false
	if len(c.rest) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *playing) Close() error                     { return nil }
func (c *playing) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *playing) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *playing) SetDeadline(time.Time) error      { return nil }
func (c *playing) SetReadDeadline(time.Time) error  { return nil }
func (c *playing) SetWriteDeadline(time.Time) error { return nil }

// afterCanned is the number of the first operation that canned has not done.
const afterCanned = 2

// canned carries out operations 0 and 1 of a store on its server, and returns a
// store that answers operation 1, as often as it is done, as the server has,
// without it.
func canned(live *store, op func(s *store, i int) error) (*store, error) {
	options := *live.rdb.Options()
	var r recorder
	options.Dialer = r.dial
	asked, err := live.like(&options)
	if err != nil {
		return nil, err
	}
	defer asked.close()
	// Connections are made, and scripts loaded.
	if err := asked.run(op, 0); err != nil {
		return nil, err
	}
	r.mark()
	if err := asked.run(op, 1); err != nil {
		return nil, err
	}

	p := player{tapes: r.tapes}
	options.Dialer = p.dial
	answered, err := live.like(&options)
	if err != nil {
		return nil, err
	}
	answered.canned = true
	for i := range afterCanned {
		if err := answered.run(op, i); err != nil {
			answered.close()
			return nil, err
		}
	}
	return answered, nil
}

// like returns a store of the same keyspace over another connection.
func (s *store) like(options *redis.Options) (*store, error) {
	other, err := open(options, s.client.Prefix())
	if err == nil {
		other.operation, other.live = s.operation, s.live
	}
	return other, err
}
