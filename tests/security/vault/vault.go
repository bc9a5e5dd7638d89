// Package vault is a consumer of redisgen for tests: an entity most of whose
// fields are secret.
package vault

import (
	"fmt"
	"strings"
	"time"
)

//go:generate go run github.com/redisgen/redisgen/cmd/redisgen generate

// Level is how much somebody may do.
type Level string

// The levels.
const (
	Low  Level = "low"
	High Level = "high"
)

// Key refuses texts with "bad" in them, with an error that quotes them.
type Key string

// MarshalText returns the key.
func (k Key) MarshalText() ([]byte, error) { return []byte(k), k.check() }

// UnmarshalText sets the key.
func (k *Key) UnmarshalText(text []byte) error {
	*k = Key(text)
	return k.check()
}

func (k Key) check() error {
	if strings.Contains(string(k), "bad") {
		return fmt.Errorf("%q is no key", string(k))
	}
	return nil
}

// Credential is what somebody signs in with.
//
//redisgen:entity credentials ttl
type Credential struct {
	ID      string         `redis:"id,key"`
	Name    string         `redis:"name,unique"`
	Token   string         `redis:"token,secret"`
	Level   Level          `redis:"level,enum,secret"`
	Pin     int64          `redis:"pin,secret"`
	Tries   int8           `redis:"tries,secret"`
	Weight  float64        `redis:"weight,secret"`
	Open    bool           `redis:"open,secret"`
	Key     Key            `redis:"key,secret"`
	Answers map[string]any `redis:"answers,secret"`
	Hints   []string       `redis:"hints,secret"`
	Blob    []byte         `redis:"blob,secret"`
	Since   *time.Time     `redis:"since,secret"`
	Version int64          `redis:"version,version"`
}
