package main

import (
	"context"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
)

// same fails the test unless the events are the messages, each once and in order.
func same(t *testing.T, got []messageEvent, want []messageView) {
	t.Helper()
	for i, e := range got {
		if i >= len(want) || e.messageView != want[i] || e.id != fmt.Sprint(want[i].At.UnixMicro()) {
			t.Fatalf("event %d is %+v, want one of %+v", i, e, want[min(i, len(want)-1):])
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
}

// A client whose connection is cut again and again, and that comes back with the id of its
// last event, gets every message once and in order, while several write by two services.
func TestReconnect(t *testing.T) {
	leavesNothing(t)
	seed := maphash.String(maphash.MakeSeed(), "")
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	on := onServer(t)
	one, two := start(t, on), start(t, on)
	ann, again := one.as(t, "ann"), two.as(t, "ann")
	talk := ann.create("x")
	const posters, posts = 3, 15

	var wrote sync.WaitGroup
	for i := range posters {
		b := []*browser{ann, again}[i%2]
		wrote.Go(func() {
			for n := range posts {
				if a, err := b.send("POST", talk+"/messages", map[string]string{"content": fmt.Sprint(i, n)}); err != nil || a.status != 201 {
					t.Errorf("post: %+v, %v", a, err)
				}
			}
		})
	}
	var got []messageEvent
	last, cuts := "0", 0
	for len(got) < 2*posters*posts { // each is answered
		live := []*browser{ann, again}[random.IntN(2)].follow(talk, last)
		for range min(1+random.IntN(8), 2*posters*posts-len(got)) {
			got = append(got, live.wantNext())
		}
		live.close() // what is read and not taken is lost
		last = got[len(got)-1].id
		cuts++
	}
	wrote.Wait()
	same(t, got, ann.messages(talk))
	if cuts < 10 {
		t.Errorf("%d connections", cuts)
	}
	inOrder(t, got, posters, posts)
}

// inOrder checks that what each has posted is there in the order of posting.
func inOrder(t *testing.T, got []messageEvent, posters, posts int) {
	t.Helper()
	next := make([]int, posters)
	for _, e := range got {
		var i, n int
		if _, err := fmt.Sscan(e.Content, &i, &n); err != nil || e.Role != "user" {
			continue // an answer
		}
		if n != next[i] {
			t.Fatalf("%d of poster %d where %d should be", n, i, next[i])
		}
		next[i]++
	}
	for i, n := range next {
		if n != posts {
			t.Errorf("%d of poster %d, want %d", n, i, posts)
		}
	}
}

// Who follows from the start sees what several post at the same time as the list has it.
func TestConcurrentPosters(t *testing.T) {
	leavesNothing(t)
	s := start(t, nil)
	ann := s.as(t, "ann")
	talk := ann.create("x")
	live, later := ann.follow(talk, ""), ann.follow(talk, "")
	const posters, posts = 4, 8
	var wrote sync.WaitGroup
	for i := range posters {
		wrote.Go(func() {
			for n := range posts {
				if a, err := ann.send("POST", talk+"/messages", map[string]string{"content": fmt.Sprint(i, n)}); err != nil || a.status != 201 {
					t.Errorf("post: %+v, %v", a, err)
				}
			}
		})
	}
	var got, others []messageEvent
	for len(got) < 2*posters*posts {
		got = append(got, live.wantNext())
	}
	for len(others) < len(got) {
		others = append(others, later.wantNext())
	}
	wrote.Wait()
	want := ann.messages(talk)
	same(t, got, want)
	same(t, others, want)
	inOrder(t, got, posters, posts)
	if !slices.IsSortedFunc(want, func(a, b messageView) int { return a.At.Compare(b.At) }) {
		t.Error("the times are not in order")
	}
}

// A stream begins with the last messages.
func TestStreamBegins(t *testing.T) {
	leavesNothing(t)
	s := start(t, nil)
	ann := s.as(t, "ann")
	talk := ann.create("x")
	for range 3 {
		ann.ended(ann.post(talk, "x").Flow)
	}
	all := ann.messages(talk)
	live := ann.follow(talk+"/events?last=2#", "")
	same(t, []messageEvent{live.wantNext(), live.wantNext()}, all[4:])
	live = ann.follow(talk, fmt.Sprint(all[3].At.UnixMicro()))
	same(t, []messageEvent{live.wantNext(), live.wantNext()}, all[4:])
}

// A stream goes on when the connection to the server is lost, and has what was appended
// meanwhile: by a service that is connected, whose notices it does not get.
func TestGap(t *testing.T) {
	leavesNothing(t)
	on, proxy := onServer(t), faultproxy.Start(t, redisd.Shared(t).Addr())
	well := start(t, on)
	cut := start(t, func(c *config) { on(c); c.redis = "redis://" + proxy.Addr() })
	talk := well.as(t, "ann").create("x")
	ann, live := well.as(t, "ann"), cut.as(t, "ann").follow(talk, "")
	var got []messageEvent
	two := func() { got = append(got, live.wantNext(), live.wantNext()) }
	ann.post(talk, "before")
	two()
	proxy.Down()
	ann.ended(ann.post(talk, "meanwhile").Flow)
	proxy.Up(t)
	two()
	proxy.Cut()
	ann.post(talk, "after")
	two()
	same(t, got, ann.messages(talk))
}

// A heartbeat shows that the stream lives, longer than a request may take, and finds what no
// notice has told of. It ends the stream of a conversation that is gone.
func TestHeartbeat(t *testing.T) {
	leavesNothing(t)
	s := start(t, func(c *config) {
		c.heartbeat = 20 * time.Millisecond
		c.requestTimeout = 300 * time.Millisecond
	})
	ann := s.as(t, "ann")
	talk := ann.create("x")
	live := ann.follow(talk, "")
	for begun := time.Now(); time.Since(begun) < 700*time.Millisecond; {
		if comment := <-live.comment; comment != "heartbeat" {
			t.Fatalf("comment %q", comment)
		}
	}
	id := strings.TrimPrefix(talk, "/api/conversations/")
	m := newMessage("user", "in silence", runOf("f"))
	m.ConversationID = id
	must(t, s.store.Messages.Create(t.Context(), m))
	if got := live.wantNext(); got.Content != "in silence" {
		t.Errorf("event %+v", got)
	}
	ann.want(http.StatusOK, "DELETE", talk, nil)
	live.wantEnd()
}

// The stream of a client that goes ends, and so does that of one that does not read.
func TestClientsThatGo(t *testing.T) {
	leavesNothing(t)
	listener := newPipes()
	s := startOn(t, listener, func(c *config) { c.writeTimeout = 20 * time.Millisecond })
	ann := s.browser(t)
	ann.Transport.(*http.Transport).DialContext = listener.dial
	ann.want(http.StatusCreated, "POST", "/api/session", map[string]string{"user": "ann"})
	talk := ann.create("x")
	streams := func(n int) {
		t.Helper()
		until(t, fmt.Sprintf("%d streams", n), func() bool { return len(s.streams) == n })
	}
	live := ann.follow(talk, "")
	streams(1)
	live.close()
	streams(0)

	conn, err := listener.dial(t.Context(), "", "")
	must(t, err)
	defer conn.Close()
	at, err := http.NewRequest("GET", s.url, nil)
	must(t, err)
	cookie := ann.Jar.Cookies(at.URL)[0].Value
	_, err = fmt.Fprintf(conn, "GET %s/events HTTP/1.1\r\nHost: x\r\nCookie: session=%s\r\n\r\n", talk, cookie)
	must(t, err)
	_, err = conn.Read(make([]byte, 1)) // the answer begins, and nobody reads the rest
	must(t, err)
	streams(1)
	streams(0)
}

// pipes is a listener for connections in memory, which take no more than is read.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
