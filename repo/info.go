package repo

import (
	"errors"
	"sync"
	"time"
)

// entityInfo is what is known of an entity regardless of its Go types.
type entityInfo struct {
	name    string // "users"
	goName  string // "User"
	fields  []FieldInfo
	indexes []Index
	listing int // position in indexes, -1: the index "a"
	script  string

	expires bool
	ttl     time.Duration
	sliding bool
	retry   bool
	events  Events
	limits  limits

	shards   int
	home     string
	shardKey []int // parts of the key
	children []Child

	keys                              []int // the key fields
	globals                           []int // positions in indexes of what is unique across shards
	key                               int   // the first key field: there if and only if the record is
	version, created, updated, expiry int   // positions of the fields with these roles, -1: none
	kept                              []int // fields that a write fills in, in the order the script knows
	isKept                            []bool
	position                          map[string]int
	write                             [4]func() *script // by writing
}

func newEntityInfo[T any, K comparable](e *Entity[T, K]) *entityInfo {
	info := &entityInfo{
		name: e.Name, goName: e.Type, fields: e.Fields, indexes: e.Indexes, listing: -1, script: e.Script,
		expires: e.Expires, ttl: e.TTL, sliding: e.Sliding, retry: e.Retry, events: e.Events,
		shards: e.Shards, home: e.Home, shardKey: e.ShardKey, children: e.Children,
		key: -1, version: -1, created: -1, updated: -1, expiry: -1,
		isKept:   make([]bool, len(e.Fields)),
		position: make(map[string]int, len(e.Fields)),
	}
	if e.Listing != nil {
		info.listing = *e.Listing
	}
	for i, ix := range e.Indexes {
		if ix.Global {
			info.globals = append(info.globals, i)
		}
	}
	for i, f := range e.Fields {
		info.position[f.Name] = i
		switch f.Role {
		case RoleKey:
			if info.key < 0 {
				info.key = i
			}
			info.keys = append(info.keys, i)
		case RoleVersion:
			info.version = i
		case RoleCreated:
			info.created = i
		case RoleUpdated:
			info.updated = i
		case RoleExpires:
			info.expiry = i
		}
	}
	for _, i := range []int{info.created, info.version, info.updated, info.expiry} {
		if i >= 0 {
			info.kept = append(info.kept, i)
			info.isKept[i] = true
		}
	}
	for _, how := range [...]writing{writeOne, writeMany, writeGuarded, writeFamily} {
		info.write[how] = sync.OnceValue(func() *script { return newWriteScript(info, how) })
	}
	return info
}

func (info *entityInfo) fieldError(field int, err error) error {
	name := "?"
	if field >= 0 && field < len(info.fields) {
		name = info.fields[field].Name
	}
	return &FieldError{Entity: info.goName, Field: name, Err: err}
}

// recordError wraps err with what failed on which record; of several, the one that
// cannot be read.
func (info *entityInfo) recordError(op, id string, err error) error {
	if err == nil {
		return nil
	}
	if u, ok := errors.AsType[*unreadable](err); ok && id == "" {
		id = u.id
	}
	return &RecordError{Op: op, Entity: info.name, ID: id, Err: err}
}

// space is the part of the keyspace that holds a shard of an entity: the prefix
// of the client, a hash tag, which keeps all of it in one slot, and the name of
// the entity if it lives in another's shards.
type space string

func (s space) record(id string) string { return string(s) + "r:" + id }

// index returns the key of an index; values are those of an IndexEqual.
func (s space) index(ix Index, values []string) string {
	switch ix.Kind {
	case IndexUnique:
		return string(s) + "u:" + ix.Name
	case IndexScore:
		return string(s) + "s:" + ix.Name
	case IndexLex:
		return string(s) + "l:" + ix.Name
	case IndexGeo:
		return string(s) + "g:" + ix.Name
	}
	return string(s) + "i:" + ix.Name + ":" + joinValues(values)
}

// listing is the key of the index that lists all records.
func (s space) listing(info *entityInfo) string {
	if info.listing < 0 {
		return s.all()
	}
	return s.index(info.indexes[info.listing], nil)
}

// all is the key of the index that lists the records of an entity that has no
// other index to list them.
func (s space) all() string { return string(s) + "a" }

// due is the key of the expiry ledger: ids by when they expire.
func (s space) due() string { return string(s) + "x" }

// events is the stream or the channel of change events.
func (s space) events() string { return string(s) + "e" }
