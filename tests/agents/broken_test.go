package agents

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo/tframex"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// at returns a time, in seconds.
func at(s float64) time.Time { return time.Unix(0, int64(s*1e9)) }

func of(began, ended float64, what outcome) call { return call{at(began), at(ended), what} }

// wantProblem fails the test unless the first problem has some text; "": there is none.
func wantProblem(t *testing.T, name string, got []string, want string) {
	t.Helper()
	if want == "" && len(got) > 0 || want != "" && (len(got) == 0 || !strings.Contains(strings.Join(got, "\n"), want)) {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
}

// messages returns those with IDs, a second apart.
func messages(ids ...string) (list []line) {
	for i, id := range ids {
		list = append(list, line{id, textOf(id), at(float64(i))})
	}
	return list
}

// The check of a conversation notices what is lost, doubled, out of order or refused.
func TestBrokenTalks(t *testing.T) {
	calls := []said{{of(0, 1, good), []string{"a", "b"}}, {of(2, 3, good), []string{"c"}}, {of(2, 4, uncertain), []string{"d", "e"}}, {of(5, 6, refused), []string{"f"}}, {of(6, 8, good), []string{"g"}}, {of(6, 9, good), []string{"h"}}}
	same := messages("a", "b", "c", "g", "h")
	same[3].at = same[2].at
	other := messages("a", "b", "c", "g", "h")
	other[0].text = "What?"
	for name, c := range map[string]struct {
		got  []line
		want string
	}{
		"complete":               {messages("a", "b", "c", "g", "h"), ""},
		"with what may be":       {messages("a", "b", "c", "d", "e", "g", "h"), ""},
		"the other way round":    {messages("a", "b", "d", "e", "c", "h", "g"), ""},
		"lost":                   {messages("a", "b", "g", "h"), "message c is lost"},
		"lost in the middle":     {messages("a", "c", "g", "h"), "a part is missing"},
		"a part at the end":      {messages("a", "b", "c", "g", "h", "d"), "a part is missing"},
		"twice":                  {messages("a", "b", "c", "g", "h", "c"), "message c is there twice"},
		"reversed":               {messages("b", "a", "c", "g", "h"), "not where its call has put it"},
		"torn apart":             {messages("a", "c", "b", "g", "h"), "a part is missing"},
		"later ones first":       {messages("c", "a", "b", "g", "h"), "message a comes behind what was appended later"},
		"before what may be":     {messages("a", "b", "c", "g", "d", "e", "h"), ""},
		"refused":                {messages("a", "b", "c", "f", "g", "h"), "message f was refused"},
		"unknown":                {messages("a", "b", "c", "x", "g", "h"), "nobody has appended message x"},
		"at the same time":       {same, "message g is of"},
		"with another's content": {other, `message a says "What?"`},
	} {
		wantProblem(t, name, checkTalk(calls, c.got, at(20)), c.want)
	}
	wantProblem(t, "read before", checkTalk(calls, messages("a", "b"), at(2)), "")
}

// The check of a follower notices what it has missed, or seen twice or too late.
func TestBrokenFollowers(t *testing.T) {
	calls := []said{{of(0, 1, good), []string{"a"}}, {of(2, 3, good), []string{"b"}}, {of(3, 4, good), []string{"c"}}, {of(5, 6, uncertain), []string{"d"}}}
	there := messages("a", "b", "c")
	late := messages("a", "c", "b")
	for name, c := range map[string]struct {
		saw  []line
		want string
	}{
		"all":                        {there, ""},
		"what is not there any more": {messages("a", "b", "c", "d"), ""},
		"missed":                     {messages("a", "c"), "has not seen message b"},
		"twice":                      {messages("a", "b", "b", "c"), "message b is there twice"},
		"late":                       {late, "message c in another order"},
		"never appended":             {messages("a", "b", "c", "x"), "message x, which is not there"},
	} {
		wantProblem(t, name, checkFollower(calls, c.saw, there), c.want)
	}
}

// The check of a session notices one that comes back, is lost or does not expire.
func TestBrokenLives(t *testing.T) {
	const ttl, slack = 10 * time.Second, time.Second
	born := did{of(0, 1, good), made, false}
	for name, c := range map[string]struct {
		calls []did
		want  string
	}{
		"used and revoked":           {[]did{born, {of(2, 3, good), used, true}, {of(4, 5, good), ended, true}, {of(6, 7, good), used, false}}, ""},
		"came back":                  {[]did{born, {of(4, 5, good), ended, true}, {of(6, 7, good), used, true}}, "it came back"},
		"came back after all":        {[]did{born, {of(4, 5, good), endedBy, false}, {of(6, 7, good), seen, true}}, "it came back"},
		"came back after it expired": {[]did{born, {of(12, 13, good), seen, false}, {of(14, 15, good), seen, true}}, "it came back"},
		"used meanwhile":             {[]did{born, {of(4, 6, good), ended, true}, {of(5, 7, good), used, true}}, ""},
		"perhaps revoked":            {[]did{born, {of(4, 5, uncertain), ended, false}, {of(6, 7, good), used, false}}, ""},
		"perhaps not":                {[]did{born, {of(4, 5, uncertain), ended, false}, {of(6, 7, good), used, true}}, ""},
		"lost":                       {[]did{born, {of(2, 3, good), used, false}}, "it is lost"},
		"lost though used":           {[]did{born, {of(5, 6, good), used, true}, {of(12, 13, good), seen, false}}, "it is lost"},
		"revocation was refused":     {[]did{born, {of(2, 3, refused), ended, false}, {of(4, 5, good), seen, false}}, "it is lost"},
		"expired":                    {[]did{born, {of(11, 12, good), used, false}}, ""},
		"not expired":                {[]did{born, {of(13, 14, good), used, true}}, "after it should have expired"},
		"lives on":                   {[]did{born, {of(9, 10, good), used, true}, {of(18, 19, good), used, true}}, ""},
		"taken twice":                {[]did{born, {of(2, 4, good), ended, true}, {of(3, 5, good), ended, true}}, "2 have ended it"},
		"refused":                    {[]did{{of(0, 1, refused), made, false}, {of(2, 3, good), seen, true}}, "it was refused"},
		"perhaps made":               {[]did{{of(0, 1, uncertain), made, false}, {of(2, 3, good), seen, false}, {of(4, 5, good), seen, true}}, ""},
		"made, revoked and back":     {[]did{{of(0, 1, uncertain), made, false}, {of(2, 3, good), ended, true}, {of(4, 5, good), seen, true}}, "it came back"},
	} {
		wantProblem(t, name, checkLife(c.calls, ttl, slack), c.want)
	}
}

// The check of an audit trail notices what is lost, doubled, out of order or refused.
func TestBrokenTrails(t *testing.T) {
	calls := trail{{of(0, 1, good), "a", ""}, {of(2, 3, good), "b", ""}, {of(4, 5, uncertain), "c", ""}, {of(6, 7, refused), "d", ""}}
	for name, c := range map[string]struct {
		got  []entry
		want string
	}{
		"complete":         {[]entry{{"b", at(2)}, {"a", at(0)}}, ""},
		"with what may be": {[]entry{{"c", at(4)}, {"b", at(2)}, {"a", at(0)}}, ""},
		"lost":             {[]entry{{"b", at(2)}}, "entry a is lost"},
		"twice":            {[]entry{{"b", at(2)}, {"b", at(2)}, {"a", at(0)}}, "entry b is there twice"},
		"oldest first":     {[]entry{{"a", at(0)}, {"b", at(2)}}, "comes behind an older one"},
		"of another time":  {[]entry{{"a", at(2)}, {"b", at(0)}}, "entry b is of"},
		"refused":          {[]entry{{"d", at(6)}, {"b", at(2)}, {"a", at(0)}}, "entry d was refused"},
		"unknown":          {[]entry{{"x", at(6)}, {"b", at(2)}, {"a", at(0)}}, "nobody has logged entry x"},
	} {
		wantProblem(t, name, checkTrail(calls, c.got, at(20)), c.want)
	}
}

// The check of a flow notices one that ended twice, or is not what it became.
func TestBrokenFlows(t *testing.T) {
	begun := change{of(0, 1, good), tframex.FlowRunning}
	success, failed := change{of(2, 3, good), tframex.FlowSuccess}, change{of(2, 3, good), tframex.FlowFailed}
	perhaps := change{of(2, 3, uncertain), tframex.FlowCancelled}
	for _, c := range []struct {
		made    change
		changes []change
		got     tframex.FlowStatus
		want    string
	}{
		{begun, nil, tframex.FlowRunning, ""},
		{begun, []change{success}, tframex.FlowSuccess, ""},
		{begun, []change{success}, tframex.FlowRunning, "it is running"},
		{begun, []change{success, perhaps}, tframex.FlowCancelled, "it is cancelled"},
		{begun, []change{perhaps}, tframex.FlowCancelled, ""},
		{begun, []change{perhaps}, tframex.FlowRunning, ""},
		{begun, []change{success, failed}, tframex.FlowFailed, "ended 2 times"},
		{begun, nil, "", "it is lost"},
		{change{of(0, 1, uncertain), tframex.FlowRunning}, nil, "", ""},
		{change{of(0, 1, refused), tframex.FlowRunning}, nil, tframex.FlowRunning, "it was refused"},
		{change{of(0, 1, good), tframex.FlowPending}, []change{{of(2, 3, good), tframex.FlowRunning}}, tframex.FlowPending, "it is pending"},
	} {
		wantProblem(t, fmt.Sprint(c), checkFlow(c.made, c.changes, c.got), c.want)
	}
}

// The check of a document notices one that is lost, came back, or has another version.
func TestBrokenDocuments(t *testing.T) {
	document := func(version int64) storage.Document {
		return storage.Document{"version": version, "text": fmt.Sprint(textOf("a"), version), "more": map[string]any{"of": "a"}}
	}
	torn, less := document(2), document(2)
	torn["text"] = fmt.Sprint(textOf("a"), 1)
	delete(less, "more")
	for _, c := range []struct {
		doc  doc
		got  storage.Document
		want string
	}{
		{doc{there: true}, document(2), ""},
		{doc{there: true}, document(3), ""},
		{doc{there: true}, document(1), "want a version of [2 3]"},
		{doc{there: true}, torn, "want a version"},
		{doc{there: true}, less, "want a version"},
		{doc{there: true}, nil, "is lost"},
		{doc{limbo: true}, nil, ""},
		{doc{limbo: true}, document(2), ""},
		{doc{}, nil, ""},
		{doc{}, document(2), "is gone and is there"},
	} {
		c.doc.id, c.doc.version = "a", map[int64]bool{2: true, 3: true}
		if got := c.doc.check(c.got); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%v of %v: %q, want %q", c.got, c.doc, got, c.want)
		}
	}
}
