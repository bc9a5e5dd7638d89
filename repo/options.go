package repo

import (
	"errors"
	"strconv"
	"time"
)

// WriteOption changes one write.
type WriteOption func(*writeOptions)

type writeOptions struct {
	ttl      string // as the script takes it; "" if nothing is said
	keep     bool
	times    bool // created and updated are those of the record
	err      error
	parallel int
}

// TTL has the record expire so long from now, by the server's clock. Redis
// counts in milliseconds; what is finer is rounded up.
func TTL(d time.Duration) WriteOption {
	return func(o *writeOptions) {
		if d <= 0 {
			o.err = errors.New("TTL must be positive; use NoTTL for a record that does not expire")
			return
		}
		o.ttl, o.keep = "+"+strconv.FormatInt(int64((d-1)/time.Millisecond)+1, 10), false
	}
}

// ExpireAt has the record expire at a time, cut to milliseconds. If that is
// past, the record is gone at once; after the year 9999 it is [ErrRange].
func ExpireAt(t time.Time) WriteOption {
	return func(o *writeOptions) {
		if t.UTC().Year() > 9999 { // an expires field could not hold it
			o.err = ErrRange
			return
		}
		o.ttl, o.keep = expireAt(t), false
	}
}

// NoTTL has the record live for ever.
func NoTTL() WriteOption {
	return func(o *writeOptions) { o.ttl, o.keep = "0", false }
}

// KeepTTL leaves the expiry of an existing record as it is, also where the
// entity is sliding or the record's expires field says otherwise.
func KeepTTL() WriteOption {
	return func(o *writeOptions) { o.ttl, o.keep = "", true }
}

// KeepTimes stores the fields created and updated as they are in the record, where they
// are set, also in one that exists: for records that come from elsewhere, such as a backup.
func KeepTimes() WriteOption {
	return func(o *writeOptions) { o.times = true }
}

// Parallel has CreateMany, SaveMany and DeleteMany use up to n connections at
// a time. Default 1.
func Parallel(n int) WriteOption {
	return func(o *writeOptions) { o.parallel = n }
}

func expireAt(t time.Time) string { return strconv.FormatInt(max(1, t.UnixMilli()), 10) }

func collect(opts []WriteOption) writeOptions {
	if len(opts) == 0 {
		return writeOptions{parallel: 1} // which stays off the heap
	}
	o := writeOptions{parallel: 1}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// expiryArgs returns what the script is told of a record's expiry: if it is new,
// and if it exists. field is the value of the expires field, the zero time if
// it has none.
func (info *entityInfo) expiryArgs(o writeOptions, field time.Time) (created, existing string, err error) {
	switch {
	case o.err != nil:
		return "", "", o.err
	case !info.expires:
		if o.ttl != "" || o.keep {
			return "", "", ErrNoTTL
		}
		return "", "", nil
	case o.ttl != "":
		return o.ttl, o.ttl, nil
	}
	if info.ttl > 0 {
		created = "+" + strconv.FormatInt(info.ttl.Milliseconds(), 10)
	}
	if info.sliding {
		existing = created
	}
	if !field.IsZero() {
		created = expireAt(field)
		if !info.sliding {
			existing = created
		}
	}
	if o.keep {
		existing = ""
	}
	return created, existing, nil
}
