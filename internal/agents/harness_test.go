package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo/limit"
)

// patience is how long a test waits for what has to come.
const patience = 20 * time.Second

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil))) // tests have things fail
	os.Exit(m.Run())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// running is a service that answers.
type running struct {
	*service
	url  string
	stop func() error // ends it as a signal does; a second time does nothing
}

// leavesNothing fails the test if it leaves a goroutine behind. It is called first.
func leavesNothing(t *testing.T) {
	t.Helper()
	redisd.Shared(t) // has some, and stays
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// start starts a service on the embedded store, unless change says otherwise. Its
// heartbeats are so rare that what comes does not come by them, and users are not limited. It ends with the test.
func start(t *testing.T, change func(*config)) *running {
	t.Helper()
	return startOn(t, nil, change)
}

// startOn is start with a listener; nil: a port that is free.
func startOn(t *testing.T, listener net.Listener, change func(*config)) *running {
	t.Helper()
	c := defaults()
	c.heartbeat = time.Hour
	c.userLimits = []limit.Limit{limit.PerSecond(100_000)}
	if change != nil {
		change(&c)
	}
	s, err := newService(t.Context(), c)
	must(t, err)
	if listener == nil {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served, over := error(nil), make(chan struct{})
	go func() {
		served = s.serve(ctx, listener)
		close(over)
	}()
	stop := func() error { cancel(); <-over; return served }
	t.Cleanup(func() { _ = stop() })
	return &running{s, "http://" + listener.Addr().String(), stop}
}

// each runs a test on the embedded store and on a real server.
func each(t *testing.T, test func(t *testing.T, on func(*config))) {
	t.Run("embedded", func(t *testing.T) { test(t, func(*config) {}) })
	t.Run("redis", func(t *testing.T) { test(t, onServer(t)) })
}

// onServer returns the change that puts services on one keyspace of a real server.
func onServer(t *testing.T) func(*config) {
	server := redisd.Shared(t)
	prefix := server.Prefix() + strings.ReplaceAll(t.Name(), "/", ".") + ":"
	return func(c *config) { c.redis, c.prefix = server.URL(), prefix }
}

// browser is a client with its cookies.
type browser struct {
	t    *testing.T
	base string
	http.Client
}

func (r *running) browser(t *testing.T) *browser {
	jar, _ := cookiejar.New(nil) // never fails
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t, r.url, http.Client{Jar: jar, Transport: transport}}
}

// as returns a browser in which a user is signed in.
func (r *running) as(t *testing.T, user string) *browser {
	t.Helper()
	b := r.browser(t)
	b.want(http.StatusCreated, "POST", "/api/session", map[string]string{"user": user})
	return b
}

// answer is what a request got.
type answer struct {
	status int
	header http.Header
	body   string
}

// send sends a request, whose body is JSON, or as it is if it is a string; headers are in
// pairs.
func (b *browser) send(method, path string, body any, headers ...string) (answer, error) {
	text, raw := body.(string)
	if !raw && body != nil {
		data, _ := json.Marshal(body)
		text = string(data)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.base+path, bytes.NewBufferString(text))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := b.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	data, err := io.ReadAll(got.Body)
	return answer{got.StatusCode, got.Header, string(data)}, err
}

// want sends a request, and fails the test if the status of the answer is another one.
func (b *browser) want(status int, method, path string, body any, headers ...string) answer {
	b.t.Helper()
	got, err := b.send(method, path, body, headers...)
	must(b.t, err)
	if got.status != status {
		b.t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	return got
}

// decode returns the body of an answer.
func decode[T any](t *testing.T, a answer) (v T) {
	t.Helper()
	must(t, json.Unmarshal([]byte(a.body), &v))
	return v
}

// create begins a conversation, and returns the path of it.
func (b *browser) create(title string) string {
	b.t.Helper()
	talk := decode[conversationView](b.t, b.want(http.StatusCreated, "POST", "/api/conversations", map[string]string{"title": title}))
	return "/api/conversations/" + talk.ID
}

// post appends a message.
func (b *browser) post(talk, content string, headers ...string) messageView {
	b.t.Helper()
	a := b.want(http.StatusCreated, "POST", talk+"/messages", map[string]string{"content": content}, headers...)
	return decode[messageView](b.t, a)
}

// messages returns all messages of a conversation, page by page.
func (b *browser) messages(talk string) (all []messageView) {
	b.t.Helper()
	for next := ""; ; {
		page := decode[list[messageView]](b.t, b.want(http.StatusOK, "GET", talk+"/messages?limit=7&after="+next, nil))
		all = append(all, page.Items...)
		if next = page.Next; next == "" {
			return all
		}
	}
}

// follower reads a stream.
type follower struct {
	t       *testing.T
	events  chan messageEvent // closed at the end of the stream
	cut     context.CancelFunc
	comment chan string
}

type messageEvent struct {
	id string
	messageView
}

// follow opens a stream; lastID is empty at first. Headers are in pairs.
func (b *browser) follow(talk, lastID string, headers ...string) *follower {
	b.t.Helper()
	ctx, cut := context.WithCancel(b.t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", b.base+talk+"/events", nil)
	must(b.t, err)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := b.Do(r)
	must(b.t, err)
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/event-stream" {
		b.t.Fatalf("stream: %s, %v", got.Status, got.Header)
	}
	f := &follower{b.t, make(chan messageEvent, 1000), cut, make(chan string, 1000)}
	go f.read(got.Body)
	b.t.Cleanup(func() { f.close() })
	return f
}

// read reads events, as https://html.spec.whatwg.org/multipage/server-sent-events.html
// says, as far as the service uses that.
func (f *follower) read(body io.ReadCloser) {
	defer close(f.events)
	defer body.Close()
	var e messageEvent
	for lines := bufio.NewScanner(body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "id":
			e.id = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.messageView); err != nil {
				f.t.Errorf("data %q: %v", value, err)
			}
		case "":
			if value != "" {
				f.comment <- value
			} else if e.id != "" {
				f.events <- e
				e = messageEvent{}
			}
		}
	}
}

// next returns the next event; ok is false at the end of the stream.
func (f *follower) next() (e messageEvent, ok bool) {
	f.t.Helper()
	select {
	case e, ok = <-f.events:
	case <-time.After(patience):
		f.t.Fatal("nothing comes")
	}
	return e, ok
}

// wantNext returns the next event.
func (f *follower) wantNext() messageEvent {
	f.t.Helper()
	e, ok := f.next()
	if !ok {
		f.t.Fatal("the stream has ended")
	}
	return e
}

// wantEnd waits for the end of the stream.
func (f *follower) wantEnd() {
	f.t.Helper()
	for {
		if _, ok := f.next(); !ok {
			return
		}
	}
}

// close cuts the stream off, and returns what was still read.
func (f *follower) close() (rest []messageEvent) {
	f.cut()
	for e := range f.events {
		rest = append(rest, e)
	}
	return rest
}

// until waits until something is true.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", patience, what)
		}
	}
}

// ended waits until a run has ended, and returns it.
func (b *browser) ended(id string) (run flowView) {
	b.t.Helper()
	until(b.t, "the end of the flow", func() bool {
		run = decode[flowView](b.t, b.want(http.StatusOK, "GET", "/api/flows/"+id, nil))
		return run.Status != "pending" && run.Status != "running"
	})
	return run
}
