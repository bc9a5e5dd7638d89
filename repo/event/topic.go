package event

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo"
)

// defaultMaxSize is how many bytes a message or an event has at most.
const defaultMaxSize = 1 << 20

// Topic is a name under which values of a type are published and received. It is safe
// for concurrent use.
//
// Delivery is at most once: a message goes to who is subscribed at that moment, and is
// kept nowhere. What must not be lost belongs into a stream: a [Log], or the events of an
// entity.
type Topic[T any] struct {
	client *repo.Client
	name   string
	opts   TopicOptions[T]
}

// TopicOptions says how a [Topic] works. The zero value is good for most.
type TopicOptions[T any] struct {
	// Codec turns values into messages. Default: [JSON].
	Codec Codec[T]
	// MaxSize is how many bytes a message has at most. Publish refuses a larger one;
	// a subscriber drops it. Default 1 MiB; negative: no limit.
	MaxSize int
	// Sharded sends messages, on a cluster, only to the nodes of the topic's slot, in
	// place of all nodes, so that the cluster carries more of them as it grows. All
	// who use the topic have to say the same. It excludes SubscribeGlob. Elsewhere it
	// changes nothing else.
	Sharded bool
	// Logger takes lost and restored connections. Default slog.Default().
	Logger *slog.Logger
}

// NewTopic returns the topic of a name, among the topics of the client's prefix: those of
// another prefix or tenant are others. Nothing is sent.
func NewTopic[T any](client *repo.Client, name string, opts TopicOptions[T]) *Topic[T] {
	opts.Codec = opts.Codec.orJSON()
	opts.MaxSize = cmp.Or(opts.MaxSize, defaultMaxSize)
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Topic[T]{client, name, opts}
}

// Name returns the name of the topic.
func (t *Topic[T]) Name() string { return t.name }

// Sub returns a topic below t, of the same type and options: t's name and the parts,
// joined by dots. Dots in a part are escaped, so that a part is always one level,
// wherever it comes from.
func (t *Topic[T]) Sub(parts ...string) *Topic[T] {
	sub := *t
	for _, part := range parts {
		sub.name += "." + levels.Replace(part)
	}
	return &sub
}

// levels escapes what separates the levels of a name; globs what has a meaning in the
// patterns of PSUBSCRIBE.
var (
	levels = strings.NewReplacer("%", "%25", ".", "%2E")
	globs  = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`, `^`, `\^`)
)

// Quote returns a part of a name for the pattern of [Topic.SubscribeGlob]: it stands for
// itself, as one level.
func Quote(part string) string { return globs.Replace(levels.Replace(part)) }

// channels returns what the channels of the client's topics begin with. The braces keep
// them apart from all keys and channels of repositories and tenants; being empty, they
// leave a sharded topic in the slot of its whole name.
func (t *Topic[T]) channels() string { return t.client.Prefix() + "{}topic:" }

// sharded tells whether messages are those of sharded channels.
func (t *Topic[T]) sharded() bool {
	_, cluster := t.client.Redis().(*redis.ClusterClient)
	return cluster && t.opts.Sharded
}

// Publish sends a value to who is subscribed to the topic at this moment, and returns how
// many that are: on a cluster, those that are connected to the node that was asked.
//
// It is sent once. If the connection fails before the reply has come, the error is
// [repo.ErrUncertain]: it may have been delivered. A message of more than MaxSize bytes
// is [repo.ErrTooLarge], and not sent. One round trip.
func (t *Topic[T]) Publish(ctx context.Context, v T) (receivers int64, err error) {
	if receivers, err = t.publish(ctx, v); err != nil {
		return 0, fmt.Errorf("redisgen: Publish %q: %w", t.name, err)
	}
	return receivers, nil
}

func (t *Topic[T]) publish(ctx context.Context, v T) (int64, error) {
	data, err := t.opts.Codec.Encode(v)
	if err != nil {
		return 0, err
	}
	if err := checkSize(len(data), t.opts.MaxSize); err != nil {
		return 0, err
	}
	if err := unusable(ctx, t.client); err != nil {
		return 0, err
	}
	verb := "publish"
	if t.sharded() {
		verb = "spublish"
	}
	cmd := &onceCommand{redis.NewIntCmd(ctx, verb, t.channels()+t.name, data)}
	cmd.SetFirstKeyPos(1) // by which the node of a cluster is chosen
	_ = t.client.Redis().Process(ctx, cmd)
	return cmd.Val(), outcome(cmd.Err())
}

// onceCommand is a command that go-redis does not send again when its reply is lost.
type onceCommand struct{ *redis.IntCmd }

func (*onceCommand) NoRetry() bool { return true }

// outcome returns what the caller is told of an error: whether the message may have been
// sent.
func outcome(err error) error {
	var reply redis.Error
	var dial *net.OpError
	switch {
	case err == nil, errors.As(err, &reply), errors.As(err, &dial) && dial.Op == "dial", errors.Is(err, redis.ErrPoolTimeout), errors.Is(err, redis.ErrPoolExhausted):
		return err
	case errors.Is(err, redis.ErrClosed):
		return repo.ErrClosed
	}
	return fmt.Errorf("%w: %w", repo.ErrUncertain, err)
}

// checkSize returns an error if a message or an event has more bytes than allowed.
func checkSize(size, most int) error {
	if most > 0 && size > most {
		return fmt.Errorf("%w: %d bytes, MaxSize is %d", repo.ErrTooLarge, size, most)
	}
	return nil
}
