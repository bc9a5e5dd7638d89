package locks

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/lock"
	"github.com/redisgen/redisgen/tests/app"
)

const (
	// holderVariable has the address of the server, in a process that holds locks.
	holderVariable = "REDISGEN_LOCKS_HOLDER"
	unfenced       = "REDISGEN_LOCKS_UNFENCED"
	holderPrefix   = "paused:"
	// holders is how many locks a process holds when it is paused.
	holders   = 64
	holderTTL = 100 * time.Millisecond
)

// slot is a record that one lock protects.
func slot(i int) string { return fmt.Sprint("slot", i) }

// fencing returns the wallets of who holds a lock.
func fencing(client *repo.Client, l *lock.Lock) *app.Wallets {
	if os.Getenv(unfenced) != "" {
		return app.NewWallets(client)
	}
	return app.NewWallets(client.WithFence(l.Fence()))
}

// allSlots does something for each slot at the same time.
func allSlots(do func(i int) error) error {
	errs := make([]error, holders)
	var running sync.WaitGroup
	for i := range errs {
		running.Go(func() { errs[i] = do(i) })
	}
	running.Wait()
	return errors.Join(errs...)
}

// hold is the process that is paused. For each line that it reads it takes all locks, reads
// their records, says so, and at the next line writes them: it does not look whether it
// still holds the locks. It prints how many writes were made, how many refused, and how
// many locks it knows to be lost.
func hold(addr string) error {
	ctx := context.Background()
	client, err := repo.Open(ctx, repo.Config{Addrs: []string{addr}, Prefix: holderPrefix, SweepInterval: -1})
	if err != nil {
		return err
	}
	defer client.Close()
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var locks [holders]*lock.Lock
		var read [holders]*app.Wallet
		err := allSlots(func(i int) (err error) {
			if locks[i], err = lock.New(client, slot(i), lock.Options{TTL: holderTTL}).Lock(ctx); err != nil {
				return err
			}
			w := fencing(client, locks[i])
			if os.Getenv(unfenced) == "" {
				if err = w.Fence(ctx, slot(i)); err != nil {
					return err
				}
			}
			read[i], err = w.Get(ctx, slot(i))
			return err
		})
		if err != nil {
			return err
		}
		fmt.Println("ready")
		if !lines.Scan() { // paused meanwhile
			return io.ErrUnexpectedEOF
		}
		var mu sync.Mutex
		made, refused, lost := 0, 0, 0
		err = allSlots(func(i int) error {
			err := fencing(client, locks[i]).Save(ctx, read[i])
			<-locks[i].Context().Done()
			unlocked := locks[i].Unlock(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				made++
			case errors.Is(err, repo.ErrFenced):
				refused++
			default:
				return err
			}
			if errors.Is(context.Cause(locks[i].Context()), lock.ErrLost) && errors.Is(unlocked, lock.ErrLost) {
				lost++
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Println(made, refused, lost)
	}
	return lines.Err()
}

// process is a process that holds locks.
type process struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Scanner
}

func startHolder(t *testing.T, addr string, env ...string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), holderVariable+"="+addr), env...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Process.Signal(syscall.SIGCONT)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &process{cmd, in, bufio.NewScanner(out)}
}

// say sends a line.
func (p *process) say(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(p.in, "go\n")
	must(t, err)
}

// hear returns the next line.
func (p *process) hear(t *testing.T) string {
	t.Helper()
	if !p.out.Scan() {
		t.Fatal("the holder has ended")
	}
	return p.out.Text()
}

// stop pauses the process, and returns when it is.
func (p *process) stop(t *testing.T) {
	t.Helper()
	must(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	eventually(t, "the holder is paused", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		must(t, err)
		_, rest, _ := strings.Cut(string(stat), ") ")
		return strings.HasPrefix(rest, "T")
	})
}

// pauseHolders has a process paused, rounds times, between reading and writing the records
// that its locks protect, until somebody else has had the locks and written. It returns how
// many of its late writes were made and how many were refused, and how many of the writes
// of the others are left.
func pauseHolders(t *testing.T, rounds int, env ...string) (made, refused, left int) {
	ctx := t.Context()
	server := redisd.Start(t)
	client := open(t, repo.Config{Addrs: []string{server.Addr()}, Prefix: holderPrefix, SweepInterval: -1})
	wallets := app.NewWallets(client)
	for i := range holders {
		must(t, wallets.Create(ctx, &app.Wallet{ID: slot(i), Owner: slot(i)}))
	}
	p := startHolder(t, server.Addr(), env...)
	for round := 0; round < rounds; round += holders {
		p.say(t)
		if line := p.hear(t); line != "ready" {
			t.Fatalf("the holder says %q", line)
		}
		p.stop(t)
		p.say(t)
		must(t, allSlots(func(i int) error { // by the new holders
			l, err := lock.New(client, slot(i), lock.Options{Poll: 20 * time.Millisecond}).Lock(ctx)
			if err != nil {
				return err
			}
			fenced := app.NewWallets(client.WithFence(l.Fence()))
			w, err := fenced.Get(ctx, slot(i))
			if err != nil {
				return err
			}
			w.Cents++
			return errors.Join(fenced.Save(ctx, w), l.Unlock(ctx))
		}))
		must(t, p.cmd.Process.Signal(syscall.SIGCONT))
		var m, r, lost int
		if line := p.hear(t); !scanned(line, &m, &r, &lost) {
			t.Fatalf("the holder says %q", line)
		}
		made, refused = made+m, refused+r
		if lost != holders {
			t.Fatalf("the holder knows of %d locks that they are lost, not of all %d", lost, holders)
		}
	}
	for i := range holders {
		w, err := wallets.Get(ctx, slot(i))
		must(t, err)
		left += int(w.Cents)
	}
	return made, refused, left
}

func scanned(line string, into ...any) bool {
	n, err := fmt.Sscan(line, into...)
	return err == nil && n == len(into)
}

// rounds is how often a holder is paused.
func rounds() int {
	if *long {
		return 10_048
	}
	return 320
}

// A holder that is paused beyond the TTL of its lock, between reading and writing, never
// overwrites what the next holder has written.
func TestPausedHolderIsFenced(t *testing.T) {
	made, refused, left := pauseHolders(t, rounds())
	if made != 0 || refused < rounds() || left != refused {
		t.Errorf("%d late writes were made and %d refused; %d writes of others are left", made, refused, left)
	}
	t.Logf("%d late writes refused", refused)
}

// The same without the fence: the locks alone do not keep the late writes out.
func TestPausedHolderWithoutFence(t *testing.T) {
	made, refused, left := pauseHolders(t, 2*holders, unfenced+"=1")
	if made != 2*holders || refused != 0 || left != 0 {
		t.Errorf("%d late writes were made and %d refused; %d writes of others are left: the test of fences shows nothing", made, refused, left)
	}
}
