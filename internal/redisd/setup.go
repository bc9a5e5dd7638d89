package redisd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
)

// setup is what the processes of one deployment have in common.
type setup struct {
	config  *config
	program string
	dir     string
	certs   *Certificates // nil without TLS
	clock   *clock        // nil without a driven clock
}

func newSetup(c *config) (s *setup, err error) {
	s = &setup{config: c}
	version := c.version
	if version == "" {
		if version, err = plannedVersion(); err != nil {
			return nil, err
		}
	}
	if s.program, err = findProgram(version); err != nil {
		return nil, err
	}
	area, err := tempArea()
	if err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp(area.dir, ""); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.remove()
		}
	}()
	if c.tls {
		if s.certs, err = newCertificates(s.dir); err != nil {
			return nil, err
		}
	}
	if c.clock {
		s.clock, err = newClock(s.dir)
	}
	return s, err
}

// launch starts a process of that kind, on ports that are free. The lines are added to its configuration.
func (s *setup) launch(k kind, lines ...string) (p *process, err error) {
	p = &process{setup: s, kind: k, lines: lines, network: "tcp"}
	if p.dir, err = os.MkdirTemp(s.dir, ""); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.remove()
		}
	}()
	if s.config.unix {
		p.network, p.addr = "unix", filepath.Join(p.dir, "redis.sock")
		return p, p.start()
	}
	for range 20 {
		p.port, p.busPort = randomPort(), randomPort()
		p.addr = fmt.Sprintf("127.0.0.1:%d", p.port)
		if err = p.writeConf(); err != nil {
			break
		}
		if err = p.start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	return p, err
}

// randomPort returns a port below the range that the system gives to outgoing connections, so that it stays free
// across a restart.
func randomPort() int { return 12000 + rand.IntN(20000) }

// launchAll starts n processes at the same time.
func launchAll(n int, launch func(i int) (*process, error)) ([]*process, error) {
	all, errs := make([]*process, n), make([]error, n)
	each(n, func(i int) { all[i], errs[i] = launch(i) })
	err := errors.Join(errs...)
	if err != nil {
		for _, p := range all {
			if p != nil {
				p.remove()
			}
		}
	}
	return all, err
}

// each calls f with 0 to n-1 at the same time and waits.
func each(n int, f func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { f(i) })
	}
	wg.Wait()
}

func (s *setup) remove() { _ = os.RemoveAll(s.dir) }

// area is a directory that is removed when this process ends, however it does.
type area struct {
	dir   string
	alive *os.File // closed by the system when this process ends; kept here, not before
}

// tempArea returns the area of this process's servers. It is not below the test's own directory: the path of a socket
// may have 107 bytes only.
var tempArea = sync.OnceValues(func() (area, error) {
	dir, err := os.MkdirTemp("", "redisd-")
	if err != nil {
		return area{}, err
	}
	end, alive, err := os.Pipe()
	if err != nil {
		return area{}, err
	}
	defer end.Close()
	// The servers end at the same moment: what they still write comes before the second attempt.
	cmd := exec.Command("sh", "-c", `cat; rm -rf "$1"; sleep 1; rm -rf "$1"`, "sh", dir)
	cmd.Stdin = end
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the keyboard is not for it
	return area{dir, alive}, cmd.Start()
})
