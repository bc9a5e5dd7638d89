package repo

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redisgen/redisgen/internal/placement"
)

// A value that is unique across shards is claimed in the shard of the value before
// the record is written in its own:
//
//  1. claim.lua puts <stamp>:<id> in the hash of the index, unless another id is
//     there. The stamp is the time, and rises with each claim of the value.
//  2. write.lua writes the record, which keeps the stamp, unless the claim was
//     withdrawn in the record's shard.
//  3. What a record gives up, by a change, a delete or its expiry, is withdrawn in its
//     shard by the same script, and later released in the shard of the value.
//
// Who finds a claim of another id asks that record's shard (holder.lua): if the
// record has the value, it is taken; else the claim is withdrawn there, after which
// no write that relies on it succeeds, and then taken over, if it is still the same.
// So a value never belongs to two records, whoever crashes between two steps; and it
// is blocked for no longer than claimGrace, which a claim has to become a record.

// claimGrace is how long a claim stays unquestioned whose record does not have the
// value yet.
const claimGrace = time.Second

var (
	claimScript    = newScript(scriptBase, part("clock"), part("claim"))
	holderScript   = newScript(scriptBase, part("clock"), part("withdraw"), part("ledger"), part("holder"))
	releaseScript  = newScript(scriptBase, part("release")).which(frees)
	givenScript    = newScript(scriptBase, part("clock"), part("given")).which(frees)
	releasedScript = newScript(scriptBase, part("released")).which(frees)
)

// claim is a value that a record is to have.
type claim struct {
	index     int // in entityInfo.indexes
	value, id string
	stamp     string // once it is claimed
	after     string // the stamp of a claim of the record that was withdrawn, "0" if none is known
	err       error

	other string // the claim that another record has of the value
	old   bool   // it is older than claimGrace
	free  bool   // it may be taken over
}

// reliance is what a write is told of a claim.
type reliance struct{ value, stamp string }

// joined returns the value of a row in a unique index, false if it has none.
func (r *Row) joined(ix Index) (string, bool) {
	values := make([]string, len(ix.Fields))
	for i, field := range ix.Fields {
		value, ok := r.folded(field)
		if !ok {
			return "", false
		}
		values[i] = value
	}
	return joinValues(values), true
}

// uniqueError returns the error of a claim, with the value as the row has it.
func (c *core) uniqueError(l *claim, row *Row) error {
	var unique *UniqueError
	if errors.As(l.err, &unique) {
		unique.Value = c.info.uniqueValue(unique.Index, row)
	}
	return l.err
}

// acquire claims values, and waits for claims of others to become records or to
// end. It sets the stamp or the error of each.
func (c *core) acquire(ctx context.Context, open []*claim) {
	for attempt := 0; len(open) > 0; attempt++ {
		taken := c.tryClaims(ctx, open)
		waits := c.askHolders(ctx, taken, false)
		open = open[:0:0]
		for _, l := range taken {
			if l.err == nil {
				open = append(open, l)
			}
		}
		if !waits {
			continue
		}
		if err := c.client.pause(ctx, min(attempt, 3)); err != nil {
			for _, l := range open {
				l.err = err
			}
			return
		}
	}
}

// tryClaims claims values and returns the claims that others hold.
func (c *core) tryClaims(ctx context.Context, list []*claim) (taken []*claim) {
	c.askShards(ctx, claimScript, len(list), func(i int) int { return placement.Shard(list[i].value, len(c.spaces)) },
		func(i int, args *argList) {
			l, over := list[i], ""
			if l.free {
				over = l.other
			}
			args.add(c.info.indexes[l.index].Name, l.value, l.id, over, cmp.Or(l.after, "0"))
		},
		func(i int, v *values, err error) error {
			l := list[i]
			l.err = err
			var n int
			if err == nil {
				n, l.err = v.array()
			}
			if l.err != nil {
				return l.err
			}
			l.free = false // of the claim that it was asked about
			l.stamp, _, l.err = v.next()
			if n == 2 && l.err == nil {
				l.other, l.stamp = l.stamp, ""
				var age string
				age, _, l.err = v.next()
				µs, _ := strconv.ParseInt(age, 10, 64)
				l.old = time.Duration(µs)*time.Microsecond >= claimGrace
				taken = append(taken, l)
			}
			return l.err
		})
	return taken
}

// askHolders finds out whether the records that claim values have them: if so, the
// claim's error says whose it is; if not, and they never will, it is free. It
// tells whether there are others, which have to be waited for. Of abandoned claims
// the record is their own.
func (c *core) askHolders(ctx context.Context, list []*claim, abandoned bool) (waits bool) {
	holder := func(l *claim) (id, stamp string) {
		if abandoned {
			return l.id, l.stamp
		}
		stamp, id, _ = strings.Cut(l.other, ":")
		return id, stamp
	}
	c.askShards(ctx, holderScript, len(list), func(i int) int { id, _ := holder(list[i]); return c.shard(id) },
		func(i int, args *argList) {
			l := list[i]
			ix := c.info.indexes[l.index]
			id, stamp := holder(l)
			force := ""
			if l.old || abandoned {
				force = "1"
			}
			args.add(ix.Name, l.value, id, stamp, force)
			args.addInt(len(ix.Fields))
			for _, field := range ix.Fields {
				name := c.info.fields[field].Name
				args.add(foldMark+name, name)
			}
		},
		func(i int, v *values, err error) error {
			l := list[i]
			var state string
			if err == nil {
				state, _, err = v.next()
			}
			owner, _ := holder(l)
			switch {
			case err != nil:
			case state == "held":
				err = &UniqueError{Entity: c.info.name, Index: c.info.indexes[l.index].Name, Owner: owner}
			case state == "free":
				l.free = true
			default:
				waits = true
			}
			l.err = err
			if errors.Is(err, ErrUnique) {
				return nil
			}
			return err
		})
	return waits
}

// abandon withdraws and releases claims that have not led to a record. If it fails,
// who finds them does the same.
func (c *core) abandon(ctx context.Context, list []*claim) {
	var own []*claim
	for _, l := range list {
		if l.err == nil && l.stamp != "" {
			own = append(own, l)
		}
	}
	c.askHolders(ctx, own, true)
	var free []given
	for _, l := range own {
		if l.free {
			free = append(free, c.given(l))
		}
	}
	_ = c.release(ctx, free)
}

// askShards tells a script of n items, those of a shard in one call or a few, all in
// one pipeline. take gets for each the rest of a reply that is an array, or the error
// of the call.
func (c *core) askShards(ctx context.Context, s *script, n int, shard func(int) int, add func(int, *argList), take func(int, *values, error) error) {
	groups := make([][]int, len(c.spaces))
	for i := range n {
		at := shard(i)
		groups[at] = append(groups[at], i)
	}
	var calls []*call
	var parts [][]int
	for at, group := range groups {
		for len(group) > 0 {
			part := group[:min(len(group), writeStep)]
			group = group[len(part):]
			calls, parts = append(calls, c.askCall(s, c.spaces[at], part, add)), append(parts, part)
		}
	}
	if len(calls) == 0 {
		return
	}
	replies, errs := c.client.sendAll(ctx, calls)
	for i, part := range parts {
		v := values{replies[i]}
		err := errs[i]
		if err == nil {
			_, err = v.array()
		}
		for _, item := range part {
			if failed := take(item, &v, err); err == nil {
				err = failed
			}
		}
	}
}

func (c *core) askCall(s *script, at space, items []int, add func(int, *argList)) *call {
	home := string(at) + "a"
	args := newArgs(1+10*len(items), home)
	args.add(string(at))
	for _, item := range items {
		add(item, args)
	}
	return &call{place: c.placing, script: s, keys: []string{home}, args: args.args}
}

// getGlobal returns the record that has a value which is unique across shards: the
// claim says which it may be.
func (c *core) getGlobal(ctx context.Context, ix Index, value string) (any, error) {
	id, err := c.globalUnique(ctx, ix, value)
	if err == nil && id == "" {
		err = ErrNotFound
	}
	var v any
	if err == nil {
		v, err = c.getOne(ctx, id)
	}
	if err == nil {
		row := newRow(c.info)
		c.encode(row, v)
		if has, ok := row.joined(ix); !ok || has != value {
			err = ErrNotFound // it has another one, or none yet
		}
	}
	if err != nil {
		return nil, c.info.recordError("GetBy "+ix.Name, "", err)
	}
	return v, nil
}

// resolve replaces values that are unique across shards in a plan by the ids that
// claim them, and returns the shards that are left to be asked.
func (c *core) resolve(ctx context.Context, p *plan, shards []int) ([]int, error) {
	var far []*source
	others := false
	for _, group := range p.groups {
		for i := range group {
			for j := range group[i].sources {
				if s := &group[i].sources[j]; c.isGlobal(*s) {
					far = append(far, s)
				} else {
					others = true
				}
			}
		}
	}
	if len(far) == 0 {
		return shards, nil
	}
	p.identify() // by the values
	calls := make([]*call, len(far))
	for i, s := range far {
		at := c.spaces[placement.Shard(s.low, len(c.spaces))]
		calls[i] = &call{place: c.placing, args: []any{"hget", string(at) + s.key, s.low}}
	}
	replies, errs := c.client.sendAll(ctx, calls)
	var found []int
	for i, s := range far {
		if errs[i] != nil {
			return nil, errs[i]
		}
		v := values{replies[i]}
		entry, _, err := v.next()
		if err != nil {
			return nil, err
		}
		_, id, _ := strings.Cut(entry, ":")
		*s = source{by: "id", low: id}
		if shard := c.shard(id); slices.Contains(shards, shard) {
			found = append(found, shard)
		}
	}
	switch {
	case others:
		return shards, nil
	case len(found) == 0:
		return shards[:1], nil // which has none
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// isGlobal tells whether a source is a value that is unique across shards.
func (c *core) isGlobal(s source) bool {
	return s.by == "value" && slices.ContainsFunc(c.info.globals, func(i int) bool {
		return s.key == space("").index(c.info.indexes[i], nil)
	})
}
