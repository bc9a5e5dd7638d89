package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
)

func runOf(id string) *tframex.FlowExecution { return &tframex.FlowExecution{ID: id} }

// A request that is sent again with its Idempotency-Key has one message, and one answer.
func TestIdempotency(t *testing.T) {
	leavesNothing(t)
	s := start(t, nil)
	ann := s.as(t, "ann")
	talk, other := ann.create("x"), ann.create("y")
	live := ann.follow(talk, "")
	body := map[string]string{"content": "x"}

	var all sync.WaitGroup
	statuses := make([]int, 5)
	for i := range statuses {
		all.Go(func() {
			a, err := ann.send("POST", talk+"/messages", body, "Idempotency-Key", "1")
			if statuses[i] = a.status; err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, status := range statuses {
		if status != http.StatusCreated && status != http.StatusConflict { // which says to come later
			t.Errorf("statuses %v", statuses)
		}
	}
	m := live.wantNext()
	again := ann.want(http.StatusCreated, "POST", talk+"/messages", body, "Idempotency-Key", "1")
	if got := decode[messageView](t, again); got != m.messageView || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("again: %+v, %v, want %+v", got, again.header, m)
	}
	ann.want(http.StatusUnprocessableEntity, "POST", talk+"/messages", map[string]string{"content": "y"}, "Idempotency-Key", "1")
	ann.want(http.StatusBadRequest, "POST", talk+"/messages", body, "Idempotency-Key", strings.Repeat("x", 201))
	if got := ann.post(other, "x", "Idempotency-Key", "1"); got.ID == m.ID {
		t.Error("the key of one conversation counts in another")
	}
	ann.ended(m.Flow)
	if n := len(ann.messages(talk)); n != 2 {
		t.Errorf("%d messages, want one and its answer", n)
	}
}

// An agent that fails, or takes too long, has the flow fail, which says why.
func TestAgentFails(t *testing.T) {
	leavesNothing(t)
	s := start(t, func(c *config) {
		c.answerTimeout = 500 * time.Millisecond
		c.agent = func(ctx context.Context, question string, history []*tframex.Message) (string, error) {
			if len(history) == 0 || *history[len(history)-1].Content != question {
				t.Errorf("the history of %q is %v", question, history)
			}
			if question == "slow" {
				<-ctx.Done()
				return "", ctx.Err()
			}
			return "", errors.New("no idea")
		}
	})
	ann := s.as(t, "ann")
	talk := ann.create("x")
	for question, want := range map[string]string{"hard": "no idea", "slow": "context deadline exceeded"} {
		got := ann.ended(ann.post(talk, question).Flow)
		if got.Status != "failed" || !strings.Contains(got.Error, want) || got.Output != "" {
			t.Errorf("the flow is %+v", got)
		}
		if n := len(got.Steps); n != 2 || got.Steps[1] != (stepView{"think", "failed"}) {
			t.Errorf("the steps are %+v", got.Steps)
		}
	}
	if n, err := s.store.AgentExecutions.Where(tframex.AgentExecutionFields.Status.Eq(tframex.StatusFailed)).Count(t.Context()); n != 2 || err != nil {
		t.Errorf("%d calls of the agent have failed, %v", n, err)
	}
}

// Runs that a program has left behind are failed when another begins; no others are.
func TestAbandoned(t *testing.T) {
	leavesNothing(t)
	on := onServer(t)
	s := start(t, on)
	for id, ago := range map[string]time.Duration{"old": time.Hour, "new": time.Second} {
		for _, status := range []tframex.FlowStatus{tframex.FlowPending, tframex.FlowRunning} {
			f := &tframex.FlowExecution{ID: id + string(status), FlowName: flowName, Status: status, StartedAt: time.Now().Add(-ago)}
			must(t, s.store.StartFlow(t.Context(), f))
		}
	}
	start(t, on)
	for id, want := range map[string]tframex.FlowStatus{
		"oldpending": tframex.FlowFailed, "oldrunning": tframex.FlowFailed,
		"newpending": tframex.FlowPending, "newrunning": tframex.FlowRunning,
	} {
		if f, err := s.store.Flows.Get(t.Context(), id); err != nil || f.Status != want {
			t.Errorf("%s is %+v, %v", id, f, err)
		}
	}
}
