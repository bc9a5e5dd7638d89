package lock

import (
	"errors"
	"fmt"
	"strings"
)

// Errors of locks; they come wrapped with the lock's name. Test with [errors.Is].
var (
	// ErrHeld: somebody else has the lock.
	ErrHeld = errors.New("somebody else holds it")
	// ErrNotHeld: nobody has the lock.
	ErrNotHeld = errors.New("nobody holds it")
	// ErrLost: the lock's time has run out, or may have: it could not be renewed in
	// time, or somebody has removed it. Others may have had it since.
	ErrLost = errors.New("the lock is lost; others may hold it: stop what it protects")
)

// errReply is what a reply leads to that no script of this package returns.
var errReply = errors.New("the server's reply makes no sense; is the key in use for something else?")

// wrap adds what failed to an error, nil to nil.
func (m *Mutex) wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	name := m.name
	if len(name) > 100 {
		name = strings.ToValidUTF8(name[:100], "") + "…"
	}
	return fmt.Errorf("redisgen: %s %q: %w", op, name, err)
}
