package redisd

import (
	_ "embed"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

//go:embed clock/clock.c
var clockSource string

// clock drives the clock of a server: a library preloaded into it adds the offset that a file holds.
type clock struct {
	library string
	file    string

	mu     sync.Mutex
	offset time.Duration
}

// newClock writes the library and an offset of zero to dir.
func newClock(dir string) (*clock, error) {
	library, err := clockLibrary()
	if err != nil {
		return nil, err
	}
	c := &clock{library: filepath.Join(dir, "clock.so"), file: filepath.Join(dir, "clock")}
	if err := os.WriteFile(c.library, library, 0o700); err != nil {
		return nil, err
	}
	return c, os.WriteFile(c.file, make([]byte, 8), 0o600)
}

// env returns the environment that makes a program follow the clock.
func (c *clock) env() []string {
	return []string{"LD_PRELOAD=" + c.library, "REDISD_CLOCK=" + c.file}
}

// glance is how long a server may go by a monotonic clock before it looks at the time of day again: Valkey 9 does.
const glance = time.Millisecond

// advance moves the clock by d, and returns when servers see it.
func (c *clock) advance(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	f, err := os.OpenFile(c.file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	c.offset += d
	_, err = f.Write(binary.NativeEndian.AppendUint64(nil, uint64(c.offset)))
	time.Sleep(glance)
	return err
}

// clockLibrary compiles clock.c, once per process.
var clockLibrary = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "redisd-clock-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "clock.so")
	cmd := exec.Command("cc", "-O2", "-Wall", "-shared", "-fPIC", "-x", "c", "-o", out, "-")
	cmd.Stdin = strings.NewReader(clockSource)
	if message, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the driven clock needs a C compiler; install it: apt-get install -y gcc libc6-dev: cc: %w\n%s", err, message)
	}
	return os.ReadFile(out)
})

// Advance moves the server's time of day by d at once: the next command it executes sees the new time. Connection
// timeouts and other spans are not affected. The server needs option [Clock].
func (s *Server) Advance(d time.Duration) {
	s.t.Helper()
	s.own("Advance")
	if s.proc.clock == nil {
		s.t.Fatalf("redisd: Advance needs a server with a clock of its own; start it with redisd.Clock()")
	}
	s.check(s.proc.clock.advance(d))
}
