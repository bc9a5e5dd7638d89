package repo

import (
	"errors"
	"fmt"
	"strings"
)

// ErrFenced: a write with a later token of the fence was made before. Nothing is written:
// who holds the earlier token has lost what it stands for.
var ErrFenced = errors.New("fenced off: somebody with a later token has written since")

// Fence is what the holder of a lock shows with its writes.
type Fence struct {
	Name  string // of the lock
	Token int64  // greater each time that the lock changes hands
}

// WithFence returns a view of the client whose writes show a fence: each checks, in the
// script that makes it, that nobody has written to the shard with a later token of that
// name, else it is refused with [ErrFenced]. So the holder of a lock that was paused
// until the lock went to another, who has written, overwrites nothing. Writes without the
// fence are not checked, nor Touch, which changes no value, and neither is a shard to which the new holder has not written
// yet: there, the write comes before it.
//
// It costs no round trip. The view is the same client otherwise, needs no Close and is
// closed with c. A shard keeps the last token of each name for ever.
func (c *Client) WithFence(f Fence) *Client {
	view := c.view()
	view.fence = ""
	if f.Name != "" {
		view.fence = fmt.Sprintf("!%d:%s", max(f.Token, 0), f.Name)
	}
	return view
}

// isFenced tells whether err is the server's reply to a write with an earlier token.
func isFenced(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "FENCED") }
