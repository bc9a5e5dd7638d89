package redisd

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// node is what one node says of another, or of itself.
type node struct {
	id, addr string
	self     bool
	sound    bool   // neither suspected nor new
	linked   bool   // connected
	of       string // the id of the primary, "" for a primary
	epoch    int64
	slots    []part
}

// part is a range of slots.
type part struct{ from, to int }

// view is what one node says of all.
type view []node

// view returns CLUSTER NODES of s.
func (s *Server) view(ctx context.Context) (view, error) {
	text, err := s.admin.ClusterNodes(ctx).Result()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Addr(), err)
	}
	var v view
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) >= 8 {
			v = append(v, parseNode(fields))
		}
	}
	return v, nil
}

// self returns what s says of itself.
func (s *Server) self(ctx context.Context) (node, error) {
	v, err := s.view(ctx)
	if err != nil {
		return node{}, err
	}
	return v[slices.IndexFunc(v, func(n node) bool { return n.self })], nil
}

// parseNode reads a line of CLUSTER NODES.
func parseNode(fields []string) node {
	flags := strings.Split(fields[2], ",")
	addr, _, _ := strings.Cut(fields[1], "@")
	n := node{
		id:     fields[0],
		addr:   addr,
		self:   slices.Contains(flags, "myself"),
		linked: fields[7] == "connected",
		sound:  !slices.ContainsFunc(flags, func(f string) bool { return f == "fail" || f == "fail?" || f == "handshake" || f == "noaddr" }),
	}
	if fields[3] != "-" {
		n.of = fields[3]
	}
	n.epoch, _ = strconv.ParseInt(fields[6], 10, 64)
	for _, field := range fields[8:] {
		if strings.HasPrefix(field, "[") { // on its way
			continue
		}
		from, to, several := strings.Cut(field, "-")
		if !several {
			to = from
		}
		p := part{}
		p.from, _ = strconv.Atoi(from)
		p.to, _ = strconv.Atoi(to)
		n.slots = append(n.slots, p)
	}
	return n
}

// summary returns which of the servers has which slots, and whose replica it is; or what is wrong with that.
func (v view) summary(up []*Server) (string, error) {
	var lines []string
	covered, seen := 0, 0
	for _, n := range v {
		runs := at(up, n.addr) != nil
		if runs {
			seen++
		}
		switch {
		case runs && (!n.sound || !n.linked):
			return "", fmt.Errorf("%s is not well", n.addr)
		case !runs && len(n.slots) > 0:
			return "", fmt.Errorf("%s has slots and does not run", n.addr)
		case !runs:
			continue
		}
		for _, p := range n.slots {
			covered += p.to - p.from + 1
		}
		lines = append(lines, fmt.Sprintf("  %s %s of %q: %v\n", n.addr, n.id, n.of, n.slots))
	}
	if seen != len(up) || covered != Slots {
		return "", fmt.Errorf("%d of %d nodes are known, %d slots covered", seen, len(up), covered)
	}
	slices.Sort(lines)
	return strings.Join(lines, ""), nil
}

// MoveSlots moves slots, with the keys in them, from one primary to another while clients go on, as an operator's tool
// does: one slot after the other, some keys at a time. It waits until the nodes agree before it begins.
func (c *Cluster) MoveSlots(from, to *Server, slots ...int) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	// A node that has not heard of the last move would begin one with an epoch that others have passed.
	if err := await(30*time.Second, c.unhealthy); err != nil {
		c.t.Fatalf("redisd: move slots %v: %v", slots, err)
	}
	others := slices.DeleteFunc(c.Primaries(), func(s *Server) bool { return s == from || s == to })
	for _, slot := range slots {
		if err := c.moveSlot(ctx, from, to, others, slot); err != nil {
			c.t.Fatalf("redisd: move slot %d from %s to %s: %v", slot, from.Addr(), to.Addr(), err)
		}
	}
}

func (c *Cluster) moveSlot(ctx context.Context, from, to *Server, others []*Server, slot int) error {
	if err := to.setSlot(ctx, slot, "IMPORTING", c.id(from)); err != nil {
		return err
	}
	if err := from.setSlot(ctx, slot, "MIGRATING", c.id(to)); err != nil {
		return err
	}
	for {
		keys, err := from.admin.ClusterGetKeysInSlot(ctx, slot, 20).Result()
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			break
		}
		if err := from.migrate(ctx, to, keys); err != nil {
			return err
		}
	}
	// The new owner first: were the old one first, a client could be sent back and forth between them.
	for _, s := range append([]*Server{to, from}, others...) {
		if err := s.setSlot(ctx, slot, "NODE", c.id(to)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) setSlot(ctx context.Context, slot int, state, id string) error {
	return s.admin.Do(ctx, "CLUSTER", "SETSLOT", slot, state, id).Err()
}

// migrate moves keys to another node.
func (s *Server) migrate(ctx context.Context, to *Server, keys []string) error {
	host, port, err := net.SplitHostPort(to.Addr())
	if err != nil {
		return err
	}
	args := []any{"MIGRATE", host, port, "", 0, 5000}
	if admin := s.proc.config.admin; admin.name != "" {
		args = append(args, "AUTH2", admin.name, admin.password)
	}
	args = append(args, "KEYS")
	for _, key := range keys {
		args = append(args, key)
	}
	return s.admin.Process(ctx, redis.NewStatusCmd(ctx, args...))
}

// parseInfo reads lines of the form name:value.
func parseInfo(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		fields[name] = value
	}
	return fields
}
