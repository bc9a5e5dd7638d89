package main

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

// Everybody may do what their role and those that it inherits from say, and no more.
func TestPermissions(t *testing.T) {
	leavesNothing(t)
	s := start(t, nil)
	ann, bob, root, nobody := s.as(t, "ann"), s.as(t, "bob"), s.as(t, "root"), s.browser(t)
	title, content := map[string]string{"title": "x"}, map[string]string{"content": "x"}
	hers := ann.create("hers")
	flow := ann.post(hers, "Hello").Flow
	for _, c := range []struct {
		method, path            string
		body                    any
		ann, bob, root, nobodys int
	}{
		{"GET", "/api/session", nil, 200, 200, 200, 401},
		{"GET", "/api/conversations", nil, 200, 200, 200, 401},
		{"POST", "/api/conversations", title, 201, 403, 201, 401},
		{"GET", hers + "/messages", nil, 200, 200, 200, 401},
		{"POST", hers + "/messages", content, 201, 403, 403, 401},
		{"GET", "/api/flows/" + flow, nil, 200, 200, 200, 401},
		{"DELETE", "/api/conversations/none", nil, 404, 403, 404, 401},
		{"GET", "/api/audit", nil, 403, 403, 200, 401},
		{"GET", "/api/stats", nil, 403, 403, 200, 401},
		{"GET", "/healthz", nil, 200, 200, 200, 200},
		{"GET", "/", nil, 200, 200, 200, 200},
		{"GET", "/nothing", nil, 404, 404, 404, 404},
	} {
		for i, b := range []*browser{ann, bob, root, nobody} {
			b.want([]int{c.ann, c.bob, c.root, c.nobodys}[i], c.method, c.path, c.body)
		}
	}
	bob.want(http.StatusForbidden, "DELETE", hers, nil)
	root.want(http.StatusForbidden, "DELETE", hers, nil)
	nobody.want(http.StatusUnauthorized, "GET", hers+"/events", nil)
	if got := bob.want(http.StatusOK, "GET", "/api/conversations?user=ann", nil).body; !strings.Contains(got, `"hers"`) {
		t.Errorf("bob does not see what ann has: %s", got)
	}

	// What a user may do changes at once.
	must(t, s.store.Users.Patch(t.Context(), "ann", tframex.UserFields.Roles.Set([]string{"reader"})))
	ann.want(http.StatusForbidden, "POST", "/api/conversations", title)
	must(t, s.store.Users.Patch(t.Context(), "ann", tframex.UserFields.IsActive.Set(false)))
	ann.want(http.StatusUnauthorized, "GET", "/api/session", nil)
	a := ann.want(http.StatusUnauthorized, "POST", "/api/session", map[string]string{"user": "ann"})
	if text := decode[map[string]string](t, a)["error"]; text != "there is no such user" { // what those hear who are none
		t.Errorf("a barred user who signs in hears %q", text)
	}
	nobody.want(http.StatusUnauthorized, "POST", "/api/session", map[string]string{"user": "nobody"})
}

// A session is known by its cookie, lives on when it is used, and ends when the user says.
func TestSessions(t *testing.T) {
	leavesNothing(t)
	s := start(t, func(c *config) { c.secure = true; c.heartbeat = 5 * time.Millisecond })
	ann := s.as(t, "ann")
	talk := ann.create("x")
	ann.Jar = nil // cookies by hand: they are for HTTPS only
	signIn := func(headers ...string) (token string) {
		a := ann.want(http.StatusCreated, "POST", "/api/session", map[string]string{"user": "ann"}, headers...)
		line := a.header.Get("Set-Cookie")
		token, rest, _ := strings.Cut(strings.TrimPrefix(line, "session="), "; ")
		if len(token) != 43 || rest != "Path=/; HttpOnly; Secure; SameSite=Strict" {
			t.Fatalf("cookie: %q", line)
		}
		return token
	}
	status := func(token string) int {
		a, err := ann.send("GET", "/api/session", nil, "Cookie", "session="+token)
		must(t, err)
		return a.status
	}

	first := signIn()
	second := signIn("Cookie", "session="+first)
	if first == second || status(first) != 401 || status(second) != 200 {
		t.Errorf("signed in again: %d, %d", status(first), status(second))
	}
	id := sessionID(second)
	must(t, s.store.Sessions.Touch(t.Context(), id, repo.TTL(time.Minute)))
	if status(second) != 200 {
		t.Error("it has ended")
	}
	if left, err := s.store.Sessions.TTL(t.Context(), id); err != nil || left < time.Minute*59 {
		t.Errorf("a session that is used lives for %v, %v", left, err)
	}
	if _, err := s.store.Sessions.Get(t.Context(), second); err == nil {
		t.Error("the store has the token itself")
	}

	third := signIn()
	ann.want(http.StatusNoContent, "DELETE", "/api/session", nil, "Cookie", "session="+third)
	if status(third) != 401 || status(second) != 200 {
		t.Errorf("signed out: %d, the other session %d", status(third), status(second))
	}
	fourth := signIn()
	live := ann.follow(talk, "", "Cookie", "session="+second)
	got := ann.want(http.StatusOK, "DELETE", "/api/sessions", nil, "Cookie", "session="+fourth)
	if n := decode[map[string]int](t, got)["ended"]; n != 3 {
		t.Errorf("ended: %s", got.body)
	}
	if status(second) != 401 || status(fourth) != 401 {
		t.Errorf("signed out everywhere: %d, %d", status(second), status(fourth))
	}
	live.wantEnd() // with the next heartbeat

	unused := signIn()
	must(t, s.store.Sessions.Touch(t.Context(), sessionID(unused), repo.TTL(time.Millisecond)))
	until(t, "the end of a session", func() bool {
		there, err := s.store.Sessions.Exists(t.Context(), sessionID(unused))
		return err == nil && !there
	})
	if status(unused) != 401 {
		t.Error("a session that has expired goes on")
	}
}

// Each user, and each address that signs in, is admitted so often and no more.
func TestLimits(t *testing.T) {
	leavesNothing(t)
	s := start(t, func(c *config) {
		c.userLimits = []limit.Limit{limit.PerHour(60).Burst(3)}
		c.signIns = []limit.Limit{limit.PerHour(60).Burst(2)}
	})
	ann, root := s.as(t, "ann"), s.as(t, "root")
	for range 3 {
		ann.want(http.StatusOK, "GET", "/api/session", nil)
	}
	a := ann.want(http.StatusTooManyRequests, "GET", "/api/session", nil)
	if after, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || after < 1 || after > 60 {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	if a.body != `{"error":"too many requests; try again later"}`+"\n" {
		t.Errorf("answer: %s", a.body)
	}
	root.want(http.StatusOK, "GET", "/api/session", nil)
	a = s.browser(t).want(http.StatusTooManyRequests, "POST", "/api/session", map[string]string{"user": "bob"})
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Another site cannot use the cookie of a user to change anything.
func TestOtherSite(t *testing.T) {
	leavesNothing(t)
	s := start(t, nil)
	ann := s.as(t, "ann")
	for _, headers := range [][]string{{"Origin", "https://example.com"}, {"Sec-Fetch-Site", "cross-site"}} {
		a := ann.want(http.StatusForbidden, "POST", "/api/conversations", map[string]string{"title": "x"}, headers...)
		if a.body != `{"error":"the request comes from another site"}`+"\n" {
			t.Errorf("answer: %s", a.body)
		}
	}
}

// Whoever asks for what is not there, or sends what is not wanted, is told so, in JSON.
func TestBadRequests(t *testing.T) {
	leavesNothing(t)
	s := start(t, func(c *config) { c.maxStreams = 1 })
	ann := s.as(t, "ann")
	talk := ann.create("x")
	other := ann.create("y")
	for range 3 {
		ann.post(talk, "x")
	}
	cursor := decode[list[messageView]](t, ann.want(200, "GET", talk+"/messages?limit=1", nil)).Next
	long := strings.Repeat("x", s.maxMessage+1)
	for _, c := range []struct {
		status       int
		method, path string
		body         any
	}{
		{400, "POST", "/api/conversations", "{"},
		{400, "POST", "/api/conversations", ""},
		{400, "POST", "/api/conversations", `{"title":"x"} {}`},
		{400, "POST", "/api/conversations", `{"title":"x","user":"bob"}`},
		{400, "POST", "/api/conversations", `{"title":""}`},
		{400, "POST", talk + "/messages", `{"content":""}`},
		{413, "POST", "/api/conversations", map[string]string{"title": strings.Repeat(long, 4)}},
		{413, "POST", talk + "/messages", map[string]string{"content": long}},
		{400, "GET", talk + "/messages?limit=0", nil},
		{400, "GET", talk + "/messages?limit=101", nil},
		{400, "GET", talk + "/messages?last=x", nil},
		{400, "GET", talk + "/messages?after=x", nil},
		{400, "GET", other + "/messages?after=" + cursor, nil},
		{404, "GET", "/api/flows/none", nil},
		{404, "GET", "/api/conversations/none/messages", nil},
		{404, "PUT", "/api/conversations", nil},
	} {
		a := ann.want(c.status, c.method, c.path, c.body)
		if text := decode[map[string]string](t, a)["error"]; text == "" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %q, %q", c.method, c.path, a.header.Get("Content-Type"), a.body)
		}
	}
	ann.want(400, "GET", talk+"/events", nil, "Last-Event-ID", "x")
	live := ann.follow(talk, "")
	ann.want(503, "GET", talk+"/events", nil)
	live.close()
	until(t, "room for a stream", func() bool { return len(s.streams) == 0 })
}

func TestPage(t *testing.T) {
	w := httptest.NewRecorder()
	must(t, page(w, nil))
	if w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), "new EventSource(") {
		t.Errorf("the page is %v, %.200s", w.Header(), w.Body)
	}
}
