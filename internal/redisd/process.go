package redisd

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
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

// kind is what a process is in its deployment.
type kind int

const (
	standalone kind = iota
	replicated      // reconfigured by sentinels
	clustered
	sentinel
)

// process is a server process, which can end and be started again.
type process struct {
	*setup
	kind    kind
	lines   []string
	dir     string
	network string // "tcp" or "unix"
	addr    string
	port    int // 0 on a socket
	busPort int // of the cluster's bus

	mu     sync.Mutex
	cmd    *exec.Cmd
	log    *os.File
	exited chan struct{} // closed when cmd has ended
	paused bool
}

// start runs the program and waits until it answers.
func (p *process) start() error {
	if p.running() {
		return errors.New("the server is running already; stop it first")
	}
	exited, err := p.run()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		// The log tells our server from another one that has the port.
		if strings.Contains(p.output(), p.greeting()) && p.ping() {
			return nil
		}
		select {
		case <-exited:
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

// greeting returns what the process prints when it is ready.
func (p *process) greeting() string {
	if p.kind == sentinel {
		return "Sentinel ID is"
	}
	return "eady to accept connections"
}

// run starts the process. Passwords go through a file or its standard input, so that they show in no process list.
func (p *process) run() (exited chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		return nil, err
	}
	if p.log != nil {
		_ = p.log.Close()
	}
	p.log = log

	cmd := exec.Command(p.program, "-")
	switch p.kind {
	case standalone:
		cmd.Stdin = strings.NewReader(p.conf())
	case sentinel:
		cmd.Args = []string{p.program, p.confFile(), "--sentinel"}
	default:
		cmd.Args = []string{p.program, p.confFile()}
	}
	cmd.Dir = p.dir
	cmd.Stdout, cmd.Stderr = log, log
	if p.clock != nil && p.kind != sentinel {
		cmd.Env = append(os.Environ(), p.clock.env()...)
	}
	if err := spawn(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.program, err)
	}
	exited = make(chan struct{})
	p.cmd, p.exited, p.paused = cmd, exited, false
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	return exited, nil
}

func (p *process) confFile() string { return filepath.Join(p.dir, "redis.conf") }

// writeConf writes the configuration where the process itself may change it.
func (p *process) writeConf() error {
	if p.kind == standalone {
		return nil
	}
	return os.WriteFile(p.confFile(), []byte(p.conf()), 0o600)
}

// conf returns the process's redis.conf.
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
	if p.kind == clustered {
		lines = append(lines, fmt.Sprintf("cluster-port %d", p.busPort))
	}
	return strings.Join(append(lines, p.lines...), "\n") + "\n"
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
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log == nil {
		return ""
	}
	text, err := io.ReadAll(io.NewSectionReader(p.log, 0, math.MaxInt64))
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (p *process) running() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
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

// answering reports whether the process runs and is not paused.
func (p *process) answering() bool {
	running := p.running()
	p.mu.Lock()
	defer p.mu.Unlock()
	return running && !p.paused
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd.Process.Pid
}

func (p *process) signal(s syscall.Signal) error {
	if !p.running() {
		return fmt.Errorf("the server is not running; start it first:\n%s", p.output())
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = s == syscall.SIGSTOP
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
		p.mu.Lock()
		cmd, exited := p.cmd, p.exited
		p.mu.Unlock()
		_ = cmd.Process.Kill()
		<-exited
	}
}

// remove kills the process and closes its log.
func (p *process) remove() {
	p.kill()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.log != nil {
		_ = p.log.Close()
	}
}
