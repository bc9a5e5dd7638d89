package s3

import (
	"hash/maphash"
	"sync"
)

var seed = maphash.MakeSeed()

// place is what a document is found by.
type place struct{ table, id string }

func hash(table, id string) uint64 { return maphash.Comparable(seed, place{table, id}) }

// known remembers where documents were found. What it says is checked by whoever uses it, as
// others may have moved or deleted the document.
type known struct {
	mu   sync.Mutex
	keys map[place]string
}

// maxKnown is how many documents are remembered, a few MB.
const maxKnown = 10_000

func newKnown() *known { return &known{keys: map[place]string{}} }

func (k *known) get(table, id string) (string, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	key, ok := k.keys[place{table, id}]
	return key, ok
}

func (k *known) put(table, id, key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for old := range k.keys {
		if len(k.keys) < maxKnown {
			break
		}
		delete(k.keys, old)
	}
	k.keys[place{table, id}] = key
}

func (k *known) forget(table, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.keys, place{table, id})
}
