package redisd

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	startTimeout = 20 * time.Second
	stopTimeout  = 20 * time.Second
	pollInterval = 2 * time.Millisecond
)

// errPortTaken reports that another process listens on the chosen port.
var errPortTaken = errors.New("address already in use")

// process is a server process, which can end and be started again.
type process struct {
	config  *config
	program string
	dir     string
	certs   *Certificates // nil without TLS
	clock   *clock        // nil without a driven clock
	network string        // "tcp" or "unix"
	addr    string
	port    int // 0 on a socket

	cmd    *exec.Cmd
	log    *os.File
	exited chan struct{} // closed when cmd has ended
}

// launch starts a server with c, on a port that is free.
func launch(c *config) (p *process, err error) {
	p = &process{config: c, network: "tcp"}
	if p.program, err = findProgram(c.version); err != nil {
		return nil, err
	}
	// Not below the test's own directory: the path of a socket may have 107 bytes only.
	if p.dir, err = os.MkdirTemp("", "redisd-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.remove()
		}
	}()
	if c.tls {
		if p.certs, err = newCertificates(p.dir); err != nil {
			return nil, err
		}
	}
	if c.clock {
		if p.clock, err = newClock(p.dir); err != nil {
			return nil, err
		}
	}
	if c.unix {
		p.network, p.addr = "unix", filepath.Join(p.dir, "redis.sock")
		return p, p.start()
	}
	for range 20 {
		// Below the range that the system gives to outgoing connections, so that the port stays free across a restart.
		p.port = 12000 + rand.IntN(20000)
		p.addr = fmt.Sprintf("127.0.0.1:%d", p.port)
		if err = p.start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	return p, err
}

// start runs the program and waits until it answers.
func (p *process) start() error {
	if p.running() {
		return errors.New("the server is running already; stop it first")
	}
	if err := p.run(); err != nil {
		return err
	}
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		// The log tells our server from another one that has the port.
		if strings.Contains(p.output(), "eady to accept connections") && p.ping() {
			return nil
		}
		select {
		case <-p.exited:
			if strings.Contains(p.output(), "Address already in use") {
				return fmt.Errorf("port %d: %w", p.port, errPortTaken)
			}
			return fmt.Errorf("%s ended at start:\n%s", p.program, p.output())
		case <-time.After(pollInterval):
		}
	}
	p.kill()
	return fmt.Errorf("%s does not answer after %v:\n%s", p.program, startTimeout, p.output())
}

// run starts the process. The configuration goes through its standard input, so that passwords show in no process list.
func (p *process) run() error {
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return err
	}
	if p.log != nil {
		_ = p.log.Close()
	}
	p.log = log

	cmd := exec.Command(p.program, "-")
	cmd.Dir = p.dir
	cmd.Stdin = strings.NewReader(p.conf())
	cmd.Stdout, cmd.Stderr = log, log
	if p.clock != nil {
		cmd.Env = append(os.Environ(), p.clock.env()...)
	}
	if err := spawn(cmd); err != nil {
		return fmt.Errorf("start %s: %w", p.program, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return nil
}

// conf returns the server's redis.conf.
func (p *process) conf() string {
	lines := []string{"daemonize no", "protected-mode no", "dir " + quote(p.dir)}
	switch {
	case p.network == "unix":
		lines = append(lines, "port 0", "unixsocket "+quote(p.addr))
	case p.certs != nil:
		lines = append(lines, "bind 127.0.0.1", "port 0", fmt.Sprintf("tls-port %d", p.port))
	default:
		lines = append(lines, "bind 127.0.0.1", fmt.Sprintf("port %d", p.port))
	}
	if p.certs != nil {
		lines = append(lines, p.certs.conf()...)
	}
	return strings.Join(append(lines, p.config.lines()...), "\n") + "\n"
}

// ping reports whether the server answers PING, be it by asking for a password.
func (p *process) ping() bool {
	conn, err := net.DialTimeout(p.network, p.addr, time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	if p.certs != nil && p.network == "tcp" {
		conn = tls.Client(conn, p.certs.Config())
	}
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return false
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	return err == nil && (strings.HasPrefix(line, "+PONG") || strings.HasPrefix(line, "-NOAUTH"))
}

// output returns what the process has printed.
func (p *process) output() string {
	if p.log == nil {
		return ""
	}
	// Through the open file: the directory of the shared server is gone.
	text, err := io.ReadAll(io.NewSectionReader(p.log, 0, math.MaxInt64))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (p *process) running() bool {
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return fmt.Errorf("the server is not running; start it first:\n%s", p.output())
	}
	return p.cmd.Process.Signal(s)
}

// stop asks the process to end, and waits for it.
func (p *process) stop() error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("the server has not stopped after %v:\n%s", stopTimeout, p.output())
	}
}

func (p *process) pause() error  { return p.signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }

// kill ends the process at once, if it runs, and waits for it.
func (p *process) kill() {
	if p.running() {
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// remove kills the process and removes its files.
func (p *process) remove() {
	p.kill()
	if p.log != nil {
		_ = p.log.Close()
	}
	_ = os.RemoveAll(p.dir)
}
