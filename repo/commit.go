package repo

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// errChanged is what a commit leads to if a record is not as it was read.
var errChanged = errors.New("changed since it was read")

// commit carries out all writes by one script call, if what was read is as it was.
func (tx *Tx) commit() error {
	if len(tx.writes) == 0 && len(tx.reads) < 2 && tx.ack == nil {
		return nil
	}
	for _, w := range tx.writes {
		if err := w.core.placing.check(tx.ctx, tx.client, true); err != nil {
			return w.core.info.recordError(w.p.name, w.p.id, err)
		}
	}
	claimants := make([]*claimant, len(tx.writes))
	for i := range claimants {
		claimants[i] = &claimant{at: i}
	}
	for attempt := 0; ; attempt++ {
		results, err := tx.send()
		if errors.Is(err, errClaim) && attempt < mostClaims {
			err = tx.claim(results, claimants)
			if err == nil {
				continue
			}
		}
		if errors.Is(err, errClaim) {
			err = txError(errClaims)
		}
		if err != nil && !errors.Is(err, ErrNotDurable) && !errors.Is(err, ErrUncertain) {
			for i, w := range tx.writes {
				w.core.abandon(tx.ctx, claimants[i].has)
			}
		}
		return err
	}
}

// claim claims what writes lack, in other shards.
func (tx *Tx) claim(results []written, claimants []*claimant) error {
	list := make([]*prepared, len(tx.writes))
	for i, w := range tx.writes {
		list[i] = w.p
	}
	acquired := make([]result, len(tx.writes))
	for i, w := range tx.writes {
		if results[i].err != errClaim {
			continue
		}
		one := claimants[i]
		w.core.abandon(tx.ctx, one.lack(w.core.claims(w.p.id, results[i].lacks)))
		if err := tx.rival(i, claimants[:i], one.lacks); err != nil {
			return w.core.info.recordError(w.p.name, w.p.id, err)
		}
		_, _, void := w.core.acquireAll(tx.ctx, []*claimant{one}, nil, list, acquired)
		w.core.abandon(tx.ctx, void)
		if err := acquired[i].err; err != nil {
			return w.core.info.recordError(w.p.name, w.p.id, err)
		}
	}
	return nil
}

// rival returns the error of a write that lacks a value which another record of the
// transaction is to have.
func (tx *Tx) rival(at int, before []*claimant, lacks []*claim) error {
	w := tx.writes[at]
	for i, other := range before {
		if tx.writes[i].core.info.name != w.core.info.name || tx.writes[i].p.id == w.p.id {
			continue
		}
		for _, l := range lacks {
			if slices.ContainsFunc(other.has, func(h *claim) bool { return h.index == l.index && h.value == l.value }) {
				name := w.core.info.indexes[l.index].Name
				return &UniqueError{Entity: w.core.info.name, Index: name, Value: w.core.info.uniqueValue(name, w.p.row), Owner: tx.writes[i].p.id}
			}
		}
	}
	return nil
}

// send sends the script once and stamps the values of what it has written.
func (tx *Tx) send() ([]written, error) {
	reply, sent := tx.client.do(tx.ctx, tx.call())
	if sent != nil && !errors.Is(sent, ErrNotDurable) {
		return nil, txError(sent)
	}
	results, state, err := tx.parse(reply)
	switch {
	case err != nil:
		return nil, txError(err)
	case state == "CHANGED":
		return nil, errChanged
	case state == "GONE":
		return nil, txError(ErrTaken)
	case state == "UNCERTAIN":
		return nil, txError(ErrUncertain)
	case state == "CLAIM":
		return results, errClaim
	}
	for i, r := range results {
		w := tx.writes[i]
		switch {
		case errors.Is(r.err, errMore):
			return nil, w.core.info.recordError(w.p.name, w.p.id, fmt.Errorf("%w: so much refers to it that it has to be deleted apart", ErrTxSize))
		case r.err != nil:
			return nil, w.core.info.recordError(w.p.name, w.p.id, r.err)
		}
	}
	for i, r := range results {
		_ = tx.writes[i].core.settle(tx.writes[i].p, r)
	}
	if sent != nil {
		sent = txError(sent)
	}
	return results, sent
}

// parse reads the reply of the script.
func (tx *Tx) parse(reply string) (results []written, state string, err error) {
	v := values{reply}
	n, err := v.array()
	if err != nil || n < 1 || n > len(tx.writes)+1 {
		return nil, "", errReply
	}
	if state, _, err = v.next(); err != nil {
		return nil, "", errReply
	}
	if complete := n == len(tx.writes)+1; !complete && (state == "OK" || state == "CLAIM") {
		return nil, "", errReply
	}
	results = make([]written, n-1)
	for i := range results {
		if results[i], err = v.written(tx.writes[i].core.info, tx.writes[i].p.row); err != nil {
			return nil, "", err
		}
	}
	return results, state, nil
}

// call returns the call of the script.
func (tx *Tx) call() *call {
	kinds := tx.kinds()
	groups := tx.groups()
	n := 6 + 4*len(groups)
	var keys []string
	for _, w := range tx.writes {
		keys, n = append(keys, w.key), n+w.size()
	}
	for _, r := range tx.reads {
		keys, n = append(keys, r.key), n+2+len(r.core.info.fields)
	}
	op := "tx"
	if tx.ack != nil {
		op, keys, n = "ack", append(keys, tx.ack.shard.space.events()), n+3
	}
	args := newArgs(n, keys...)
	args.add(tx.shard, op+tx.client.fence, tx.client.now(), rand.Text()[:tokenSize], "")
	since := &args.strs[len(args.strs)-1]
	args.addInt(len(groups))
	for _, group := range groups {
		size := 0
		for _, w := range group {
			size += w.size()
		}
		args.addInt(entityAt(kinds, group[0].core.info.name) + 1)
		args.add(string(group[0].op))
		args.addInt(len(group))
		args.addInt(size)
		for _, w := range group {
			w.p.appendAll(args, w.core.info)
		}
	}
	for _, r := range tx.reads {
		names := r.names()
		args.add(r.expected)
		args.addInt(len(names))
		args.add(names...)
	}
	if tx.ack != nil {
		args.add(tx.ack.of.group, tx.ack.of.name, tx.ack.id)
	}
	call := &call{script: txScript(kinds), keys: keys, args: args.args, write: len(tx.writes) > 0 || tx.ack != nil, since: since}
	for _, w := range tx.writes {
		call.fells = append(call.fells, w.core.fells(w.op)...)
	}
	if tx.ack != nil || slices.ContainsFunc(tx.writes, func(w *txWrite) bool { return !w.core.info.retry }) {
		call.since = nil
	}
	return call
}

// size returns how many arguments the write has.
func (w *txWrite) size() int { return w.p.size() + 2*len(w.core.info.globals) }

// groups returns the writes, those of one entity and operation that follow each other
// together.
func (tx *Tx) groups() (list [][]*txWrite) {
	for i, w := range tx.writes {
		if i > 0 && tx.writes[i-1].core.info.name == w.core.info.name && tx.writes[i-1].op == w.op {
			list[len(list)-1] = append(list[len(list)-1], w)
		} else {
			list = append(list, []*txWrite{w})
		}
	}
	return list
}

// kinds returns the entities that are written, each once, in the order of their names.
func (tx *Tx) kinds() (list []*entityInfo) {
	for _, w := range tx.writes {
		if entityAt(list, w.core.info.name) < 0 {
			list = append(list, w.core.info)
		}
	}
	slices.SortFunc(list, func(a, b *entityInfo) int { return cmp.Compare(a.name, b.name) })
	return list
}

// txScripts are the scripts of transactions, by the SHA-1s of the scripts that write one
// record of their entities.
var txScripts sync.Map

// txScript returns the script of transactions that write records of some entities,
// which is put together once.
func txScript(kinds []*entityInfo) *script {
	var key strings.Builder
	for _, info := range kinds {
		key.WriteString(info.write[writeOne]().sha)
	}
	if s, ok := txScripts.Load(key.String()); ok {
		return s.(*script)
	}
	s, _ := txScripts.LoadOrStore(key.String(), newTxScript(kinds))
	return s.(*script)
}

// newTxScript puts together the script of transactions that write records of some
// entities: those, and what refers to their records.
func newTxScript(written []*entityInfo) *script {
	kinds := families(written)
	parts := append([]string{scriptBase, scriptWrite, part("fence"), "local KEYS, orphan = KEYS, nil\nlocal kinds, written = {}, {}"},
		writeParts(kinds, "many", "claim_tx", false)...)
	if slices.ContainsFunc(written, func(info *entityInfo) bool { return info.has(FieldInfo.isNumber) }) {
		parts = append(parts, part("number"), "local total = sum")
	}
	for i, info := range kinds {
		parts = append(parts, info.kindParts(i+1, i < len(written))...)
	}
	parts = append(parts, relationParts(kinds), part("spaces"), part("cascade"), part("tx"))
	return putTogether("", parts)
}
