package repo

import "time"

// Kind says how the value of a field is stored.
type Kind uint8

// The kinds of stored values; schema.Kind documents each format.
const (
	KindString Kind = iota + 1
	KindBool
	KindInt
	KindUint
	KindFloat
	KindBytes
	KindTime
	KindText
	KindBinary
	KindJSON
)

// Role says what the repository itself does with a field.
type Role uint8

// The roles a field can have.
const (
	RoleNone    Role = iota
	RoleKey          // part of the primary key
	RoleVersion      // counts writes; Update checks it
	RoleCreated      // set when the record is created
	RoleUpdated      // set by every write
	RoleExpires      // mirrors the record's expiry
)

// FieldInfo describes a stored field.
type FieldInfo struct {
	Name   string // in Redis
	Kind   Kind
	Bits   int // of integers and floats; 0 is the width of int
	Role   Role
	Fold   bool // indexes compare it without case
	Scored bool // a sorted set uses it as score: ±2^53, no NaN, no infinity
	Geo    bool // a point, whose score a geo index keeps
	Secret bool // its value is kept out of errors and logs

	OmitEmpty bool // the zero value is not stored
	Event     bool // its value is part of change events
}

// IndexKind says what an index answers.
type IndexKind uint8

// The kinds of indexes.
const (
	IndexUnique IndexKind = iota + 1 // at most one record per value
	IndexEqual                       // records by value
	IndexScore                       // range and order by number or time
	IndexLex                         // range and order by bytes
	IndexGeo                         // points by where they are
)

// Index describes an index: positions refer to [Entity.Fields].
type Index struct {
	Name   string
	Kind   IndexKind
	Fields []int
	Order  *int // of IndexEqual: the field that orders the records of one value
	Each   bool // the field is a slice, and each element an entry
	Global bool // of IndexUnique: equal values may be in different shards
}

// Child describes the records that refer to those of an entity in the same
// shard.
type Child struct {
	Entity  AnyEntity // nil: the entity itself
	Name    string    // the field, for errors: "Message.ConversationID"
	Index   string    // the IndexEqual that finds them
	Cascade bool      // they are deleted with what they refer to; else they keep it from being deleted
}

// AnyEntity is an [Entity] of any type.
type AnyEntity interface{ describe() *entityInfo }

func (e *Entity[T, K]) describe() *entityInfo { return newEntityInfo(e) }

// Entity describes a kind of record to this package: T is a pointer to the
// struct, *User, and K the type of its key. redisgen generates the one value
// there is of it for each entity; it is not meant to be written by hand and
// must not be changed.
type Entity[T any, K comparable] struct {
	Name    string // in Redis: "users"
	Type    string // in Go: "User"
	Fields  []FieldInfo
	Indexes []Index
	Listing *int // the index that lists all records; nil: the entity keeps one apart

	Expires bool          // records may have a TTL
	TTL     time.Duration // the default; 0: none
	Sliding bool          // reads and writes renew the TTL
	Retry   bool          // records carry the token of their last write
	Events  Events        // how changes are told; "": not at all

	Shards   int     // among how many shards records are divided; 0 is 1
	Home     string  // the entity in whose shards records live; "": their own
	ShardKey []int   // the parts of the key that place a record; nil: all
	Children []Child // what refers to these records

	Script   string // what a write checks and moves, in Lua
	New      func() T
	ID       func(K) (string, error)
	Parse    func(id string) (K, error) // undoes ID, and refuses what ID never returns
	Key      func(T) K
	SetKey   func(T, string) error // nil: keys are never made up
	Encode   func(*Row, T)
	Decode   func(Reader, T) error
	Stamp    func(T, Stamp) // nil: a write sets nothing by itself
	Validate func(T) error  // nil: every record is valid
}

// Stamp is what a write set by itself, for the caller's struct to show.
type Stamp struct {
	Created, Updated, Expires time.Time // zero: the record has none
	Version                   int64
}

// Pointer returns &t, and nil for the zero time.
func (Stamp) Pointer(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
