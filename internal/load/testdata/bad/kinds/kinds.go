// Package kinds has fields of types that cannot be stored.
package kinds

import (
	"encoding/json"
	"sync"
	"unsafe"

	"github.com/redisgen/redisgen/internal/load/testdata/bad/kinds/other"
)

// Record has them all.
//
//redisgen:entity records
type Record struct {
	ID        string               `redis:"id,key"`
	Chan      chan int             `redis:"chan"`
	Func      func()               `redis:"func"`
	Complex   complex128           `redis:"complex"`
	Pointer   unsafe.Pointer       `redis:"pointer"`
	Address   uintptr              `redis:"address"`
	Double    **int                `redis:"double"`
	Slice     *[]string            `redis:"slice"`
	Bytes     *[]byte              `redis:"bytes"`
	Map       *map[string]int      `redis:"map"`
	Any       *any                 `redis:"any"`
	Mutex     sync.Mutex           `redis:"mutex"`
	Settings  Settings             `redis:"settings"`
	Chans     []chan int           `redis:"chans"`
	Deep      map[string][]*Tree   `redis:"deep"`
	Keys      map[float64]string   `redis:"keys"`
	Interface json.Marshaler       `redis:"interface"`
	Error     error                `redis:"error"`
	Missing   Missing              `redis:"missing"`
	Missings  map[string][]Missing `redis:"missings"`
	NoImport  nowhere.Thing        `redis:"no_import"`
	Writes    Writes               `redis:"writes"`
	Reads     []Reads              `redis:"reads"`
	Named     Named                `redis:"named"`
	Generic   Box[func()]          `redis:"generic"`
	Anonymous struct{ F func() }   `redis:"anonymous"`
	other.Base
}

// Settings hold something that cannot be stored.
type Settings struct {
	Name   string
	Notify chan<- string
	Silent chan int `json:"-"`
}

// Tree holds it further down.
type Tree struct {
	Children []*Tree
	Leaf     struct{ Value complex64 }
}

// Writes can only be written.
type Writes struct{ A int }

func (Writes) MarshalJSON() ([]byte, error) { return nil, nil }

// Reads can only be read.
type Reads struct{ A int }

func (*Reads) UnmarshalText([]byte) error { return nil }

// Named is a pointer.
type Named *int

// Box holds a value.
type Box[T any] struct{ Value T }
