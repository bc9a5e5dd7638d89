package postgresd

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// process is a server process, which can end and be started again.
type process struct {
	tls        bool
	bin        string // the folder of the programs
	dir        string
	credential *syscall.Credential // of whom it runs as; nil: of this process
	port       int

	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended
}

// errPortTaken reports that another process listens on the chosen port.
var errPortTaken = errors.New("address already in use")

// create makes the files of a new server, and starts it on a port that is free.
func (p *process) create() error {
	var err error
	if p.bin, err = findPrograms(); err != nil {
		return err
	}
	area, err := tempArea()
	if err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp(area.dir, ""); err != nil {
		return err
	}
	if p.tls {
		if err := p.writeCertificates(); err != nil {
			return err
		}
	}
	if err := p.giveAway(); err != nil {
		return err
	}
	if err := p.initdb(); err != nil {
		return err
	}
	for range 20 {
		p.port = 12000 + rand.IntN(20000) // below the ports of outgoing connections
		if err = p.start(); !errors.Is(err, errPortTaken) {
			break
		}
	}
	return err
}

// findPrograms returns the folder of the newest version that is installed.
func findPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		path, missing := exec.LookPath("initdb")
		if missing != nil {
			return "", fmt.Errorf("PostgreSQL is missing; install it: apt-get install -y postgresql: %w", missing)
		}
		found = []string{path}
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
		return n
	}
	return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
}

// giveAway makes the files those of a user without rights: PostgreSQL refuses to run as root.
func (p *process) giveAway() error {
	if os.Getuid() != 0 {
		return nil
	}
	who, err := user.Lookup("postgres")
	if err != nil {
		if who, err = user.Lookup("nobody"); err != nil {
			return err
		}
	}
	uid, _ := strconv.Atoi(who.Uid)
	gid, _ := strconv.Atoi(who.Gid)
	p.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return filepath.WalkDir(p.dir, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chown(path, uid, gid))
	})
}

// hba lets the owner in by the socket, others by a password.
const hba = "local all postgres trust\n%s all all 127.0.0.1/32 scram-sha-256\n"

// initdb makes the data directory. The order of text is that of a language, as on most servers, and not that of bytes.
func (p *process) initdb() error {
	cmd := exec.Command(filepath.Join(p.bin, "initdb"), "-D", p.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions",
		"--locale=C", "--locale-provider=icu", "--icu-locale=en-US")
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	connections := "host"
	if p.tls {
		connections = "hostssl"
	}
	return os.WriteFile(filepath.Join(p.data(), "pg_hba.conf"), fmt.Appendf(nil, hba, connections), 0o600)
}

func (p *process) data() string { return filepath.Join(p.dir, "data") }

// settings make the server fast, and its data worth nothing when the machine fails.
func (p *process) settings() []string {
	list := []string{
		"listen_addresses=127.0.0.1", "unix_socket_directories=" + p.dir, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
		"wal_level=minimal", "max_wal_senders=0", "autovacuum=off", "shared_buffers=32MB", "max_connections=200", "logging_collector=off",
	}
	if p.tls {
		list = append(list, "ssl=on", "ssl_cert_file="+p.certFile(), "ssl_key_file="+p.keyFile())
	}
	return list
}

// start runs the program and waits until it answers.
func (p *process) start() error {
	if p.running() {
		return errors.New("the server is running already; stop it first")
	}
	log, err := os.Create(p.log())
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(p.bin, "postgres"), "-D", p.data(), "-p", strconv.Itoa(p.port))
	for _, setting := range p.settings() {
		cmd.Args = append(cmd.Args, "-c", setting)
	}
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.dir, log, log
	if err := spawn(cmd, p.credential); err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	exited := make(chan struct{})
	p.cmd, p.exited = cmd, exited
	go await(cmd, exited)
	return p.wait()
}

// await closes exited when cmd has ended.
func await(cmd *exec.Cmd, exited chan<- struct{}) {
	_ = cmd.Wait()
	close(exited)
}

// wait returns when the server answers.
func (p *process) wait() error {
	deadline := time.Now().Add(startTimeout)
	for time.Now().Before(deadline) {
		if p.answers() {
			return nil
		}
		select {
		case <-p.exited:
			if strings.Contains(p.output(), "Address already in use") {
				return fmt.Errorf("port %d: %w", p.port, errPortTaken)
			}
			return fmt.Errorf("postgres ended at start:\n%s", p.output())
		case <-time.After(pollInterval):
		}
	}
	return fmt.Errorf("postgres does not answer after %v:\n%s", startTimeout, p.output())
}

// answers reports whether our server, which alone has the socket, lets its owner in.
func (p *process) answers() bool {
	if !strings.Contains(p.output(), "ready to accept connections") {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, p.admin())
	if err != nil {
		return false
	}
	return conn.Close(ctx) == nil
}

// admin says how the owner connects.
func (p *process) admin() string {
	return fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres sslmode=disable", p.dir, p.port)
}

func (p *process) log() string { return filepath.Join(p.dir, "log") }

// output returns what the process has printed.
func (p *process) output() string {
	text, err := os.ReadFile(p.log())
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

// stop ends the process, whoever is connected.
func (p *process) stop() error { return p.end(syscall.SIGINT) }

func (p *process) end(signal os.Signal) error {
	if !p.running() {
		return errors.New("the server is not running; start it first")
	}
	if err := p.cmd.Process.Signal(signal); err != nil {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("the server has not stopped after %v:\n%s", stopTimeout, p.output())
	}
}

// remove ends the process at once, if it runs, and removes its files.
func (p *process) remove() {
	if p.running() && p.end(syscall.SIGQUIT) != nil {
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
	if p.dir != "" {
		_ = os.RemoveAll(p.dir)
	}
}

// area is a directory that is removed when this process ends, however it does.
type area struct {
	dir   string
	alive *os.File // closed by the system when this process ends; kept here, not before
}

// tempArea returns the area of this process's servers. It is not below the test's own directory: the path of a socket
// may have 107 bytes only, and the servers' user has to reach it.
var tempArea = sync.OnceValues(func() (area, error) {
	dir, err := os.MkdirTemp("", "postgresd-")
	if err != nil {
		return area{}, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
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
