package repo

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/redisgen/redisgen/internal/placement"
)

// placing is where the records of an entity are: in one of several shards, each
// of which has a hash tag and so is in one slot of a cluster.
type placing struct {
	entity string
	spaces []space
	fields []int // the key
	by     []int // the parts of it that place a record; nil: all

	mark    string // key under which the keyspace tells how records are placed
	wanted  string // what it should tell
	listing string // the key that lists the records of an entity of one shard
	known   *atomic.Bool
}

// newPlacing returns where the records of an entity are in the keyspace of a
// client.
func newPlacing(client *Client, info *entityInfo) *placing {
	home, tail := info.name, ":"
	if info.home != "" {
		home, tail = info.home, info.name+":"
	}
	own := client.space(info.name)
	p := &placing{
		entity: info.name, fields: info.keys, by: info.shardKey,
		mark: string(own) + "p", listing: own.listing(info),
	}
	for _, tag := range placement.Tags(home, info.shards) {
		p.spaces = append(p.spaces, space(client.prefix+"{"+tag+"}"+tail))
	}
	p.wanted = p.describe(info)
	known, _ := client.placements.LoadOrStore([2]string{p.mark, p.wanted}, new(atomic.Bool))
	p.known = known.(*atomic.Bool)
	return p
}

// shard returns the number of the shard that has the record of an id.
func (p *placing) shard(id string) int {
	if len(p.spaces) == 1 {
		return 0
	}
	return placement.Shard(p.shardKey(id), len(p.spaces))
}

// at returns where the record of an id is.
func (p *placing) at(id string) space { return p.spaces[p.shard(id)] }

// shardKey returns what places the record of an id.
func (p *placing) shardKey(id string) string {
	if p.by == nil {
		return id
	}
	all := make([]string, len(p.fields))
	r := ReadID(id, len(all))
	for i := range all {
		all[i] = r.String()
	}
	chosen := make([]string, len(p.by))
	for i, part := range p.by {
		chosen[i] = all[part]
	}
	return joinValues(chosen)
}

// placed returns the fields that place a record.
func (p *placing) placed() []int {
	if p.by == nil {
		return p.fields
	}
	fields := make([]int, len(p.by))
	for i, part := range p.by {
		fields[i] = p.fields[part]
	}
	return fields
}

// byShard divides the positions 0 to n-1 by the shards of their ids, and keeps
// their order.
func (p *placing) byShard(n int, id func(int) string) [][]int {
	groups := make([][]int, len(p.spaces))
	for i := range n {
		shard := p.shard(id(i))
		groups[shard] = append(groups[shard], i)
	}
	return groups
}

// describe says how records are placed, as the keyspace keeps it: "16 by id",
// "16 by conversation_id in conversations"; "1" for one shard of their own.
func (p *placing) describe(info *entityInfo) string {
	if info.shards <= 1 && info.home == "" {
		return "1"
	}
	var names []string
	for _, field := range p.placed() {
		names = append(names, info.fields[field].Name)
	}
	text := strconv.Itoa(max(1, info.shards)) + " by " + strings.Join(names, ",")
	if info.home != "" {
		text += " in " + info.home
	}
	return text
}

// placeScript makes a keyspace tell how an entity is placed, unless it tells
// already or has records of the entity in one shard.
var placeScript = newScript(part("place"))

// check fails with ErrPlacement if the keyspace holds records of the entity that
// are placed otherwise. Once it has succeeded it costs nothing; before that, a
// round trip, and two for reads before anything is written.
func (p *placing) check(ctx context.Context, c *Client, write bool) error {
	if p == nil || p.known.Load() {
		return nil
	}
	ask := &call{args: []any{"get", p.mark}}
	if write && p.wanted != "1" {
		args := newArgs(2, p.mark, p.listing)
		args.add(p.wanted)
		ask = &call{script: placeScript, keys: []string{p.mark}, args: args.args}
	}
	reply, err := c.do(ctx, ask)
	if err != nil {
		return err
	}
	v := values{reply}
	found, ok, err := v.next()
	if err == nil && !ok && p.wanted != "1" {
		found, err = p.alone(ctx, c)
		ok = found != ""
	}
	switch {
	case err != nil:
		return err
	case !ok && p.wanted != "1":
		return nil // nothing is written yet
	case !ok, found == p.wanted:
		p.known.Store(true)
		return nil
	}
	return fmt.Errorf("%w: %s is %q in this keyspace and %q in this program; generate it with the former, or copy the records to another prefix", ErrPlacement, p.entity, found, p.wanted)
}

// alone returns "1" if the keyspace has records of the entity in one shard, which leave
// no mark, else "".
func (p *placing) alone(ctx context.Context, c *Client) (string, error) {
	reply, err := c.do(ctx, &call{args: []any{"exists", p.listing}})
	if err != nil {
		return "", err
	}
	if n, err := parseInt(reply); n == 0 || err != nil {
		return "", err
	}
	return "1", nil
}
