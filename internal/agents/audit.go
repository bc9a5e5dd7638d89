package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

// auditTimeout is for how long an entry is tried to be written.
const auditTimeout = 5 * time.Second

// audit notes what a caller has done. It is done whether that succeeds or not, and also if
// the client does not wait for it: what cannot be written is logged.
func (s *service) audit(r *http.Request, c *caller, action, kind, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), auditTimeout)
	defer cancel()
	entry := &tframex.AuditLog{UserID: &c.User.ID, Action: action, ResourceType: &kind, UserAgent: new(r.UserAgent())}
	if id != "" {
		entry.ResourceID = &id
	}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		entry.IPAddress = &host
	}
	if err := s.store.Log(ctx, entry); err != nil {
		slog.Error("no entry in the audit trail", "user", c.User.ID, "action", action, "kind", kind, "id", id, "error", err)
	}
}

// auditView is what is shown of an entry.
type auditView struct {
	At     time.Time `json:"at"`
	User   string    `json:"user"`
	Action string    `json:"action"`
	Kind   string    `json:"kind"`
	ID     string    `json:"id,omitempty"`
}

func viewOfAudit(e *tframex.AuditLog) auditView {
	return auditView{e.CreatedAt, text(e.UserID), e.Action, text(e.ResourceType), text(e.ResourceID)}
}

// listAudit answers with the audit trail, newest first, by user, kind and id, or action.
func (s *service) listAudit(w http.ResponseWriter, r *http.Request, _ *caller) error {
	by := r.URL.Query()
	return listOf(w, r, s.store.AuditTrail(tframex.AuditFilter{
		UserID: by.Get("user"), Resource: by.Get("kind"), ResourceID: by.Get("id"), Action: by.Get("action"),
	}), viewOfAudit)
}

// text returns a text that may be absent.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
