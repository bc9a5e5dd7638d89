// Package schema is the model of what redisgen stores: packages of entities,
// their fields and their indexes, read from tagged Go structs.
//
// The model is plain data. Package internal/load fills it from Go source,
// [Package.Validate] checks it, package gen turns it into code. Every node
// knows its position in the source, so that every complaint can name it.
package schema

import (
	"fmt"
	"time"
)

// Pos is a position in a source file. The zero Pos is "unknown".
type Pos struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

func (p Pos) String() string {
	if p.Line == 0 {
		return "-"
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Package is a Go package and the entities declared in it.
type Package struct {
	Name     string    `json:"name"` // Go package name
	Path     string    `json:"path"` // import path
	Entities []*Entity `json:"entities"`
}

// Entity is one kind of record.
type Entity struct {
	Name string `json:"name"` // in Redis: "users"
	Type string `json:"type"` // in Go: "User"
	Doc  string `json:"doc,omitempty"`
	Pos  Pos    `json:"-"` // of the type's name

	Expires bool          `json:"expires,omitempty"` // records may have a TTL: ttl= or an expires field
	TTL     time.Duration `json:"ttl,omitempty"`     // the default TTL; 0: none
	Sliding bool          `json:"sliding,omitempty"` // every read and write renews the TTL
	Retry   bool          `json:"retry,omitempty"`   // records carry the token of their last write, so that a lost one can be retried

	Shards int    `json:"shards,omitempty"` // among how many shards records are divided; 0: one
	In     string `json:"in,omitempty"`     // the Go name of the entity in whose shards records live; "": their own
	Events string `json:"events,omitempty"` // how changes are told: "pubsub", "stream" or "" for not at all
	MaxLen int    `json:"maxlen,omitempty"` // about how many entries a stream of events keeps; 0: all

	Validates bool `json:"validates,omitempty"` // *Type has a method Validate() error

	Fields  []*Field `json:"fields"`
	Indexes []*Index `json:"indexes,omitempty"`

	// Directives positions entity options for complaints, by option name
	// ("ttl", "shards"); "" is the entity line itself.
	Directives map[string]Pos `json:"-"`
}

// Field is one stored field of an entity.
type Field struct {
	Name string   `json:"name"` // in Redis: "created_at"
	Go   string   `json:"go"`   // in Go: "CreatedAt"
	Path []string `json:"-"`    // selectors from the struct, through embedded structs: ["Base", "CreatedAt"]
	Doc  string   `json:"doc,omitempty"`
	Pos  Pos      `json:"-"` // of the field's name

	Type Type `json:"type"`

	Key       bool `json:"key,omitempty"`
	Fold      bool `json:"fold,omitempty"`
	Secret    bool `json:"secret,omitempty"`
	OmitEmpty bool `json:"omitempty,omitempty"`
	Version   bool `json:"version,omitempty"`
	Created   bool `json:"created,omitempty"`
	Updated   bool `json:"updated,omitempty"`
	Expires   bool `json:"expires,omitempty"`
	Geo       bool `json:"geo,omitempty"`
	Event     bool `json:"event,omitempty"` // its value is part of change events

	// Enum lists the constants of the field's type, in source order, when
	// the field has the enum option.
	Enum []Const `json:"enum,omitempty"`

	Shard bool   `json:"shard,omitempty"` // places the record, together with the other fields that do
	Ref   string `json:"ref,omitempty"`   // the Go name of the entity that it refers to

	OnDelete string `json:"ondelete,omitempty"` // of Ref: "restrict", "cascade", or "" for restrict

	// TagPos positions the options of the redis tag, by option name;
	// "" is the name in the tag.
	TagPos map[string]Pos `json:"-"`
}

// Const is a constant of an enum type: its Go name and its value as stored.
type Const struct {
	Go    string `json:"go"`    // as a [Type.Go] expression: "example.com/app".StatusActive
	Value string `json:"value"` // "active", "3"
}

// Kind says how a value is stored.
type Kind string

const (
	String   Kind = "string"   // the bytes of the string
	Bool     Kind = "bool"     // 1 or 0
	Int      Kind = "int"      // decimal; Bits says how wide
	Uint     Kind = "uint"     // decimal
	Float    Kind = "float"    // shortest decimal that reads back the same
	Bytes    Kind = "bytes"    // as they are
	Time     Kind = "time"     // UTC, RFC 3339 with six decimals, always 27 bytes
	Duration Kind = "duration" // nanoseconds, decimal
	Text     Kind = "text"     // encoding.TextMarshaler and TextUnmarshaler
	Binary   Kind = "binary"   // encoding.BinaryMarshaler and BinaryUnmarshaler
	JSON     Kind = "json"     // anything else, as encoding/json writes it
)

// Type is the Go type of a field and how it is stored.
type Type struct {
	// Go is the type as Go source, each package name replaced by its quoted
	// import path: map[string]"github.com/google/uuid".UUID.
	Go   string `json:"go"`
	Kind Kind   `json:"kind"`
	Bits int    `json:"bits,omitempty"` // of Int, Uint and Float: 8, 16, 32, 64

	// Pointer: the field is a *T and Go, Kind and Bits describe T. Nil is
	// stored as no field at all.
	Pointer bool `json:"pointer,omitempty"`

	// Named: Go is a defined type over a basic kind (or []byte), so a value
	// needs a conversion to and from the kind's own type.
	Named bool `json:"named,omitempty"`

	// Elem is the element of a slice stored as JSON, nil for all else. Elem
	// types that are String, Bool, Int, Uint or Text can be indexed.
	Elem *Type `json:"elem,omitempty"`

	// Nilable: the zero value of Go is nil (slice, map, interface); nil is
	// stored as no field at all.
	Nilable bool `json:"nilable,omitempty"`
}

// IndexKind says what an index answers.
type IndexKind string

const (
	Unique IndexKind = "unique" // at most one record per value: hash, value -> id
	Equal  IndexKind = "equal"  // records by value, in order: one sorted set per value
	Score  IndexKind = "sort"   // range and order by number: one sorted set
	Lex    IndexKind = "lex"    // range and order by bytes: one sorted set
	Geo    IndexKind = "geo"    // points by where they are: one sorted set
)

// Index is a secondary index of an entity.
type Index struct {
	// Name is unique within entity and kind: the field's name, the group's
	// name, or of an index directive the names of the fields, joined by
	// commas, and after a slash the field it is ordered by: "status/created_at".
	Name   string    `json:"name"`
	Kind   IndexKind `json:"kind"`
	Fields []string  `json:"fields"`          // names of fields, in order
	Order  string    `json:"order,omitempty"` // of Equal: name of the field that orders it
	Group  bool      `json:"group,omitempty"` // named by the options unique=group or index=group
	Pos    Pos       `json:"-"`

	FieldPos []Pos `json:"-"` // of each of Fields: its option or its name in the directive
	OrderPos Pos   `json:"-"` // of Order in the directive
}
