package repo

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestExpiryOptions(t *testing.T) {
	at := time.Date(2030, 1, 1, 0, 0, 0, 999_999, time.UTC) // 1893456000000 ms and a bit
	none := &entityInfo{}
	plain := &entityInfo{expires: true}
	hour := &entityInfo{expires: true, ttl: time.Hour}
	sliding := &entityInfo{expires: true, ttl: time.Hour, sliding: true}
	opts := func(list ...WriteOption) []WriteOption { return list }
	for _, test := range []struct {
		name              string
		info              *entityInfo
		opts              []WriteOption
		field             time.Time
		created, existing string
		err               error
	}{
		{"no expiry", none, nil, time.Time{}, "", "", nil},
		{"a TTL without expiry", none, opts(TTL(time.Second)), time.Time{}, "", "", ErrNoTTL},
		{"NoTTL without expiry", none, opts(NoTTL()), time.Time{}, "", "", ErrNoTTL},
		{"KeepTTL without expiry", none, opts(KeepTTL()), time.Time{}, "", "", ErrNoTTL},
		{"no default", plain, nil, time.Time{}, "", "", nil},
		{"the default", hour, nil, time.Time{}, "+3600000", "", nil},
		{"the sliding default", sliding, nil, time.Time{}, "+3600000", "+3600000", nil},
		{"kept", sliding, opts(KeepTTL()), time.Time{}, "+3600000", "", nil},
		{"TTL", hour, opts(TTL(time.Minute)), time.Time{}, "+60000", "+60000", nil},
		{"the last option counts", hour, opts(NoTTL(), KeepTTL(), TTL(time.Minute)), time.Time{}, "+60000", "+60000", nil},
		{"TTL is rounded up", hour, opts(TTL(1)), time.Time{}, "+1", "+1", nil},
		{"TTL is rounded up", hour, opts(TTL(time.Millisecond + 1)), time.Time{}, "+2", "+2", nil},
		{"whole TTL", hour, opts(TTL(2 * time.Millisecond)), time.Time{}, "+2", "+2", nil},
		{"the longest TTL", hour, opts(TTL(math.MaxInt64)), time.Time{}, "+9223372036855", "+9223372036855", nil},
		{"NoTTL", hour, opts(NoTTL()), time.Time{}, "0", "0", nil},
		{"ExpireAt is cut", hour, opts(ExpireAt(at)), time.Time{}, "1893456000000", "1893456000000", nil},
		{"ExpireAt in the past", hour, opts(ExpireAt(time.Time{})), time.Time{}, "1", "1", nil},
		{"ExpireAt beyond what can be stored", hour, opts(ExpireAt(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))), time.Time{}, "", "", ErrRange},
		{"the field", hour, nil, at, "1893456000000", "1893456000000", nil},
		{"the field of a sliding record", sliding, nil, at, "1893456000000", "+3600000", nil},
		{"an option before the field", hour, opts(TTL(time.Minute)), at, "+60000", "+60000", nil},
		{"the field kept", hour, opts(KeepTTL()), at, "1893456000000", "", nil},
	} {
		created, existing, err := test.info.expiryArgs(collect(test.opts), test.field)
		if created != test.created || existing != test.existing || !errors.Is(err, test.err) {
			t.Errorf("%s: %q, %q, %v, want %q, %q, %v", test.name, created, existing, err, test.created, test.existing, test.err)
		}
	}
	for _, d := range []time.Duration{0, -1} {
		if _, _, err := hour.expiryArgs(collect(opts(TTL(d))), time.Time{}); err == nil {
			t.Errorf("TTL(%v) is taken", d)
		}
	}
}
