// Package placement says where records live: which shard has a record, and by
// which hash tag a cluster finds the shard.
package placement

import (
	"strconv"
	"sync"
)

// Slots is how many slots a cluster has.
const Slots = 16384

// MostShards is how many shards an entity can have.
const MostShards = 1024

// Slot returns the slot of a cluster in which the keys of a hash tag are: CRC-16
// (XMODEM) modulo 16384, as the Redis Cluster specification has it.
func Slot(tag string) int { return int(crc(0, tag)) % Slots }

// Shard returns which of n shards has the records of a shard key: 64-bit FNV-1a,
// its halves folded by exclusive or, modulo n. CRC-16 would not do: of numbers that
// follow one another it gives some shards twice as many as others.
func Shard(key string, n int) int {
	sum := uint64(14695981039346656037)
	for i := range len(key) {
		sum = (sum ^ uint64(key[i])) * 1099511628211
	}
	return int(uint32(sum>>32^sum) % uint32(n))
}

// Tag returns the hash tag of shard i of n of an entity. The slots are divided
// into n parts of equal size, and shard i has its slot in the middle of part i,
// between three and five eighths, so that nodes with equally many slots have
// equally many shards: the tag is <entity>.<i>/<n>, with the first of no letter,
// a, b, … z, aa, ab, … behind it that leads there. An entity of one shard has its
// name for a tag.
func Tag(entity string, i, n int) string {
	if n <= 1 {
		return entity
	}
	stem := entity + "." + strconv.Itoa(i) + "/" + strconv.Itoa(n)
	low, high := (8*i+3)*Slots/(8*n), (8*i+5)*Slots/(8*n)
	start := crc(0, stem)
	var letters []byte
	for {
		if slot := int(crc(start, string(letters))) % Slots; low <= slot && slot < high {
			return stem + string(letters)
		}
		letters = next(letters)
	}
}

// Tags returns the hash tags of all n shards of an entity. To find them takes 20 ms
// for 1,024 shards, the first time.
func Tags(entity string, n int) []string {
	type key struct {
		entity string
		n      int
	}
	if list, ok := tags.Load(key{entity, n}); ok {
		return list.([]string)
	}
	list := make([]string, max(1, n))
	for i := range list {
		list[i] = Tag(entity, i, n)
	}
	tags.Store(key{entity, n}, list)
	return list
}

var tags sync.Map // of []string

// next returns the letters that come after others: a, …, z, aa, ….
func next(letters []byte) []byte {
	for i := len(letters) - 1; i >= 0; i-- {
		if letters[i] < 'z' {
			letters[i]++
			return letters
		}
		letters[i] = 'a'
	}
	return append(letters, 'a')
}

// crc goes on with a checksum.
func crc(sum uint16, s string) uint16 {
	for i := range len(s) {
		sum = sum<<8 ^ table[byte(sum>>8)^s[i]]
	}
	return sum
}

// table has the checksum of each byte, for the polynomial 0x1021.
var table = func() (t [256]uint16) {
	for i := range t {
		sum := uint16(i) << 8
		for range 8 {
			carry := sum&0x8000 != 0
			if sum <<= 1; carry {
				sum ^= 0x1021
			}
		}
		t[i] = sum
	}
	return t
}()
