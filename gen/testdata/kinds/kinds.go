// Package kinds has a field of every kind of type.
package kinds

import (
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"time"
)

// Types over basic kinds.
type (
	Name   string
	Flag   bool
	Level  int8
	Size   uint32
	Ratio  float32
	Blob   []byte
	Labels []string
	Attrs  map[string]string
	Point  struct{ X, Y int }
)

// Value has fields by value.
//
//redisgen:entity values
type Value struct {
	ID        int64           `redis:"id,key"`
	String    string          `redis:"string"`
	Bool      bool            `redis:"bool"`
	Int       int             `redis:"int"`
	Int8      int8            `redis:"int8"`
	Rune      rune            `redis:"rune"`
	Int64     int64           `redis:"int64"`
	Uint      uint            `redis:"uint"`
	Byte      byte            `redis:"byte"`
	Uint64    uint64          `redis:"uint64"`
	Float32   float32         `redis:"float32"`
	Float64   float64         `redis:"float64"`
	Bytes     []byte          `redis:"bytes"`
	Time      time.Time       `redis:"time"`
	Duration  time.Duration   `redis:"duration"`
	Text      netip.Addr      `redis:"text"`
	IP        net.IP          `redis:"ip"`
	Binary    url.URL         `redis:"binary"`
	Point     Point           `redis:"point"`
	Any       any             `redis:"any"`
	Map       map[Name][]Name `redis:"map"`
	Array     [2]int          `redis:"array"`
	Anonymous struct {
		A int `json:"a"`
	} `redis:"anonymous"`
	Name   Name   `redis:"name"`
	Flag   Flag   `redis:"flag"`
	Level  Level  `redis:"level"`
	Size   Size   `redis:"size"`
	Ratio  Ratio  `redis:"ratio"`
	Blob   Blob   `redis:"blob"`
	Labels Labels `redis:"labels"`
	Attrs  Attrs  `redis:"attrs"`
}

// Pointer has fields that may be nil.
//
//redisgen:entity pointers
type Pointer struct {
	ID       uint16         `redis:"id,key"`
	String   *string        `redis:"string"`
	Bool     *bool          `redis:"bool"`
	Int      *int           `redis:"int"`
	Int64    *int64         `redis:"int64"`
	Uint8    *uint8         `redis:"uint8"`
	Float32  *float32       `redis:"float32"`
	Float64  *float64       `redis:"float64"`
	Time     *time.Time     `redis:"time"`
	Duration *time.Duration `redis:"duration"`
	Text     *netip.Addr    `redis:"text"`
	Number   *big.Int       `redis:"number"`
	Binary   *url.URL       `redis:"binary"`
	Point    *Point         `redis:"point"`
	Name     *Name          `redis:"name"`
	Flag     *Flag          `redis:"flag"`
	Level    *Level         `redis:"level"`
	Omitted  *string        `redis:"omitted,omitempty"`
}

// Omitted has fields whose zero value is not stored.
//
//redisgen:entity omitted
type Omitted struct {
	ID       Name           `redis:"id,key"`
	String   string         `redis:"string,omitempty"`
	Bool     bool           `redis:"bool,omitempty"`
	Int      int            `redis:"int,omitempty"`
	Uint64   uint64         `redis:"uint64,omitempty"`
	Float64  float64        `redis:"float64,omitempty"`
	Bytes    []byte         `redis:"bytes,omitempty"`
	Time     time.Time      `redis:"time,omitempty"`
	Duration time.Duration  `redis:"duration,omitempty"`
	Text     netip.Addr     `redis:"text,omitempty"`
	Point    Point          `redis:"point,omitempty"`
	Any      any            `redis:"any,omitempty"`
	Slice    []int          `redis:"slice,omitempty"`
	Map      map[string]int `redis:"map,omitempty"`
	Flag     Flag           `redis:"flag,omitempty"`
	Labels   Labels         `redis:"labels,omitempty"`
	Attrs    Attrs          `redis:"attrs,omitempty"`
}
