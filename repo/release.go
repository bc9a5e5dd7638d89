package repo

import (
	"context"
	"strconv"
	"strings"

	"github.com/redisgen/redisgen/internal/placement"
)

// releaseStep is how many claims one round of releases takes from a shard.
const releaseStep = 100

// given is a claim that a record has given up.
type given struct {
	claim, stamp     string
	index, value, id string
	shard            int // of the record
}

// releaseAll releases the claims that records have given up.
func (c *core) releaseAll(ctx context.Context) error {
	for {
		list, more, err := c.givenUp(ctx)
		if err == nil {
			err = c.release(ctx, list)
		}
		if err != nil || !more {
			return err
		}
	}
}

// release releases claims in the shards of their values, and then notes it in those
// of the records. Claims that were made anew stay; to release one twice does no
// harm.
func (c *core) release(ctx context.Context, list []given) (failed error) {
	note := func(_ int, v *values, err error) error {
		if err == nil {
			err = v.skip(1)
		}
		if failed == nil {
			failed = err
		}
		return err
	}
	c.askShards(ctx, releaseScript, len(list), func(i int) int { return placement.Shard(list[i].value, len(c.spaces)) },
		func(i int, args *argList) { args.add(list[i].index, list[i].value, list[i].stamp+":"+list[i].id) }, note)
	if failed == nil {
		c.client.noteReleased(ctx, len(list))
		c.askShards(ctx, releasedScript, len(list), func(i int) int { return list[i].shard },
			func(i int, args *argList) { args.add(list[i].claim, list[i].stamp) }, note)
	}
	return failed
}

// given returns a claim as one that was given up.
func (c *core) given(l *claim) given {
	index := c.info.indexes[l.index].Name
	return given{
		claim: joinValues([]string{index, l.value, l.id}), stamp: l.stamp,
		index: index, value: l.value, id: l.id, shard: c.shard(l.id),
	}
}

// givenUp returns claims that are to be released, and whether there may be more.
func (c *core) givenUp(ctx context.Context) (list []given, more bool, err error) {
	calls := make([]*call, len(c.spaces))
	for i, at := range c.spaces {
		home := string(at) + "a"
		args := newArgs(2, home)
		args.add(string(at))
		args.addInt(releaseStep)
		calls[i] = &call{place: c.placing, script: givenScript, keys: []string{home}, args: args.args}
	}
	replies, errs := c.client.sendAll(ctx, calls)
	for i, err := range errs {
		if err != nil {
			return nil, false, err
		}
		v := values{replies[i]}
		n, err := v.array()
		if err != nil {
			return nil, false, err
		}
		forgotten, _, err := v.next()
		if err != nil {
			return nil, false, err
		}
		more = more || n == 1+2*releaseStep || forgotten == strconv.Itoa(releaseStep)
		for range n / 2 {
			g := given{shard: i}
			for _, to := range []*string{&g.claim, &g.stamp} {
				if *to, _, err = v.next(); err != nil {
					return nil, false, err
				}
			}
			r := ReadID(g.claim, 3)
			if g.index, g.value, g.id = r.String(), r.String(), r.String(); r.Err() == nil {
				list = append(list, g)
			}
		}
	}
	return list, more, nil
}

// globalUnique returns the id of the record that claims a value that is unique
// across shards, "" if there is none. The record may not have the value.
func (c *core) globalUnique(ctx context.Context, ix Index, value string) (string, error) {
	at := c.spaces[placement.Shard(value, len(c.spaces))]
	reply, err := c.client.do(ctx, &call{place: c.placing, args: []any{"hget", at.index(ix, nil), value}})
	if err != nil {
		return "", err
	}
	v := values{reply}
	entry, _, err := v.next()
	_, id, _ := strings.Cut(entry, ":")
	return id, err
}
