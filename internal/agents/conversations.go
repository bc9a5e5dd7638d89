package main

import (
	"context"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/redisgen/redisgen/repo/tframex"
)

const agentName = "counter"

// conversationView is what is shown of a conversation.
type conversationView struct {
	ID    string    `json:"id"`
	User  string    `json:"user"`
	Title string    `json:"title"`
	Begun time.Time `json:"begun"`
}

func viewOfConversation(c *tframex.Conversation) conversationView {
	return conversationView{c.ID, text(c.UserID), text(c.Title), c.CreatedAt}
}

// listConversations answers with a page of the caller's conversations, newest first, or of
// another user's: whoever may read may read all.
func (s *service) listConversations(w http.ResponseWriter, r *http.Request, c *caller) error {
	user := r.URL.Query().Get("user")
	if user == "" {
		user = c.User.ID
	}
	return listOf(w, r, s.store.ConversationsOfUser(user), viewOfConversation)
}

func (s *service) createConversation(w http.ResponseWriter, r *http.Request, c *caller) error {
	var in struct {
		Title string `json:"title"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if n := utf8.RuneCountInString(in.Title); n < 1 || n > 200 {
		return invalid("the title has to have 1 to 200 characters")
	}
	talk := &tframex.Conversation{UserID: &c.User.ID, AgentName: agentName, Title: &in.Title}
	if err := s.store.Conversations.Create(r.Context(), talk); err != nil {
		return err
	}
	s.audit(r, c, "create", "conversation", talk.ID)
	reply(w, http.StatusCreated, viewOfConversation(talk))
	return nil
}

// deleteConversation removes a conversation with all its messages.
func (s *service) deleteConversation(w http.ResponseWriter, r *http.Request, c *caller) error {
	id := r.PathValue("id")
	if err := s.mustOwn(r.Context(), c, id); err != nil {
		return err
	}
	n, err := s.store.DeleteConversation(r.Context(), id)
	if err != nil {
		return err
	}
	s.audit(r, c, "delete", "conversation", id)
	reply(w, http.StatusOK, map[string]int64{"messages": n})
	return nil
}

// mustOwn refuses callers whose conversation it is not: they may only read it.
func (s *service) mustOwn(ctx context.Context, c *caller, id string) error {
	talk, err := s.store.Conversations.Get(ctx, id)
	if err == nil && text(talk.UserID) != c.User.ID {
		return notAllowed
	}
	return err
}
