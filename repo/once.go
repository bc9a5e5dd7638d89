package repo

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Once has f write records in the shard of the event, and acknowledges the event with
// them, all or nothing: a [Client.Tx] whose script also checks that the event is still
// pending of this consumer. So what f writes takes effect once, however often the event
// is delivered: [ErrTaken] if it was handled before, or another consumer has it. What f
// does otherwise may be done again.
//
//	return d.Once(ctx, func(tx *repo.Tx) error {
//		return totals.InTx(tx).Patch(d.Event.Key, TotalFields.Jobs.Add(1))
//	})
//
// Records of other shards are [ErrCrossShard]: those that are written live in the shards
// of the entity that the events are of, by in=. If the reply is lost, Once asks whether
// the event is pending, and repeats the transaction if it is: the error is [ErrUncertain]
// only if there is no answer, and the event is then handled again unless it is
// acknowledged. Once Once has succeeded, the event is not retried, whatever the handler
// returns.
//
// It costs a round trip, and no other to acknowledge the event. With [Config.Functions] it
// cannot be called, as Tx.
func (d Delivery[T, K]) Once(ctx context.Context, f func(*Tx) error, opts ...TxOption) error {
	if d.held == nil {
		return txError(errors.New("this Delivery is not one that Consume has made"))
	}
	return d.held.once(ctx, f, opts)
}

// mostOnce is how often a transaction is repeated whose reply was lost.
const mostOnce = 10

func (h *held) once(ctx context.Context, f func(*Tx) error, opts []TxOption) (failed error) {
	client := h.of.owner
	ctx, watched := client.observe(ctx, Operation{Entity: h.of.core.info.name, Name: "Once"})
	defer watched.end(&failed)
	for attempt := 1; ; attempt++ {
		err := client.transact(ctx, h, f, opts)
		if err == nil || errors.Is(err, ErrNotDurable) {
			h.acked.Store(true)
			return err
		}
		if !errors.Is(err, ErrUncertain) {
			return err
		}
		// It may yet arrive. If it is repeated before, one of them finds the event
		// acknowledged.
		owner, asking := h.owner(ctx)
		switch {
		case asking != nil || owner == h.of.name && attempt == mostOnce:
			return err
		case owner == "": // it is done
			h.acked.Store(true)
			return nil
		case owner != h.of.name:
			return txError(ErrTaken)
		}
	}
}

// owner returns the consumer of which the event is pending, "" if it is acknowledged.
func (h *held) owner(ctx context.Context) (string, error) {
	reply, err := h.of.client.do(ctx, &call{place: h.of.core.placing, args: []any{"xpending", h.shard.space.events(), h.of.group, h.id, h.id, "1"}})
	if err != nil {
		return "", err
	}
	v := values{reply}
	if n, err := v.array(); err != nil || n < 1 {
		return "", err
	}
	if _, err := v.array(); err != nil {
		return "", err
	}
	if _, _, err := v.next(); err != nil {
		return "", err
	}
	name, _, err := v.next()
	return name, err
}

// home returns the shard of the event as a transaction has it, and what has it be there.
func (h *held) home() (shard, what string) {
	at := string(h.shard.space)
	return at[:strings.IndexByte(at, '}')+1], fmt.Sprintf("the event of %s %q", h.of.core.info.name, shorten(h.event.id))
}
