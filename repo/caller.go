package repo

import (
	"context"
	"hash/fnv"
	"strconv"
)

// Script is a Lua script of a package beside this one, such as repo/lock, which is
// called the way scripts of repositories are: by its SHA-1, or as a function if
// [Config.Functions] says so; loaded when the server does not know it; and sent again if
// it is known not to have been carried out.
type Script struct {
	script     *script
	idempotent bool
}

// NewScript returns the script of a source. It is for variables of packages: what has
// been made by then is among the [Libraries].
func NewScript(source string) *Script { return &Script{script: newScript(dropAbsent + source)} }

// Idempotent says that to run the script twice is to run it once, so that it is sent
// again if its reply was lost.
func (s *Script) Idempotent() *Script {
	s.idempotent = true
	return s
}

// Run calls the script and returns its reply: an array of strings and integers. The keys,
// one or more, are in one slot, and the first argument is what all of them begin with, as
// [Client.Space] has it: on a cluster one more key is declared that begins so. Without Idempotent, the error is [ErrUncertain] if nobody
// knows whether it was carried out. One round trip.
func (s *Script) Run(ctx context.Context, c *Client, keys []string, args ...string) (_ []string, failed error) {
	ctx, o := c.observe(ctx, Operation{Name: "Script"})
	defer o.end(&failed)
	list := newArgs(len(args), keys...)
	list.add(args...)
	reply, err := c.do(ctx, &call{script: s.script, keys: keys, args: list.args, write: !s.idempotent})
	if err != nil {
		return nil, err
	}
	return (&values{reply}).list()
}

// list reads an array of strings and integers.
func (v *values) list() ([]string, error) {
	n, err := v.array()
	if err != nil || n < 0 {
		return nil, errReply
	}
	list := make([]string, n)
	for i := range list {
		if list[i], _, err = v.next(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Space returns what the keys begin with of something with a name that is no record: a
// lock, a limit. All keys of one name are in one slot, and names spread over the slots.
// The name is not part of it: what may clash adds it.
func (c *Client) Space(kind, name string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return c.prefix + "{" + kind + "/" + strconv.FormatUint(h.Sum64(), 36) + "}:"
}
