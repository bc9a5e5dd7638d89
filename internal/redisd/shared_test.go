package redisd_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
)

func TestShared(t *testing.T) {
	one, two := redisd.Shared(t), redisd.Shared(t)
	if one.Addr() != two.Addr() || one.Pid() != two.Pid() {
		t.Errorf("two servers are shared: %s, pid %d, and %s, pid %d", one.Addr(), one.Pid(), two.Addr(), two.Pid())
	}
	if one.Prefix() == two.Prefix() || one.Prefix() == "" {
		t.Errorf("prefixes %q and %q", one.Prefix(), two.Prefix())
	}
	roundTrip(t, one.Client())
	if !strings.Contains(one.Log(), "Ready to accept connections") {
		t.Errorf("Log() = %q", one.Log())
	}
}

func TestSharedIsNotDisturbed(t *testing.T) {
	for name, disturb := range map[string]func(*redisd.Server){
		"Stop":    (*redisd.Server).Stop,
		"Kill":    (*redisd.Server).Kill,
		"Start":   (*redisd.Server).Start,
		"Restart": (*redisd.Server).Restart,
		"Pause":   (*redisd.Server).Pause,
		"Resume":  (*redisd.Server).Resume,
		"Advance": func(s *redisd.Server) { s.Advance(time.Hour) },
	} {
		message := fatal(t, func(t testing.TB) { disturb(redisd.Shared(t)) })
		if !strings.Contains(message, "use redisd.Start") {
			t.Errorf("%s: %s", name, message)
		}
	}
	roundTrip(t, redisd.Shared(t).Client())
}

func TestDiesWithTheProcess(t *testing.T) {
	if os.Getenv("REDISD_TEST_DIE") != "" {
		die(t)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDiesWithTheProcess$")
	cmd.Env = append(os.Environ(), "REDISD_TEST_DIE=1")
	temp := t.TempDir()
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	out, err := cmd.Output()
	addr, _, found := strings.Cut(string(out), "\n")
	if err == nil || !found {
		t.Fatalf("the process that was to die printed %q and ended with %v", out, err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.Dial("tcp", addr)
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			conn.Close()
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server at %s outlives its test process: %v", addr, err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		left, err := os.ReadDir(temp)
		if len(left) == 0 && err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("files of the server outlive its test process: %v, %v", left, err)
		}
	}
}

// die starts a server, prints its address and kills its own process.
func die(t *testing.T) {
	fmt.Println(redisd.Shared(t).Addr())
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {}
}
