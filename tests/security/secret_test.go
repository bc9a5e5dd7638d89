package security

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/security/vault"
)

// hush is in every secret that is text, and pin is one that is a number; they may
// be in no error and no log.
const (
	hush = "hush"
	pin  = 47114711
)

// credential returns a record full of secrets.
func credential(id string) *vault.Credential {
	return &vault.Credential{
		ID: id, Name: "name " + id, Token: hush, Level: vault.High, Pin: pin, Tries: 100, Weight: pin + .5, Key: hush,
		Answers: map[string]any{hush: hush}, Hints: []string{hush}, Blob: []byte(hush), Since: new(time.Unix(pin, 0)),
	}
}

// journal collects what is logged.
type journal struct {
	mu sync.Mutex
	bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.Buffer.Write(p)
}

func (j *journal) text() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.String()
}

// Printf is what go-redis logs with.
func (j *journal) Printf(_ context.Context, format string, args ...any) {
	fmt.Fprintf(j, format+"\n", args...)
}

// listen has all logs of this process go to a journal until the test ends.
func listen(t *testing.T) *journal {
	t.Helper()
	j := new(journal)
	redis.SetLogger(j)
	log.SetOutput(j)
	logger := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug, AddSource: true})))
	t.Cleanup(func() {
		slog.SetDefault(logger)
		log.SetOutput(os.Stderr)
		logging.Disable()
		logging.Enable()
	})
	return j
}

// betrays tells whether a text has a secret in it.
func betrays(text string) bool {
	return strings.Contains(strings.ToLower(text), hush) || strings.Contains(text, fmt.Sprint(pin)) || strings.Contains(text, "4.711")
}

// keeps fails the test if an error shows a secret, however it is printed, or is
// none.
func keeps(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for ; err != nil; err = errors.Unwrap(err) {
		data, _ := json.Marshal(err)
		for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), string(data)} {
			if betrays(text) {
				t.Errorf("%s: %s", what, text)
			}
		}
	}
}

// saves returns every way to store a record.
func saves(client *repo.Client) map[string]func(context.Context, *vault.Credential) error {
	r := vault.NewCredentials(client)
	return map[string]func(context.Context, *vault.Credential) error{
		"Create":     func(ctx context.Context, v *vault.Credential) error { return r.Create(ctx, v) },
		"Save":       func(ctx context.Context, v *vault.Credential) error { return r.Save(ctx, v) },
		"Update":     func(ctx context.Context, v *vault.Credential) error { return r.Update(ctx, v) },
		"CreateMany": func(ctx context.Context, v *vault.Credential) error { return r.CreateMany(ctx, []*vault.Credential{v}) },
		"SaveMany":   func(ctx context.Context, v *vault.Credential) error { return r.SaveMany(ctx, []*vault.Credential{v}) },
		"Mutate": func(ctx context.Context, v *vault.Credential) error {
			_, err := r.Mutate(ctx, v.ID, func(old *vault.Credential) error { *old = *v; return nil })
			return err
		},
		"Patch": func(ctx context.Context, v *vault.Credential) error {
			f := vault.CredentialFields
			return r.Patch(ctx, v.ID, f.Name.Set(v.Name), f.Token.Set(v.Token), f.Level.Set(v.Level), f.Pin.Set(v.Pin), f.Tries.Add(v.Tries),
				f.Weight.Set(v.Weight), f.Key.Set(v.Key), f.Answers.Set(v.Answers), f.Hints.Set(v.Hints), f.Blob.Set(v.Blob), f.Since.Set(*v.Since))
		},
		"Batch": func(ctx context.Context, v *vault.Credential) error {
			b := client.Batch()
			r.In(b).Save(v)
			return b.Run(ctx)
		},
	}
}

// stubborn fails to become JSON with an error that quotes it.
type stubborn string

func (s stubborn) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("%s does not want to", string(s))
}

// Values that cannot be stored are not in the errors that say so.
func TestSecretsThatAreRefused(t *testing.T) {
	journal := listen(t)
	g := guard(t)
	g.redisCLI("ACL SETUSER all on >" + password + " ~* +@all")
	client := g.open("all", repo.Config{Prefix: "app:", MaxValueSize: 200})
	r := vault.NewCredentials(client)
	must(t, r.Create(t.Context(), credential("7")))
	must(t, r.Create(t.Context(), credential("8")))
	for what, spoil := range map[string]func(*vault.Credential){
		"too large":            func(v *vault.Credential) { v.Token = strings.Repeat(hush, 100) },
		"too large as JSON":    func(v *vault.Credential) { v.Hints = []string{strings.Repeat(hush, 100)} },
		"no constant":          func(v *vault.Credential) { v.Level = hush },
		"refused by its type":  func(v *vault.Credential) { v.Key = hush + "bad" },
		"no JSON":              func(v *vault.Credential) { v.Answers = map[string]any{hush: func() {}} },
		"no JSON by itself":    func(v *vault.Credential) { v.Answers = map[string]any{"a": stubborn(hush)} },
		"NaN in JSON":          func(v *vault.Credential) { v.Answers = map[string]any{hush: math.NaN()} },
		"not UTF-8":            func(v *vault.Credential) { v.Answers = map[string]any{"a": hush + "\xff"} },
		"not UTF-8 in a list":  func(v *vault.Credential) { v.Hints = []string{hush + "\xff"} },
		"a far year":           func(v *vault.Credential) { v.Since = new(time.Date(47114711, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"a name that is taken": func(v *vault.Credential) { v.Name = "name 8" },
		"another version":      func(v *vault.Credential) { v.Version = 5; v.Name = "name 8" },
	} {
		for name, save := range saves(client) {
			v := credential("7")
			spoil(v)
			keeps(t, what+": "+name, save(t.Context(), v))
		}
	}
	keeps(t, "the sum is out of range", r.Patch(t.Context(), "7", vault.CredentialFields.Tries.Add(100)))
	keeps(t, "infinity is added", r.Patch(t.Context(), "7", vault.CredentialFields.Weight.Add(math.Inf(1))))
	if text := journal.text(); betrays(text) {
		t.Error(text)
	}
}

// What is stored and cannot be read is not in the errors that say so.
func TestSecretsThatCannotBeRead(t *testing.T) {
	journal := listen(t)
	g := guard(t)
	g.redisCLI("ACL SETUSER all on >" + password + " ~* +@all")
	client := g.open("all", repo.Config{Prefix: "app:"})
	r := vault.NewCredentials(client)
	for _, field := range []string{"pin", "tries", "weight", "open", "key", "answers", "hints", "since"} {
		must(t, r.Save(t.Context(), credential("7")))
		must(t, g.admin.HSet(t.Context(), "app:{credentials}:r:7", field, "bad hush 47114711").Err())
		_, get := r.Get(t.Context(), "7")
		_, many := r.GetMany(t.Context(), "7")
		_, by := r.GetByName(t.Context(), "name 7")
		_, first := r.Where().First(t.Context())
		_, mutate := r.Mutate(t.Context(), "7", func(*vault.Credential) error { return nil })
		for name, err := range map[string]error{"Get": get, "GetMany": many, "GetBy": by, "First": first, "Mutate": mutate} {
			keeps(t, field+": "+name, err)
		}
	}
	must(t, r.Save(t.Context(), credential("7")))
	must(t, g.admin.HSet(t.Context(), "app:{credentials}:r:7", "pin", "bad hush 47114711").Err())
	keeps(t, "Add to what is no number", r.Patch(t.Context(), "7", vault.CredentialFields.Pin.Add(pin)))
	if text := journal.text(); betrays(text) {
		t.Error(text)
	}
}

// When the server or the network fails, errors and logs say so without what was
// sent.
func TestSecretsWhenServersFail(t *testing.T) {
	journal := listen(t)
	config := repo.Config{Prefix: "a:", Username: "all", Password: password, MaxRetries: 1, ReadTimeout: 100 * time.Millisecond, SweepInterval: 10 * time.Millisecond}
	every := func(what string, client *repo.Client) {
		t.Helper()
		for name, save := range saves(client) {
			keeps(t, what+": "+name, save(t.Context(), credential("7")))
		}
	}
	at := func(addr string) *repo.Client {
		t.Helper()
		config := config
		config.Addrs = []string{addr}
		client, err := repo.Open(t.Context(), config)
		must(t, err)
		t.Cleanup(func() { _ = client.Close() })
		return client
	}
	g := guard(t)
	g.redisCLI("ACL SETUSER all on >" + password + " ~* +@all")
	g.allow("reader", acl.Options{Role: acl.Reader, Prefix: "a:"})
	client := at(g.server.Addr())
	must(t, vault.NewCredentials(client).CreateMany(t.Context(), []*vault.Credential{credential("7"), credential("8")}))

	must(t, g.admin.ConfigSet(t.Context(), "maxmemory", "1").Err())
	every("out of memory", client)
	must(t, g.admin.ConfigSet(t.Context(), "maxmemory", "0").Err())
	must(t, g.admin.ConfigSet(t.Context(), "min-replicas-to-write", "1").Err())
	every("too few replicas", client)
	must(t, g.admin.ConfigSet(t.Context(), "min-replicas-to-write", "0").Err())
	must(t, g.admin.Set(t.Context(), "a:{credentials}:u:name", "foreign", 0).Err())
	must(t, g.admin.Set(t.Context(), "a:{credentials}:r:7", "foreign", 0).Err())
	every("keys of another type", client)
	must(t, g.admin.Del(t.Context(), "a:{credentials}:u:name", "a:{credentials}:r:7").Err())
	config.Username = "reader"
	every("denied", at(g.server.Addr()))
	config.Username = "all"
	must(t, vault.NewCredentials(client).Save(t.Context(), credential("7")))

	proxy := faultproxy.Start(t, g.server.Addr())
	broken := at(proxy.Addr())
	for name, fault := range map[string]func(faultproxy.Match, ...int){"reply": proxy.DropReply, "request": proxy.DropRequest, "silence": proxy.HoldReply} {
		for op, save := range saves(broken) {
			proxy.Reset()
			fault(faultproxy.Command("evalsha", "eval"), 1, 2, 3, 4)
			keeps(t, "lost "+name+": "+op, save(t.Context(), credential("7")))
		}
	}
	proxy.Down()
	every("no connection", broken)
	must(t, broken.Close())
	every("closed", broken)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, save := range saves(client) {
		keeps(t, "cancelled: "+name, save(ctx, credential("7")))
	}
	g.server.Kill()
	every("killed", client)

	// A server that does not know a command quotes its arguments.
	for _, unknown := range [][]string{{`rename-command EVALSHA ""`}, {`rename-command EVAL ""`}, {`rename-command EVALSHA ""`, `rename-command EVAL ""`}, {`rename-command HMGET ""`}} {
		server := redisd.Start(t, redisd.User("all", password, "~*", "+@all"), redisd.Config(unknown...))
		every(fmt.Sprint(unknown), at(server.Addr()))
	}
	text := journal.text()
	if betrays(text) {
		t.Error(text)
	}
	if !strings.Contains(text, "sweeps of expired records fail") || !strings.Contains(text, "failed to dial") {
		t.Errorf("the logs of sweeper and go-redis are not here:\n%s", text)
	}
}
