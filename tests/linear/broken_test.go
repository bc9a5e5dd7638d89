package linear

import (
	"context"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/redisgen/redisgen/internal/faultproxy"
	"github.com/redisgen/redisgen/internal/redisd"
	"github.com/redisgen/redisgen/repo"
)

// blind repeats writes whose outcome is unknown, as clients must not.
type blind struct{ store }

func (b blind) do(ctx context.Context, in input) (output, error) {
	out, err := b.store.do(ctx, in)
	for range 3 {
		if out.result == uncertain {
			out, err = b.store.do(ctx, in)
		}
	}
	return out, err
}

// disturbed records a history of users on a network that fails.
func disturbed(t *testing.T, open func(*repo.Client) store) []porcupine.Operation {
	t.Helper()
	t.Logf("repeat with -seed %d", *seedFlag)
	server := redisd.Shared(t)
	proxy := faultproxy.Start(t, server.Addr())
	stores := connect(t, repo.Config{Addrs: []string{proxy.Addr()}, Prefix: server.Prefix()}, open)
	return record(t, *seedFlag, stores, *opsFlag/2, disturb(proxy))
}

func TestBlindRetriesAreFound(t *testing.T) {
	t.Parallel()
	if bad := illegal(t, disturbed(t, func(c *repo.Client) store { return blind{users(c)} })); bad == nil {
		t.Error("writes that are repeated blindly make a linearizable history")
	}
}

// Histories that are linearizable are so no more when they are changed.
func TestChangedHistoriesAreFound(t *testing.T) {
	t.Parallel()
	history := disturbed(t, users)
	check(t, history)
	for name, change := range map[string]func([]porcupine.Operation) []porcupine.Operation{
		"writes of unknown outcome do not take effect": func(h []porcupine.Operation) []porcupine.Operation {
			return slices.DeleteFunc(h, func(op porcupine.Operation) bool { return op.Return == open })
		},
		"a write is lost": func(h []porcupine.Operation) []porcupine.Operation {
			read := h[slices.IndexFunc(h, reads)].Output.(output).row
			at := slices.IndexFunc(h, func(op porcupine.Operation) bool { return op.Input.(input).row.text == read.text })
			return slices.Delete(h, at, at+1)
		},
		"a read is stale": func(h []porcupine.Operation) []porcupine.Operation {
			at := slices.IndexFunc(h, reads)
			out := h[at].Output.(output)
			out.row.version--
			h[at].Output = out
			return h
		},
		"two records have a value": func(h []porcupine.Operation) []porcupine.Operation {
			at := slices.IndexFunc(h, func(op porcupine.Operation) bool {
				return op.Input.(input).verb == create && op.Output.(output).result == taken
			})
			h[at].Output = output{result: done}
			return h
		},
	} {
		if bad := illegal(t, change(slices.Clone(history))); bad == nil {
			t.Errorf("%s, and the history is linearizable", name)
		}
	}
}

// reads tells whether an operation has read a record.
func reads(op porcupine.Operation) bool { return op.Output.(output).row.text != "" }
