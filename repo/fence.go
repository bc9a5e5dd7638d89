package repo

import (
	"context"
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
// script that makes it, that the shard has seen no later token of that name, else it is
// refused with [ErrFenced]. So the holder of a lock that was paused until the lock went to
// another, who has written, overwrites nothing. Writes without the fence are not checked,
// nor Touch, which changes no value.
//
// A shard learns of a token by the first write that shows it, or by [Repository.Fence]. What
// an earlier holder writes until then comes before that: whoever writes what depends on what
// it has read calls Fence before it reads, or writes by Update or Mutate of an entity with a
// version.
//
// It costs no round trip. The view is the same client otherwise, needs no Close and is
// closed with c. A shard keeps the last token of each name for ever. The zero Fence is none.
func (c *Client) WithFence(f Fence) *Client {
	view := c.view()
	view.fence = ""
	if f != (Fence{}) {
		view.fence = fmt.Sprintf("!%d:%s", max(f.Token, 0), f.Name)
	}
	return view
}

// errNoFence is what Fence without a fence leads to.
var errNoFence = errors.New("the client has no fence: make the repository with Client.WithFence")

// fenceScript shows a fence and does nothing else.
var fenceScript = newScript(scriptBase, "local op = ARGV[2]", part("fence"), "return 1")

// Fence shows the fence of the client, which [Client.WithFence] has made, to the shard of a
// record, whether that is there or not: from then on, writes with earlier tokens are refused
// there. It is [ErrFenced] if the shard has seen a later one. One round trip.
func (r *Repository[T, K]) Fence(ctx context.Context, key K) error {
	id, err := r.core.checkID(r.entity.ID(key))
	return r.core.showFence(ctx, id, err)
}

func (c *core) showFence(ctx context.Context, id string, err error) (failed error) {
	ctx, o := c.observe(ctx, "Fence")
	defer o.end(&failed)
	if err != nil {
		return c.keyError("Fence", err)
	}
	if c.client.fence == "" {
		return c.info.recordError("Fence", id, errNoFence)
	}
	at := c.at(id)
	key := at.record(id)
	args := newArgs(2, key)
	args.add(string(at), "fence"+c.client.fence)
	// To show it twice does no harm, so it is sent again if its reply was lost.
	_, err = c.client.do(ctx, &call{place: c.placing, script: fenceScript, keys: []string{key}, args: args.args, write: true, since: new(string)})
	return c.info.recordError("Fence", id, err)
}

// isFenced tells whether err is the server's reply to a write with an earlier token.
func isFenced(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "FENCED") }
