package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

// stream is one client that follows a conversation by server-sent events
// (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type stream struct {
	s            *service
	w            http.ResponseWriter
	caller       *caller
	conversation string
	seen         time.Time // when the last message was written that was sent
}

// stream sends the last messages of a conversation and then those that are appended, each
// once and in order. The id of an event is when its message was written, which orders the
// messages of a conversation: a client that comes again with it as Last-Event-ID gets all
// that it has missed.
//
// What is sent is always read from the store, after what was sent last. Notices only tell
// when to look, so that nothing is missed when they are: when a connection to the server
// is lost, when they come faster than the client reads, or when the program that was to
// send one has died. [tframex.Store.Follow] does that for programs that have nothing else
// to do meanwhile; here there are heartbeats.
func (s *service) stream(w http.ResponseWriter, r *http.Request, c *caller) error {
	st := &stream{s: s, w: w, caller: c, conversation: r.PathValue("id")}
	first, err := st.first(r)
	if err != nil {
		return err
	}
	select {
	case s.streams <- struct{}{}:
		defer func() { <-s.streams }()
	default:
		w.Header().Set("Retry-After", "5")
		return problem{http.StatusServiceUnavailable, "too many streams are open; try again later"}
	}
	ctx, cancel := context.WithCancel(r.Context()) // which ends when the client goes
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if err := st.begin(first); err != nil {
		return nil // the client has gone: there is nobody to tell
	}
	if err := st.follow(ctx); err != nil && ctx.Err() == nil {
		slog.Debug("a stream has ended", "conversation", st.conversation, "error", err)
	}
	return nil
}

// first returns the messages to begin with: those after Last-Event-ID, which follow reads,
// or the last ones.
func (st *stream) first(r *http.Request) ([]*tframex.Message, error) {
	if _, err := st.s.store.Conversations.Get(r.Context(), st.conversation); err != nil {
		return nil, err
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		micros, err := strconv.ParseInt(id, 10, 64)
		if err != nil || micros < 0 {
			return nil, invalid("the Last-Event-ID is none of this stream")
		}
		st.seen = time.UnixMicro(micros)
		return nil, nil
	}
	n, err := number(r, "last", 20, 100)
	if err != nil {
		return nil, err
	}
	return st.s.store.LastMessages(r.Context(), st.conversation, n)
}

// begin sends the header, when to come again after the connection is lost, and the first
// messages.
func (st *stream) begin(first []*tframex.Message) error {
	st.w.Header().Set("Content-Type", "text/event-stream")
	st.w.Header().Set("X-Accel-Buffering", "no") // proxies are to pass on what comes
	if err := st.send("retry: 1000\n\n"); err != nil {
		return err
	}
	for _, m := range first {
		if err := st.message(m); err != nil {
			return err
		}
	}
	return nil
}

// message sends a message.
func (st *stream) message(m *tframex.Message) error {
	data, err := json.Marshal(viewOfMessage(m)) // one line
	if err != nil {
		return err
	}
	st.seen = m.CreatedAt
	return st.send(fmt.Sprintf("id: %d\nevent: message\ndata: %s\n\n", m.CreatedAt.UnixMicro(), data))
}

// send writes to the client, which has to take it in time: who is too slow is cut off, and
// comes again.
func (st *stream) send(text string) error {
	rc := http.NewResponseController(st.w)
	if err := rc.SetWriteDeadline(time.Now().Add(st.s.writeTimeout)); err != nil {
		return err
	}
	if _, err := st.w.Write([]byte(text)); err != nil {
		return err
	}
	return rc.Flush()
}
