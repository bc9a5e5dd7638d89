package redis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// keyed says which arguments of a command are keys, counted from 1: from first to last;
// last 0: there is only the first; -1: to the end. All 0: there are none.
type keyed struct {
	first, last int
	writes      bool
}

// rawCommands are those that ExecuteRaw can check the keys of.
var rawCommands = commands(map[keyed]string{
	{}:                                 "PING ECHO TIME",
	{first: 1}:                         "GET STRLEN GETRANGE TYPE TTL PTTL HGET HMGET HGETALL HKEYS HVALS HLEN HEXISTS HSTRLEN HSCAN ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZREVRANGEBYLEX ZSCORE ZMSCORE ZCARD ZCOUNT ZLEXCOUNT ZRANK ZREVRANK ZSCAN LLEN LRANGE LINDEX SCARD SMEMBERS SISMEMBER SSCAN XLEN XRANGE XREVRANGE",
	{first: 1, last: -1}:               "EXISTS MGET",
	{first: 1, writes: true}:           "SET SETEX APPEND INCR INCRBY DECR DECRBY EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST HSET HDEL HINCRBY ZADD ZREM ZINCRBY ZREMRANGEBYSCORE ZREMRANGEBYRANK LPUSH RPUSH LPOP RPOP LREM LTRIM SADD SREM XADD XDEL XTRIM",
	{first: 1, last: -1, writes: true}: "DEL UNLINK",
})

// commands returns the commands of each kind by their names.
func commands(lists map[keyed]string) map[string]keyed {
	byName := map[string]keyed{}
	for kind, list := range lists {
		for name := range strings.FieldsSeq(list) {
			byName[name] = kind
		}
	}
	return byName
}

// RawCommands returns the commands that Config.RawCommands can have, sorted.
func RawCommands() []string { return slices.Sorted(maps.Keys(rawCommands)) }

// RawReads returns the commands that ExecuteRaw takes by default, sorted: those that read.
func RawReads() []string {
	return slices.DeleteFunc(RawCommands(), func(name string) bool { return rawCommands[name].writes })
}

// ExecuteRaw runs a command of Redis. Its name is the first word of query; the other words
// and params are its arguments, those with spaces in params. Commands are those of
// Config.RawCommands, and their keys begin with the prefix of the storage; others are
// [storage.ErrValidation], and nothing is sent. What records have is in the answer as it is
// stored, what is secret included, and what is written by it is in no index.
//
// The answer is nil, int64, float64, bool, string, []any or map[string]any. One round trip,
// which is not repeated if it fails.
func (s *Storage) ExecuteRaw(ctx context.Context, query string, params ...any) (any, error) {
	answer, err := s.raw(ctx, query, params)
	if err != nil {
		return nil, s.fail("ExecuteRaw", "", "", err)
	}
	return answer, nil
}

func (s *Storage) raw(ctx context.Context, query string, params []any) (any, error) {
	c, err := s.connected()
	if err != nil {
		return nil, err
	}
	var args []any
	for word := range strings.FieldsSeq(query) {
		args = append(args, word)
	}
	for _, p := range params {
		text, err := argument(p)
		if err != nil {
			return nil, err
		}
		args = append(args, text)
	}
	if err := s.checkRaw(args, c.client.Prefix()); err != nil {
		return nil, err
	}
	answer, err := c.client.Redis().Do(ctx, args...).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return plainAnswer(answer), err
}

// argument returns the text of an argument.
func argument(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	case int:
		return strconv.Itoa(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	return "", fmt.Errorf("%w: an argument of type %T; arguments are text, bytes, int, int64 or float64", storage.ErrValidation, v)
}

// checkRaw refuses commands that are not allowed, and keys that are not the storage's.
func (s *Storage) checkRaw(args []any, prefix string) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: no command", storage.ErrValidation)
	}
	name := strings.ToUpper(args[0].(string))
	if !slices.ContainsFunc(s.config.RawCommands, func(one string) bool { return strings.EqualFold(one, name) }) {
		return fmt.Errorf("%w: the command %.40q is not allowed; those that are: %s", storage.ErrValidation, name, strings.Join(s.config.RawCommands, ", "))
	}
	kind := rawCommands[name]
	last := kind.last
	switch {
	case kind.first == 0:
		return nil
	case len(args) <= kind.first:
		return fmt.Errorf("%w: %s without a key", storage.ErrValidation, name)
	case last < 0:
		last = len(args) - 1
	case last == 0:
		last = kind.first
	}
	for _, key := range args[kind.first : last+1] {
		if !strings.HasPrefix(key.(string), prefix) {
			return fmt.Errorf("%w: a key of %s does not begin with %q, as those of the storage do", storage.ErrValidation, name, prefix)
		}
	}
	return nil
}

// plainAnswer returns an answer with maps that are JSON.
func plainAnswer(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = plainAnswer(v[i])
		}
	case map[any]any:
		object := make(map[string]any, len(v))
		for key, value := range v {
			object[fmt.Sprint(key)] = plainAnswer(value)
		}
		return object
	}
	return v
}
