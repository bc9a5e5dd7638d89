package repo

import (
	"cmp"
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// blockTime is for how long a server waits for entries before it answers that there
	// are none, which is its sign of life.
	blockTime = time.Second
	// firstEntry is the ID before that of any entry.
	firstEntry = "0-0"
)

// follower returns the reader of the streams of some shards. It knows what it has read, so
// that it misses nothing but what is trimmed.
func (w *watching) follower(shards []int) eventReader {
	return func(ctx context.Context, up func()) error {
		if err := w.findLast(ctx, shards); err != nil {
			return err
		}
		s, err := w.follow(ctx, shards)
		if err != nil {
			return err
		}
		defer s.rdb.Close()
		for wait := time.Duration(0); ; wait = blockTime {
			batches, err := s.read(ctx, wait)
			if isRedirect(err) {
				return s.aside(ctx, err)
			}
			if err != nil {
				return err
			}
			up()
			if err := s.take(ctx, batches); err != nil {
				return err
			}
		}
	}
}

// findLast finds the last entries of streams that are to be read from there.
func (w *watching) findLast(ctx context.Context, shards []int) error {
	var asked []int
	var calls []*call
	for _, shard := range shards {
		if w.last[shard] == "" {
			asked = append(asked, shard)
			calls = append(calls, &call{args: []any{"xrevrange", w.stream(shard), "+", "-", "count", "1"}})
		}
	}
	replies, errs := w.client.sendAll(ctx, calls)
	for i, shard := range asked {
		if errs[i] != nil {
			return errs[i]
		}
		list, err := (&values{replies[i]}).entries()
		if err != nil {
			return err
		}
		w.last[shard] = firstEntry
		if len(list) > 0 {
			w.last[shard] = list[0].id
		}
	}
	return nil
}

func (w *watching) stream(shard int) string { return w.spaces[shard].events() }

// count returns how many entries of each stream are read at once.
func (w *watching) count() int { return min(max(w.buffer/len(w.spaces), 1), 1000) }

// streamReader reads the streams of some shards, which are on one node, over a connection
// that is not of the pool: it is taken all the time.
type streamReader struct {
	*watching
	shards []int
	rdb    *redis.Client
}

// streamEntry is an entry of a stream.
type streamEntry struct {
	id     string
	values []string // names and values
}

// streamBatch is what was read of the stream of a shard.
type streamBatch struct {
	shard   int
	entries []streamEntry
	trimmed bool // the entry before them is gone, and others may be
}

func (w *watching) follow(ctx context.Context, shards []int) (*streamReader, error) {
	node, err := w.client.node(ctx, w.stream(shards[0]))
	if err != nil {
		return nil, err
	}
	options := optionsFor(node.Options(), node.Options().Addr)
	options.PoolSize, options.MaxRetries, options.DialerRetries = 1, -1, 1
	options.Protocol = 2 // replies without maps
	options.ClientSideCache, options.ClientSideCacheConfig = nil, nil
	if options.ReadTimeout <= 0 {
		options.ReadTimeout = silence
	}
	options.ReadTimeout += blockTime
	dial := options.Dialer
	options.Dialer = func(dialing context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(dialing, network, addr)
		if err != nil {
			return nil, err
		}
		return &boundConn{conn, context.AfterFunc(ctx, func() { _ = conn.Close() })}, nil
	}
	return &streamReader{w, shards, redis.NewClient(options)}, nil
}

// boundConn is a connection that a context closes, whoever is waiting for a reply on it.
type boundConn struct {
	net.Conn
	release func() bool
}

// Close closes the connection.
func (c *boundConn) Close() error {
	c.release()
	return c.Conn.Close()
}

// send sends commands in one pipeline and returns their replies.
func (s *streamReader) send(ctx context.Context, commands ...[]any) ([]values, error) {
	pipe, cmds := s.rdb.Pipeline(), make([]*command, len(commands))
	for i, args := range commands {
		cmds[i] = &command{*redis.NewRawCmd(ctx, args...), true}
		_ = pipe.Process(ctx, cmds[i])
	}
	_, _ = pipe.Exec(ctx) // every command has its own error
	replies := make([]values, len(commands))
	for i, cmd := range cmds {
		reply, err := cmd.reply()
		if err != nil {
			return nil, err
		}
		replies[i] = values{reply}
	}
	return replies, nil
}

// read waits for entries and returns them, none if there are none for that long.
func (s *streamReader) read(ctx context.Context, wait time.Duration) ([]streamBatch, error) {
	args := []any{"xread", "count", s.count()}
	if wait > 0 {
		args = append(args, "block", wait.Milliseconds())
	}
	args = append(args, "streams")
	shards := make(map[string]int, len(s.shards))
	for _, shard := range s.shards {
		shards[s.stream(shard)] = shard
		args = append(args, s.stream(shard))
	}
	for _, shard := range s.shards {
		args = append(args, s.last[shard])
	}
	replies, err := s.send(ctx, args)
	if err != nil {
		return nil, err
	}
	v := replies[0]
	n, err := v.array()
	if err != nil {
		return nil, err
	}
	var batches []streamBatch
	for range max(n, 0) {
		if pair, err := v.array(); err != nil || pair != 2 {
			return nil, errReply
		}
		key, _, err := v.next()
		if err != nil {
			return nil, err
		}
		list, err := v.entries()
		if err != nil {
			return nil, err
		}
		batches = append(batches, streamBatch{shard: shards[key], entries: list})
	}
	return batches, s.findTrimmed(ctx, batches)
}

// findTrimmed finds out of each batch whether the entry read before it is gone. It asks
// behind the batch, so that nothing can go in between.
func (s *streamReader) findTrimmed(ctx context.Context, batches []streamBatch) error {
	var asked []int
	var commands [][]any
	for i, b := range batches {
		if last := s.last[b.shard]; last != firstEntry {
			asked = append(asked, i)
			commands = append(commands, []any{"xrange", s.stream(b.shard), last, last})
		}
	}
	if asked == nil {
		return nil
	}
	replies, err := s.send(ctx, commands...)
	if err != nil {
		return err
	}
	for i, at := range asked {
		n, err := replies[i].array()
		if err != nil {
			return err
		}
		batches[at].trimmed = n == 0
	}
	return nil
}

// take puts events into the queue as it has room.
func (w *watching) take(ctx context.Context, batches []streamBatch) error {
	for _, b := range batches {
		if b.trimmed {
			gap := w.gap()
			gap.position = newPosition(b.shard, w.last[b.shard])
			w.queue.put(ctx, gap)
		}
		for _, one := range b.entries {
			e, err := w.parseEvent(one.values)
			if err != nil {
				return err
			}
			e.position = newPosition(b.shard, one.id)
			if w.pass(e) && !w.queue.put(ctx, e) {
				return ctx.Err()
			}
			w.last[b.shard] = one.id
		}
	}
	return nil
}

// aside reads where a redirection leads, once and without waiting: while a slot of a
// cluster moves, its streams are on either node. It returns the redirection, so that the
// node is looked for anew.
func (s *streamReader) aside(ctx context.Context, redirection error) error {
	b := streamBatch{shard: s.shards[0]} // the only one
	last := s.last[b.shard]
	reply, err := s.client.do(ctx, &call{args: []any{"xrange", s.stream(b.shard), last, "+", "count", strconv.Itoa(s.count() + 1)}})
	if err != nil {
		return err
	}
	if b.entries, err = (&values{reply}).entries(); err != nil {
		return err
	}
	if len(b.entries) > 0 && b.entries[0].id == last {
		b.entries = b.entries[1:]
	} else {
		b.trimmed = len(b.entries) > 0 && last != firstEntry
	}
	return cmp.Or(s.take(ctx, []streamBatch{b}), redirection)
}

// entries reads an array of entries of a stream. Each has memory of its own.
func (v *values) entries() ([]streamEntry, error) {
	n, err := v.array()
	if err != nil {
		return nil, err
	}
	list := make([]streamEntry, 0, max(n, 0))
	for range max(n, 0) {
		start := v.data
		if err := v.skip(1); err != nil {
			return nil, err
		}
		one := values{strings.Clone(start[:len(start)-len(v.data)])}
		if pair, err := one.array(); err != nil || pair != 2 {
			return nil, errReply
		}
		id, _, err := one.next()
		if err != nil {
			return nil, err
		}
		fields, err := one.list()
		if err != nil {
			return nil, err
		}
		list = append(list, streamEntry{id, fields})
	}
	return list, nil
}
