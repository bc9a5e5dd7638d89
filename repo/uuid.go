package repo

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// uuidClock keeps the ids of one process in order: the time of the last one in
// units of 1/4096 ms.
var uuidClock struct {
	sync.Mutex
	last uint64
}

// newUUID returns a UUID of version 7 (RFC 9562, section 5.7): 48 bits of
// Unix time in ms, 12 bits of its fraction (section 6.2, method 3), 62 bits at
// random. In one process each is greater than the one before.
func newUUID() string {
	now := time.Now()
	tick := uint64(now.UnixMilli())<<12 | uint64(now.Nanosecond()%1e6)<<12/1e6
	uuidClock.Lock()
	tick = max(tick, uuidClock.last+1)
	uuidClock.last = tick
	uuidClock.Unlock()

	var id [16]byte
	binary.BigEndian.PutUint64(id[:], tick>>12<<16|7<<12|tick&0xfff)
	_, _ = rand.Read(id[8:]) // never fails, as of Go 1.24
	id[8] = id[8]&0x3f | 0x80

	var text [36]byte
	at := 0
	for _, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if at > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], part)
	}
	return string(text[:])
}
