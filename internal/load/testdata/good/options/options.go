// Package options has an entity with every option.
package options

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/redisgen/redisgen/repo"
)

// User is a person who can sign in.
// There are many.
//
//redisgen:entity users ttl=720h sliding events=stream
//redisgen:index Status, Role order CreatedAt
//redisgen:index	Tags   order   Age
//redisgen:index Team
type User struct {
	// ID is the key.
	ID        string         `json:"id" redis:"id,key"`
	Username  string         `redis:"username,unique,fold"`
	Email     *string        `redis:"email,unique"` // Email may be missing.
	Status    Status         `redis:"status,enum,index"`
	Role      *Role          `redis:"role,enum"`
	Method    Method         `redis:"method,enum"`
	Age       int            `redis:"age,sort"`
	Size      uint64         `redis:"size,sort=lex"`
	Nick      string         `redis:"nick,sort=lex,fold,omitempty"`
	Tags      []string       `redis:"tags,index,fold"`
	Hosts     []netip.Addr   `redis:"hosts,index"`
	Password  []byte         `redis:"password_hash,secret"`
	Team      uint16         `redis:"team,unique=seat,ref=Team,ondelete=cascade"`
	Seat      int            `redis:"seat,unique=seat,unique=desk"`
	Floor     int            `redis:"floor,unique=desk,index=place,index"`
	House     string         `redis:"house,index=place"`
	Where     *repo.Point    "json:\"where\" redis:\"where,geo\""
	Weight    float64        `redis:"weight,sort,omitempty"`
	CreatedAt time.Time      `redis:"created_at,created,sort"`
	UpdatedAt *time.Time     `redis:"updated_at,updated"`
	ExpiresAt *time.Time     `redis:"expires_at,expires"`
	Version   uint32         `redis:"version,version"`
	Metadata  map[string]any `redis:"metadata,omitempty"`
}

// Status says how a user is.
type Status string

// The statuses.
const (
	Active  Status = "active"
	blocked Status = "blocked"
	Default        = Active
	Other   string = "other"
)

// Role says what a user may do.
type Role int8

// The roles.
const (
	Nobody Role = iota - 1
	Member
	Admin
)

// Method is of another package's kind.
type Method = http.ConnState

// Validate refuses a user without a name.
func (u *User) Validate() error {
	if u.Username == "" {
		return errors.New("no name")
	}
	return nil
}

// Membership has a composite key.
//
//redisgen:entity memberships ttl
//redisgen:index Group order Since
type Membership struct {
	User  string     `redis:"user,key"`
	Group netip.Addr `redis:"group,key"`
	Since time.Time  `redis:"since"`
}

// Team lives with a user.
//
//redisgen:entity teams in=User ttl=0
type Team struct {
	Number uint16 `redis:"n.o-_1,key"`
}

// Shards are many.
//
//redisgen:entity shards shards=16
type Shards struct {
	ID int `redis:"id,key"`
}

// Validate is not the method of that name.
func (Shards) Validate() bool { return true }

type (
	// Grouped is declared in a group.
	//
	//redisgen:entity grouped
	Grouped struct {
		ID string `redis:"id,key"`
	}

	// Copy has the fields of another struct.
	//
	//redisgen:entity copies
	Copy Grouped
)
