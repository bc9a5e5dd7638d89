package main

import (
	"context"
	"net/http"
	"time"

	"github.com/redisgen/redisgen/repo/idempotency"
	"github.com/redisgen/redisgen/repo/tframex"
)

// messageView is what is shown of a message.
type messageView struct {
	ID      string    `json:"id"`
	Role    string    `json:"role"`
	Content string    `json:"content"`
	Flow    string    `json:"flow"` // the run that answers it, or that it is the answer of
	At      time.Time `json:"at"`
}

func viewOfMessage(m *tframex.Message) messageView {
	flow, _ := m.Metadata["flow"].(string)
	return messageView{m.ID, string(m.Role), text(m.Content), flow, m.CreatedAt}
}

// newMessage returns a message that belongs to a run.
func newMessage(role tframex.MessageRole, content string, run *tframex.FlowExecution) *tframex.Message {
	return &tframex.Message{Role: role, Content: &content, Metadata: map[string]any{"flow": run.ID}}
}

// listMessages answers with a page of a conversation from its beginning on, or with its
// last messages.
func (s *service) listMessages(w http.ResponseWriter, r *http.Request, _ *caller) error {
	id := r.PathValue("id")
	if _, err := s.store.Conversations.Get(r.Context(), id); err != nil {
		return err
	}
	if !r.URL.Query().Has("last") {
		return listOf(w, r, s.store.MessagesOf(id), viewOfMessage)
	}
	n, err := number(r, "last", 20, 100)
	if err != nil {
		return err
	}
	last, err := s.store.LastMessages(r.Context(), id, n)
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, list[messageView]{Items: views(last, viewOfMessage)})
	return nil
}

// keepKeys is for how long a request with an Idempotency-Key can be sent again.
const keepKeys = 24 * time.Hour

// postMessage appends a message, and has the agent answer it in the background. A client
// that does not know whether its request came through sends it again with the same
// Idempotency-Key, and gets the same answer.
func (s *service) postMessage(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		Content string `json:"content"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	key, id := r.Header.Get("Idempotency-Key"), r.PathValue("id")
	if in.Content == "" || len(key) > 200 {
		return invalid("there has to be a content, and an Idempotency-Key has at most 200 bytes")
	}
	if err := s.mustOwn(r.Context(), c, id); err != nil {
		return err
	}
	post := func(ctx context.Context) (messageView, error) { return s.post(ctx, r, c, id, in.Content) }
	if key == "" {
		m, err := post(r.Context())
		return posted(w, m, err)
	}
	m, replayed, err := idempotency.JSON(r.Context(), s.keys, id+" "+key, keepKeys, post)
	switch {
	case err == nil && m.Content != in.Content:
		return problem{http.StatusUnprocessableEntity, "the Idempotency-Key belongs to another message"}
	case replayed:
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return posted(w, m, err)
}

func posted(w http.ResponseWriter, m messageView, err error) error {
	if err == nil {
		reply(w, http.StatusCreated, m)
	}
	return err
}

// post appends a message. The run that answers it is there before, so that no message
// stays without.
func (s *service) post(ctx context.Context, r *http.Request, c *caller, id, content string) (messageView, error) {
	run, err := s.prepare(ctx, c, id, content)
	if err != nil {
		return messageView{}, err
	}
	m := newMessage(tframex.RoleUser, content, run)
	if err := s.store.Append(ctx, id, m); err != nil {
		s.finish(run, "", err)
		return messageView{}, err
	}
	s.answers.Go(func() { s.answer(run, id) })
	s.audit(r, c, "append", "conversation", id)
	return viewOfMessage(m), nil
}
