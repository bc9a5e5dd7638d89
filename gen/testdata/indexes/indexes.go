// Package indexes has every kind of index.
package indexes

import (
	"net/netip"
	"time"
)

// Label is an element of an indexed slice.
type Label string

// Product has fields with every kind of index.
//
//redisgen:entity products ttl=1h
//redisgen:index Shop, Listed order Price
//redisgen:index Shop order Added
//redisgen:index Region
type Product struct {
	ID       string        `redis:"id,key"`
	Shop     string        `redis:"shop,unique=shop_sku"`
	SKU      string        `redis:"sku,unique=shop_sku,fold"`
	Serial   uint64        `redis:"serial,unique"`
	Hash     []byte        `redis:"hash,unique"`
	Weight   float32       `redis:"weight,unique"`
	Seen     *time.Time    `redis:"seen,unique"`
	Host     *netip.Addr   `redis:"host,unique"`
	Fresh    time.Duration `redis:"fresh,unique"`
	Region   string        `redis:"region"`
	Building string        `redis:"building,index=place"`
	Floor    int           `redis:"floor,index=place"`
	Listed   bool          `redis:"listed"`
	Price    *int64        `redis:"price"`
	Stock    int           `redis:"stock,sort,index"`
	Rating   float64       `redis:"rating,sort"`
	Warranty time.Duration `redis:"warranty,sort"`
	Title    string        `redis:"title,sort=lex,fold"`
	Big      uint64        `redis:"big,sort=lex"`
	Gateway  netip.Addr    `redis:"gateway,sort=lex"`
	Colors   []string      `redis:"colors,index,fold"`
	Labels   []Label       `redis:"labels,index"`
	Sizes    []int8        `redis:"sizes,index"`
	Masks    []uint        `redis:"masks,index"`
	Hosts    []netip.Addr  `redis:"hosts,index"`
	Added    time.Time     `redis:"added,created,sort=lex"`
	Changed  time.Time     `redis:"changed,updated,index"`
	Until    time.Time     `redis:"until,expires,sort"`
	Version  int           `redis:"version,version,sort"`
}
