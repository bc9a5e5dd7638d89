package repo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Health is what a [Client.Health] has found.
type Health struct {
	// Latency is how long the write of the check took.
	Latency time.Duration
	// Nodes are the server, or the primaries of a cluster.
	Nodes []NodeHealth
}

// NodeHealth is the state of one server, as INFO has it. What the server does
// not tell is empty.
type NodeHealth struct {
	Addr           string
	Version        string
	Role           string // master or slave
	Replicas       int    // connected to this primary
	Lag            int64  // bytes that the slowest replica is behind
	UsedMemory     int64  // bytes
	MaxMemory      int64  // bytes; 0: no limit
	EvictionPolicy string
}

// Evicts tells whether the server may delete records, claims and index entries
// when its memory is full. A store of records should run with noeviction.
func (n NodeHealth) Evicts() bool {
	return n.MaxMemory > 0 && n.EvictionPolicy != "" && n.EvictionPolicy != "noeviction"
}

// Health checks that the keyspace can be written, which a PING does not show,
// and reports on its servers. An error means that writes fail now. It writes
// one key, <prefix>{health}, that expires after a second.
func (c *Client) Health(ctx context.Context) (_ Health, failed error) {
	ctx, o := c.observe(ctx, Operation{Name: "Health"})
	defer o.end(&failed)
	var h Health
	start := time.Now()
	if _, err := c.do(ctx, &call{args: []any{"set", c.prefix + "{health}", 1, "px", 1000}}); err != nil {
		return h, fmt.Errorf("redisgen: health: %w", err)
	}
	h.Latency = time.Since(start)
	nodes, err := c.nodes(ctx)
	h.Nodes = nodes
	if err != nil {
		return h, fmt.Errorf("redisgen: health: %w", err)
	}
	return h, nil
}

// nodes asks every primary for its state.
func (c *Client) nodes(ctx context.Context) ([]NodeHealth, error) {
	cluster, ok := c.rdb.(*redis.ClusterClient)
	if !ok {
		addr := ""
		if single, ok := c.rdb.(*redis.Client); ok {
			addr = single.Options().Addr
		}
		node, err := nodeHealth(ctx, addr, c.rdb)
		return []NodeHealth{node}, err
	}
	var mu sync.Mutex
	var nodes []NodeHealth
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error {
		node, err := nodeHealth(ctx, master.Options().Addr, master)
		mu.Lock()
		defer mu.Unlock()
		nodes = append(nodes, node)
		return err
	})
	return nodes, err
}

// nodeHealth reads INFO. A server that refuses it, or some of its sections, is
// not in bad health for that.
func nodeHealth(ctx context.Context, addr string, rdb redis.Cmdable) (NodeHealth, error) {
	node := NodeHealth{Addr: addr}
	pipe := rdb.Pipeline()
	sections := []*redis.StringCmd{pipe.Info(ctx, "server"), pipe.Info(ctx, "replication"), pipe.Info(ctx, "memory")}
	_, _ = pipe.Exec(ctx) // every command has its own error
	info := map[string]string{}
	for _, section := range sections {
		text, err := section.Result()
		var reply redis.Error
		if err != nil && !errors.As(err, &reply) {
			return node, err
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[name] = value
			}
		}
	}
	number := func(name string) int64 {
		n, _ := strconv.ParseInt(info[name], 10, 64)
		return n
	}
	node.Version, node.Role, node.EvictionPolicy = info["redis_version"], info["role"], info["maxmemory_policy"]
	node.UsedMemory, node.MaxMemory = number("used_memory"), number("maxmemory")
	node.Replicas = int(number("connected_slaves"))
	for i := range node.Replicas {
		for pair := range strings.SplitSeq(info["slave"+strconv.Itoa(i)], ",") {
			if offset, ok := strings.CutPrefix(pair, "offset="); ok {
				n, _ := strconv.ParseInt(offset, 10, 64)
				node.Lag = max(node.Lag, number("master_repl_offset")-n)
			}
		}
	}
	return node, nil
}

// warnOfEviction logs what will lose records, once, when a client is opened.
func (c *Client) warnOfEviction(ctx context.Context) {
	nodes, _ := c.nodes(ctx) // Open has just seen the server answer
	for _, n := range nodes {
		if n.Evicts() {
			c.log.Warn("redisgen: the server deletes records when its memory is full; set maxmemory-policy noeviction",
				"addr", n.Addr, "policy", n.EvictionPolicy)
		}
	}
}
