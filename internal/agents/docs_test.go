package main

import (
	"bufio"
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// varies is what differs each time: IDs, times, the ids of events, cursors, and how long
// something took.
var varies = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.]+Z|\b\d{16}\b|"next":"[\w-]+"|"latency_us":\d+`)

// The commands in docs/storage-example.md answer what it says, in their order. What varies
// is what it is here in each command that has it again.
func TestDocs(t *testing.T) {
	leavesNothing(t)
	text, err := os.ReadFile("../../docs/storage-example.md")
	must(t, err)
	s := start(t, nil)
	b := s.browser(t)
	known := map[string]string{} // what is here for what is there
	commands := strings.Split(indented(string(text)), "$ curl ")[1:]
	for _, part := range commands {
		command, want, _ := strings.Cut(part, "\n")
		for there, here := range known {
			command = strings.ReplaceAll(command, there, here)
		}
		var got string
		answers := func() bool {
			got = b.curl(command, strings.Count(want, "\n"))
			return varies.ReplaceAllString(got, "?") == varies.ReplaceAllString(want, "?")
		}
		if changes := strings.Contains(command, " -d ") || strings.Contains(command, " -X "); changes && !answers() {
			t.Fatalf("curl %s\nanswers\n%s\nnot\n%s", command, got, want)
		} else if !changes {
			until(t, "curl "+command+"\nanswers\n"+want, answers) // the agent may be at it
		}
		here := varies.FindAllString(got, -1)
		for i, there := range varies.FindAllString(want, -1) {
			there, here := value(there), value(here[i])
			if was := known[there]; was != "" && was != here {
				t.Errorf("curl %s answers %s where it was %s", command, here, was)
			}
			known[there] = here
		}
	}
	if len(commands) < 20 {
		t.Errorf("%d commands", len(commands))
	}
}

// value returns what varies without the name of its field.
func value(s string) string { return strings.Trim(strings.TrimPrefix(s, `"next":`), `"`) }

// indented returns the code blocks of a page that are indented by four spaces.
func indented(page string) string {
	var code strings.Builder
	for line := range strings.Lines(page) {
		if text, ok := strings.CutPrefix(line, "    "); ok {
			code.WriteString(text)
		}
	}
	return code.String()
}

// curl does what curl does by some of its options, and returns what it prints. Cookies are
// always kept. Of a stream it is the first lines, without blank ones.
func (b *browser) curl(command string, lines int) string {
	b.t.Helper()
	method, body, path, stream, headers := "GET", any(nil), "", false, []string{}
	words := regexp.MustCompile(`'[^']*'|\S+`).FindAllString(command, -1)
	next := func() string {
		word := strings.Trim(words[0], "'")
		words = words[1:]
		return word
	}
	for len(words) > 0 {
		switch word := next(); word {
		case "-s":
		case "-b", "-c":
			next()
		case "-N":
			stream = true
		case "-X":
			method = next()
		case "-d":
			method, body = "POST", next()
		case "-H":
			name, value, _ := strings.Cut(next(), ": ")
			headers = append(headers, name, value)
		default:
			address, ok := strings.CutPrefix(word, "localhost:8080")
			if !ok {
				b.t.Fatalf("curl %s: what is %q?", command, word)
			}
			path = address
		}
	}
	if stream {
		return b.begin(path, headers, lines)
	}
	a, err := b.send(method, path, body, headers...)
	must(b.t, err)
	return a.body
}

// begin returns the first lines of a stream.
func (b *browser) begin(path string, headers []string, n int) (text string) {
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", b.base+path, nil)
	must(b.t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	got, err := b.Do(r)
	must(b.t, err)
	defer got.Body.Close()
	for lines := bufio.NewScanner(got.Body); strings.Count(text, "\n") < n && lines.Scan(); {
		if lines.Text() != "" {
			text += lines.Text() + "\n"
		}
	}
	return text
}
