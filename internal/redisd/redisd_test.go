package redisd_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/internal/redisd"
)

func TestVersions(t *testing.T) {
	want := map[string]string{
		"default": "redis_version:", "redis8": "redis_version:8.", "valkey8": "valkey_version:8.", "valkey9": "valkey_version:9.",
	}
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			client := redisd.Start(t, redisd.Version(version)).Client()
			info, err := client.Info(t.Context(), "server").Result()
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(info, want[version]) {
				t.Errorf("INFO server has no %q:\n%s", want[version], info)
			}
			roundTrip(t, client)
			if got, err := client.Eval(t.Context(), "return redis.call('GET', KEYS[1])", []string{"k"}).Result(); got != "v" || err != nil {
				t.Errorf("a script returns %v, %v", got, err)
			}
		})
	}
}

// Several servers of every version run with every option.
func TestVersionsOfSeveral(t *testing.T) {
	for _, version := range redisd.Versions {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			options := []redisd.Option{redisd.Version(version), redisd.TLS(), redisd.User("app", "s3cret", "~k*", "+@all"), redisd.AOF()}
			t.Run("sentinel", func(t *testing.T) {
				t.Parallel()
				roundTrip(t, redisd.StartReplicated(t, options...).Client())
			})
			t.Run("cluster", func(t *testing.T) {
				t.Parallel()
				c := redisd.StartCluster(t, options...)
				fill(t, c.Client())
				c.MoveSlots(c.Nodes()[0], c.Nodes()[1], c.SlotsOf(c.Nodes()[0])[:200]...)
				c.WaitHealthy(patience)
				wantFilled(t, c.Client())
			})
		})
	}
}

func TestServersAreSeparate(t *testing.T) {
	one, two := redisd.Start(t), redisd.Start(t)
	if one.Addr() == two.Addr() || one.Pid() == two.Pid() {
		t.Fatalf("two servers at %s, pid %d, and %s, pid %d", one.Addr(), one.Pid(), two.Addr(), two.Pid())
	}
	roundTrip(t, one.Client())
	if n := two.Client().DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("the second server has %d keys of the first", n)
	}
}

func TestUnixSocket(t *testing.T) {
	server := redisd.Start(t, redisd.Unix())
	if !filepath.IsAbs(server.Addr()) || server.Port() != 0 {
		t.Errorf("Addr() = %s, Port() = %d, want a path and 0", server.Addr(), server.Port())
	}
	roundTrip(t, server.Client())
	roundTripURL(t, server)
}

func TestTLS(t *testing.T) {
	server := redisd.Start(t, redisd.TLS())
	roundTrip(t, server.Client())

	if conn, err := tls.Dial("tcp", server.Addr(), &tls.Config{ServerName: "localhost"}); err == nil {
		conn.Close()
		t.Error("the server's authority is trusted without being given")
	}
	stranger := server.Options()
	stranger.TLSConfig.Certificates = nil
	refused(t, stranger, "")
	plain := server.Options()
	plain.TLSConfig = nil
	refused(t, plain, "")

	pair, err := tls.LoadX509KeyPair(server.TLS().CertFile, server.TLS().KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	if ca, err := os.ReadFile(server.TLS().CAFile); err != nil || !strings.Contains(string(ca), "BEGIN CERTIFICATE") {
		t.Errorf("authority %q, %v", ca, err)
	}
	options := server.Options()
	options.TLSConfig.Certificates = []tls.Certificate{pair}
	client := redis.NewClient(options)
	defer client.Close()
	roundTrip(t, client)
	if !strings.HasPrefix(server.URL(), "rediss://") {
		t.Errorf("URL() = %s", server.URL())
	}
}

func TestPassword(t *testing.T) {
	server := redisd.Start(t, redisd.Password(`se"cr\et #1`))
	roundTrip(t, server.Client())
	roundTripURL(t, server)
	anonymous := server.Options()
	anonymous.Username, anonymous.Password = "", ""
	refused(t, anonymous, "NOAUTH")
}

func TestUsers(t *testing.T) {
	server := redisd.Start(t,
		redisd.User("app", "pass1", "~app:*", "+@all", "-@dangerous"),
		redisd.User("admin", "pass2", "~*", "&*", "+@all"))
	app := server.Client()
	if err := app.Set(t.Context(), "app:1", "v", 0).Err(); err != nil {
		t.Error(err)
	}
	if err := app.Set(t.Context(), "other:1", "v", 0).Err(); !redis.HasErrorPrefix(err, "NOPERM") {
		t.Errorf("SET of a key that is not app's: %v, want NOPERM", err)
	}
	if err := app.FlushAll(t.Context()).Err(); !redis.HasErrorPrefix(err, "NOPERM") {
		t.Errorf("FLUSHALL by app: %v, want NOPERM", err)
	}
	options := server.Options()
	options.Username, options.Password = "admin", "pass2"
	admin := redis.NewClient(options)
	defer admin.Close()
	roundTrip(t, admin)
	anonymous := server.Options()
	anonymous.Username, anonymous.Password = "", ""
	refused(t, anonymous, "NOAUTH")
}

func TestConfig(t *testing.T) {
	client := redisd.Start(t, redisd.Config("maxmemory 50mb", "maxmemory-policy noeviction")).Client()
	got, err := client.ConfigGet(t.Context(), "maxmemory").Result()
	if err != nil || got["maxmemory"] != "52428800" {
		t.Errorf("maxmemory is %v, %v", got, err)
	}
}

func TestKillAndStartWithAOF(t *testing.T) {
	server := redisd.Start(t, redisd.AOF())
	client := server.Client()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	addr := server.Addr()
	for range 2 {
		server.Kill()
		if err := client.Ping(t.Context()).Err(); err == nil {
			t.Error("a killed server answers")
		}
		server.Start()
		if got, err := client.Get(t.Context(), "k").Result(); got != "v" || err != nil {
			t.Errorf("after the kill k is %q, %v", got, err)
		}
	}
	server.Restart()
	if got, err := client.Get(t.Context(), "k").Result(); got != "v" || err != nil {
		t.Errorf("after the restart k is %q, %v", got, err)
	}
	if server.Addr() != addr {
		t.Errorf("the address moved from %s to %s", addr, server.Addr())
	}
}

func TestRestartForgets(t *testing.T) {
	server := redisd.Start(t)
	client := server.Client()
	sha, err := client.ScriptLoad(t.Context(), "return 1").Result()
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, client)
	server.Restart()
	if n, err := client.DBSize(t.Context()).Result(); n != 0 || err != nil {
		t.Errorf("after a restart there are %d keys, %v", n, err)
	}
	if err := client.EvalSha(t.Context(), sha, nil).Err(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
		t.Errorf("EVALSHA after a restart: %v, want NOSCRIPT", err)
	}
}

func TestPause(t *testing.T) {
	server := redisd.Start(t)
	options := server.Options()
	options.ReadTimeout = 50 * time.Millisecond
	impatient := redis.NewClient(options)
	defer impatient.Close()
	roundTrip(t, impatient)

	server.Pause()
	var timeout net.Error
	if err := impatient.Ping(t.Context()).Err(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("PING of a paused server: %v, want a timeout", err)
	}
	server.Resume()
	roundTrip(t, server.Client())

	server.Pause()
	server.Kill()
	server.Start()
	roundTrip(t, server.Client())
}

func TestEndsWithTheTest(t *testing.T) {
	var pid int
	var log string
	t.Run("server", func(t *testing.T) {
		server := redisd.Start(t, redisd.Unix())
		pid, log = server.Pid(), filepath.Dir(server.Addr())
		server.Pause()
	})
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("process %d is still there: %v", pid, err)
	}
	if _, err := os.Stat(log); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", log, err)
	}
}

func TestRefusedConfig(t *testing.T) {
	message := fatal(t, func(t testing.TB) { redisd.Start(t, redisd.Config("no-such-setting 1")) })
	if !strings.Contains(message, "no-such-setting") {
		t.Errorf("the failure does not show what the server said: %s", message)
	}
}

func TestMissingPrograms(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	t.Setenv("REDISGEN_SERVERS", dir)
	message := fatal(t, func(t testing.TB) { redisd.Start(t) })
	if !strings.Contains(message, "apt-get install -y redis-server") {
		t.Errorf("without redis-server: %s", message)
	}
	message = fatal(t, func(t testing.TB) { redisd.Start(t, redisd.Version("redis8")) })
	if !strings.Contains(message, "redis8") || !strings.Contains(message, "internal/redisd/versions.sh") {
		t.Errorf("without redis8: %s", message)
	}
}

// roundTrip checks that client can write and read.
func roundTrip(t *testing.T, client redis.Cmdable) {
	t.Helper()
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if got, err := client.Get(t.Context(), "k").Result(); got != "v" || err != nil {
		t.Fatalf("GET = %q, %v", got, err)
	}
}

// roundTripURL checks that the server's URL leads there.
func roundTripURL(t *testing.T, server *redisd.Server) {
	t.Helper()
	options, err := redis.ParseURL(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	roundTrip(t, client)
}

// refused checks that a client with these options gets no answer but an error with that prefix.
func refused(t *testing.T, options *redis.Options, prefix string) {
	t.Helper()
	client := redis.NewClient(options)
	defer client.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := client.Get(ctx, "k").Err()
	if err == nil || errors.Is(err, redis.Nil) || prefix != "" && !redis.HasErrorPrefix(err, prefix) {
		t.Errorf("GET by a client that must be refused: %v", err)
	}
}

// failing is a test that records how it fails.
type failing struct {
	testing.TB
	message string
}

func (f *failing) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// fatal returns the message by which f ends its test.
func fatal(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	record := &failing{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(record)
	}()
	<-done
	if record.message == "" {
		t.Error("the test has not failed")
	}
	return record.message
}
