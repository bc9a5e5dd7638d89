package repo

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/redis/go-redis/v9"
)

// call is a command on its way to Redis: a script, or a command that only
// reads.
type call struct {
	script *script // nil: args is a plain command
	keys   []string
	args   []any    // of a script: those of EVALSHA, the first two of which command fills in
	write  bool     // must not take effect twice
	place  *placing // of the entity; nil: it does not matter

	functions bool // the script is called as a function
	readOnly  bool // so that it cannot write
	shielded  bool // by a key that is never there

	fells []*core // of a write: what is deleted together with records of these is kept in a cache

	short error // how a write that was carried out falls short of the durability asked for

	// A write with a token can be sent again: the script finds out whether it
	// was carried out. since is the argument that tells it how long ago it may
	// have been.
	since *string
	sent  time.Time // for the first time
	lost  bool      // a reply was lost
}

// skew is how far apart the clocks of servers may be that take over from each
// other while a write is retried. A write by somebody else that is no older
// leaves the outcome of the retried one unknown.
const skew = 100 * time.Millisecond

// send notes that the call is sent now.
func (c *call) send() {
	switch {
	case c.since == nil:
	case c.sent.IsZero():
		c.sent = time.Now()
	case c.lost:
		*c.since = strconv.FormatInt((time.Since(c.sent) + skew).Microseconds(), 10)
	}
}

// key returns a key of where the call goes.
func (c *call) key() string {
	if c.script != nil {
		return c.keys[0]
	}
	key, _ := c.args[1].(string)
	return key
}

// home returns the keyspace of the entity that a call is for.
func (c *call) home() string {
	key := c.key()
	return key[:strings.IndexByte(key, '}')+1]
}

// command is a command whose reply is taken as it arrives and parsed here.
type command struct {
	redis.RawCmd
	once bool
}

// NoRetry keeps go-redis from sending a write again when it cannot know
// whether the first one took effect.
func (c *command) NoRetry() bool { return c.once }

// command returns the call for one sending; whole sends the script's source,
// which Redis then remembers.
func (c *call) command(ctx context.Context, whole bool) *command {
	c.send()
	if c.script == nil {
		return &command{*redis.NewRawCmd(ctx, c.args...), false}
	}
	args := c.args
	switch {
	case whole:
		args = slices.Clone(args) // the command before may still be looked at
		args[0], args[1] = "eval", c.script.source
	case args[0] == nil:
		args[0], args[1] = c.verb()
	}
	cmd := &command{*redis.NewRawCmd(ctx, args...), c.write}
	cmd.SetFirstKeyPos(3)
	return cmd
}

// reply returns what a command that was sent has come back with; an error
// reply is an error.
func (c *command) reply() (string, error) {
	val, err := c.Result()
	// go-redis has made the slice for this command and keeps no hold of it.
	reply := unsafe.String(unsafe.SliceData(val), len(val))
	// When a pipeline breaks off, go-redis sets the error of all its commands,
	// also of those that were answered before.
	if err != nil && !complete(reply) {
		return "", err
	}
	if err := errorReply(reply); err != nil {
		return "", err
	}
	return reply, nil
}

// complete tells whether data is one reply from beginning to end.
func complete(data string) bool {
	if data != "" && data[0] == '-' {
		return true // errors are one line
	}
	v := values{data}
	return v.skip(1) == nil && v.data == ""
}

// argList collects arguments without an allocation for each: go-redis takes a
// pointer to a string as the string.
type argList struct {
	strs []string
	args []any
}

// newArgs returns the arguments of a script up to its keys, with room for n
// more; more than n move the ones before, which does no harm.
func newArgs(n int, keys ...string) *argList {
	l := &argList{strs: make([]string, 0, n), args: make([]any, 3, 3+len(keys)+n)}
	// The number of keys and the keys are plain strings: go-redis finds the slot
	// of a cluster by them.
	if l.args[2] = "1"; len(keys) != 1 {
		l.args[2] = strconv.Itoa(len(keys))
	}
	for _, key := range keys {
		l.args = append(l.args, key)
	}
	return l
}

func (l *argList) add(values ...string) {
	for _, v := range values {
		if len(l.strs) == cap(l.strs) {
			l.strs = make([]string, 0, max(64, cap(l.strs)))
		}
		l.strs = append(l.strs, v)
		l.args = append(l.args, &l.strs[len(l.strs)-1])
	}
}

func (l *argList) addInt(n int) { l.add(strconv.Itoa(n)) }
