package repo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// What has to know the server that it talks to finds it here.

// mostHops is how many redirections of a cluster are followed.
const mostHops = 5

// node returns the primary that has a key.
func (c *Client) node(ctx context.Context, key string) (*redis.Client, error) {
	switch rdb := c.rdb.(type) {
	case *redis.Client:
		return rdb, nil
	case *redis.ClusterClient:
		node, err := rdb.MasterForKey(ctx, key)
		if err != nil {
			return nil, &unsent{err, !isContext(err)}
		}
		return node, nil
	}
	return nil, &unsent{fmt.Errorf("durability takes a *redis.Client or a *redis.ClusterClient, not a %T: %w", c.rdb, errors.ErrUnsupported), false}
}

// byNode divides calls by the primaries that have their keys.
func (c *Client) byNode(ctx context.Context, calls []*call, todo []int) (map[*redis.Client][]int, error) {
	groups := map[*redis.Client][]int{}
	for _, at := range todo {
		node, err := c.node(ctx, calls[at].key())
		if err != nil {
			return nil, err
		}
		groups[node] = append(groups[node], at)
	}
	return groups, nil
}

// target returns the server that a redirection names, and whether it has to be
// asked to answer. done is to be called when it is not needed any more.
func (c *Client) target(ctx context.Context, from *redis.Client, redirection error) (node *redis.Client, asking bool, done func(), err error) {
	done = func() {}
	words := strings.Fields(redirection.Error())
	cluster, ok := c.rdb.(*redis.ClusterClient)
	if !ok || len(words) < 3 {
		return nil, false, done, redirection
	}
	addr := words[2]
	if strings.HasPrefix(addr, ":") { // the host is the same
		if host, _, err := net.SplitHostPort(from.Options().Addr); err == nil {
			addr = host + addr
		}
	}
	var mu sync.Mutex
	// This reloads what go-redis knows of the cluster.
	err = cluster.ForEachMaster(ctx, func(_ context.Context, master *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		if master.Options().Addr == addr {
			node = master
		}
		return nil
	})
	if err != nil {
		return nil, false, done, &unsent{err, !isContext(err)}
	}
	if node == nil { // it has no slots yet
		node = redis.NewClient(optionsFor(from.Options(), addr))
		done = func() { _ = node.Close() }
	}
	return node, words[0] == "ASK", done, nil
}

// optionsFor returns the options of a client for another server of the same kind.
func optionsFor(from *redis.Options, addr string) *redis.Options {
	options := *from
	options.Addr, options.MinIdleConns = addr, 0
	// What from points to go-redis changes while it connects.
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return &options
}

// serverInfo is what INFO says.
type serverInfo map[string]string

// nodeInfo reads sections of INFO. What the server refuses to tell is missing.
func nodeInfo(ctx context.Context, rdb redis.Cmdable, sections ...string) (serverInfo, error) {
	pipe := rdb.Pipeline()
	cmds := make([]*redis.StringCmd, len(sections))
	for i, section := range sections {
		cmds[i] = pipe.Info(ctx, section)
	}
	_, _ = pipe.Exec(ctx) // every command has its own error
	info := serverInfo{}
	for _, cmd := range cmds {
		text, err := cmd.Result()
		if err != nil && !isReply(err) {
			return nil, err
		}
		for line := range strings.Lines(text) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
				info[name] = value
			}
		}
	}
	return info, nil
}

// number returns a value that is a number, 0 if it is not there.
func (info serverInfo) number(name string) int64 {
	n, _ := strconv.ParseInt(info[name], 10, 64)
	return n
}

// since tells whether the server speaks as Redis does since a version.
func (info serverInfo) since(major, minor int) bool {
	var a, b int
	if _, err := fmt.Sscanf(info["redis_version"], "%d.%d", &a, &b); err != nil {
		return false
	}
	return a > major || a == major && b >= minor
}

// replicas returns what a primary says of each of its replicas: ip, port, state,
// offset and lag.
func (info serverInfo) replicas() []serverInfo {
	var list []serverInfo
	for i := 0; ; i++ {
		text, ok := info["slave"+strconv.Itoa(i)]
		if !ok {
			return list
		}
		replica := serverInfo{}
		for pair := range strings.SplitSeq(text, ",") {
			name, value, _ := strings.Cut(pair, "=")
			replica[name] = value
		}
		list = append(list, replica)
	}
}

// keepingUp returns how many replicas have reported lately.
func (info serverInfo) keepingUp() int {
	n := 0
	for _, r := range info.replicas() {
		if r["state"] == "online" && r.number("lag") <= reportAge {
			n++
		}
	}
	return n
}
