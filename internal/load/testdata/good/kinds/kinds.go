// Package kinds has a field of every type that can be stored.
package kinds

import (
	"encoding/json"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Record has every type.
//
//redisgen:entity records
type Record struct {
	ID string `redis:"id,key"` // ID is the key.

	String   string        `redis:"string"`
	Bool     bool          `redis:"bool"`
	Int      int           `redis:"int"`
	Int8     int8          `redis:"int8"`
	Int16    int16         `redis:"int16"`
	Int32    int32         `redis:"int32"`
	Int64    int64         `redis:"int64"`
	Rune     rune          `redis:"rune"`
	Uint     uint          `redis:"uint"`
	Uint8    uint8         `redis:"uint8"`
	Uint16   uint16        `redis:"uint16"`
	Uint32   uint32        `redis:"uint32"`
	Uint64   uint64        `redis:"uint64"`
	Byte     byte          `redis:"byte"`
	Float32  float32       `redis:"float32"`
	Float64  float64       `redis:"float64"`
	Bytes    []byte        `redis:"bytes"`
	Time     time.Time     `redis:"time"`
	Duration time.Duration `redis:"duration"`

	NamedString Name    `redis:"named_string"`
	NamedInt    Level   `redis:"named_int"`
	NamedFloat  Ratio   `redis:"named_float"`
	NamedBytes  Blob    `redis:"named_bytes"`
	NamedTime   Moment  `redis:"named_time"`
	NamedWait   Wait    `redis:"named_wait"`
	Alias       NameToo `redis:"alias"`

	PointerString   *string        `redis:"pointer_string"`
	PointerInt      *int32         `redis:"pointer_int"`
	PointerTime     *time.Time     `redis:"pointer_time"`
	PointerDuration *time.Duration `redis:"pointer_duration"`
	PointerNamed    *Name          `redis:"pointer_named"`
	PointerStruct   *Address       `redis:"pointer_struct"`

	Text        netip.Addr `redis:"text"`
	TextInt     slog.Level `redis:"text_int"`
	TextBytes   net.IP     `redis:"text_bytes"`
	PointerText *big.Int   `redis:"pointer_text"`
	Binary      url.URL    `redis:"binary"`
	PointerURL  *url.URL   `redis:"pointer_url"`

	Slice     []string                      `redis:"slice"`
	Ints      []int64                       `redis:"ints"`
	Texts     []netip.Addr                  `redis:"texts"`
	Pointers  []*Address                    `redis:"pointers"`
	Named     Names                         `redis:"named"`
	Array     [3]float64                    `redis:"array"`
	Map       map[string]any                `redis:"map"`
	TextMap   map[netip.Addr]Level          `redis:"text_map"`
	Set       map[string]struct{}           `redis:"set"`
	Any       any                           `redis:"any"`
	Raw       json.RawMessage               `redis:"raw"`
	Struct    Address                       `redis:"struct"`
	Recursive Tree                          `redis:"recursive"`
	Custom    Custom                        `redis:"custom"`
	Generic   Box[Name]                     `redis:"generic"`
	Pair      Pair[string, Box[netip.Addr]] `redis:"pair"`
	Optional  Optional[int]                 `redis:"optional"`
	Anonymous struct{ A, B int }            `redis:"anonymous"`

	Untagged chan int
	Ignored  func() `redis:"-"`
	Other    string `json:"other"`
}

// Name is a string.
type Name string

// NameToo is the same type as Name.
type NameToo = Name

// Names are several.
type Names []Name

// Level is an integer.
type Level int16

// Ratio is a float.
type Ratio float32

// Blob is bytes.
type Blob []byte

// Moment is a time with the fields of one, and no methods.
type Moment struct{ time.Time }

// Wait is an integer, not a duration.
type Wait time.Duration

// Address is a struct.
type Address struct {
	Street string
	mu     chan int
	Notify chan int `json:"-"`
}

// Tree has itself for children.
type Tree struct {
	Value    int
	Children []*Tree
}

// Custom marshals itself.
type Custom struct{ notify chan int }

func (Custom) MarshalJSON() ([]byte, error)  { return []byte("{}"), nil }
func (*Custom) UnmarshalJSON(b []byte) error { return nil }

// Box holds a value.
type Box[T any] struct{ Value T }

// Pair holds two.
type Pair[A, B any] struct {
	First  A
	Second B
}

// Optional is stored as text.
type Optional[T any] struct{ value *T }

func (o Optional[T]) MarshalText() ([]byte, error) { return nil, nil }

func (o *Optional[T]) UnmarshalText([]byte) error { return nil }
