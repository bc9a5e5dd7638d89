package main

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"testing"
)

// The whole story: a user signs in, talks with the agent, and watches that live.
func TestStory(t *testing.T) {
	leavesNothing(t)
	each(t, func(t *testing.T, on func(*config)) {
		s := start(t, on)
		ann := s.as(t, "ANN")
		me := decode[map[string]any](t, ann.want(http.StatusOK, "GET", "/api/session", nil))
		if want := (map[string]any{"user": "ann", "roles": []any{"writer", "reader"}, "permissions": []any{"conversations:read", "conversations:write"}}); !reflect.DeepEqual(me, want) {
			t.Errorf("I am %v, want %v", me, want)
		}

		talk := ann.create("Words")
		live := ann.follow(talk, "")
		for i, text := range []string{"Hello", "three short words"} {
			asked := ann.post(talk, text)
			if asked.Role != "user" || asked.Content != text || asked.ID == "" || asked.At.IsZero() {
				t.Errorf("posted: %+v", asked)
			}
			if got := live.wantNext(); got.messageView != asked {
				t.Errorf("the stream has %+v, want %+v", got, asked)
			}
			want := []string{"You wrote 1 word.", "You wrote 3 words."}[i]
			if got := live.wantNext(); got.Role != "assistant" || got.Content != want || got.Flow != asked.Flow {
				t.Errorf("the answer is %+v, want %q", got, want)
			}
			run := ann.ended(asked.Flow)
			steps := []stepView{{"recall", "success"}, {"think", "success"}, {"say", "success"}}
			if run.Status != "success" || run.Output != want || run.Error != "" || !slices.Equal(run.Steps, steps) {
				t.Errorf("the flow is %+v", run)
			}
		}
		live.close()
		wantPages(t, ann, talk)

		if got := ann.want(http.StatusOK, "DELETE", talk, nil).body; got != "{\"messages\":4}\n" {
			t.Errorf("deleted: %s", got)
		}
		ann.want(http.StatusNotFound, "DELETE", talk, nil)
		ann.want(http.StatusNotFound, "GET", talk+"/messages", nil)
		ann.want(http.StatusNotFound, "GET", talk+"/events", nil)
		ann.want(http.StatusNotFound, "POST", talk+"/messages", map[string]string{"content": "x"})
		wantTrail(t, s.as(t, "root"), talk[len("/api/conversations/"):])
	})
}

// wantPages checks the lists of what TestStory has written.
func wantPages(t *testing.T, ann *browser, talk string) {
	t.Helper()
	all := ann.want(http.StatusOK, "GET", talk+"/messages", nil)
	var contents []string
	for _, m := range decode[list[messageView]](t, all).Items {
		contents = append(contents, m.Content)
	}
	if want := []string{"Hello", "You wrote 1 word.", "three short words", "You wrote 3 words."}; !slices.Equal(contents, want) {
		t.Errorf("messages: %q", contents)
	}
	last := decode[list[messageView]](t, ann.want(http.StatusOK, "GET", talk+"/messages?last=1", nil))
	if len(last.Items) != 1 || last.Items[0].Content != "You wrote 3 words." || last.Next != "" {
		t.Errorf("the last message: %+v", last)
	}
	for i := range 4 {
		ann.create(fmt.Sprint(i))
	}
	var titles []string
	for next := ""; len(titles) == 0 || next != ""; {
		page := decode[list[conversationView]](t, ann.want(http.StatusOK, "GET", "/api/conversations?limit=2&after="+next, nil))
		for _, c := range page.Items {
			titles = append(titles, c.Title)
		}
		next = page.Next
	}
	if want := []string{"3", "2", "1", "0", "Words"}; !slices.Equal(titles, want) {
		t.Errorf("conversations: %q, want %q", titles, want)
	}
}

// wantTrail checks the audit trail and the statistics of TestStory.
func wantTrail(t *testing.T, root *browser, talk string) {
	t.Helper()
	trail := decode[list[auditView]](t, root.want(http.StatusOK, "GET", "/api/audit?kind=conversation&id="+talk, nil))
	var did []string
	for _, e := range trail.Items {
		did = append(did, e.User+" "+e.Action)
	}
	if want := []string{"ann delete", "ann append", "ann append", "ann create"}; !slices.Equal(did, want) {
		t.Errorf("audit trail: %q, want %q", did, want)
	}
	trail = decode[list[auditView]](t, root.want(http.StatusOK, "GET", "/api/audit?user=ann&action=sign+in", nil))
	if len(trail.Items) != 1 || trail.Items[0].Kind != "session" {
		t.Errorf("audit trail of signing in: %+v", trail)
	}
	stats := decode[struct {
		Records map[string]int
		Streams int
	}](t, root.want(http.StatusOK, "GET", "/api/stats", nil))
	if r := stats.Records; r["conversations"] != 4 || r["messages"] != 0 || r["flows"] != 2 || r["flow_steps"] != 6 || r["agent_executions"] != 2 {
		t.Errorf("statistics: %+v", stats)
	}
	if health := decode[map[string]any](t, root.want(http.StatusOK, "GET", "/healthz", nil)); health["status"] != "ok" {
		t.Errorf("health: %v", health)
	}
}
