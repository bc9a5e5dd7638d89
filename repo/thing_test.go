package repo

import (
	"errors"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// text marshals itself as text and as bytes, unless it is "refuse".
type text string

var errText = errors.New("not accepted by the type")

func (x text) MarshalText() ([]byte, error) {
	if x == "refuse" {
		return nil, errText
	}
	return []byte(x), nil
}

func (x *text) UnmarshalText(data []byte) error {
	if string(data) == "refuse" {
		return errText
	}
	*x = text(data)
	return nil
}

func (x text) MarshalBinary() ([]byte, error) { return x.MarshalText() }

func (x *text) UnmarshalBinary(data []byte) error { return x.UnmarshalText(data) }

// thing has a field of each kind, and an index of each.
type thing struct {
	ID       string
	Name     string
	On       bool
	Small    int8
	Count    uint64
	Ratio    float32
	Data     []byte
	At       time.Time
	Text     text
	Binary   text
	Tags     []string
	Owner    string
	Serial   int64
	Password string
	Version  int64
	Created  time.Time
	Expires  *time.Time
}

// Positions of the fields of a thing that tests of queries name.
const (
	thingID = iota
	thingName
	thingOn
	thingSmall
	thingCount
	thingRatio
	thingData
	thingAt
	thingText
	thingBinary
	thingTags
	thingOwner
	thingSerial
	thingPassword
)

// things is what would be generated for thing.
var things = &Entity[*thing, string]{
	Name: "things",
	Type: "Thing",
	Fields: []FieldInfo{
		{Name: "id", Kind: KindString, Role: RoleKey},
		{Name: "name", Kind: KindString, Fold: true},
		{Name: "on", Kind: KindBool},
		{Name: "small", Kind: KindInt, Bits: 8},
		{Name: "count", Kind: KindUint, Bits: 64, Scored: true},
		{Name: "ratio", Kind: KindFloat, Bits: 32},
		{Name: "data", Kind: KindBytes},
		{Name: "at", Kind: KindTime, Scored: true},
		{Name: "text", Kind: KindText},
		{Name: "binary", Kind: KindBinary},
		{Name: "tags", Kind: KindJSON},
		{Name: "owner", Kind: KindString},
		{Name: "serial", Kind: KindInt, Bits: 64},
		{Name: "password", Kind: KindString, Secret: true},
		{Name: "version", Kind: KindInt, Bits: 64, Role: RoleVersion},
		{Name: "created", Kind: KindTime, Role: RoleCreated},
		{Name: "expires", Kind: KindTime, Role: RoleExpires},
	},
	Indexes: []Index{
		{Name: "text", Kind: IndexUnique, Fields: []int{thingText}},
		{Name: "login", Kind: IndexUnique, Fields: []int{thingOwner, thingPassword}},
		{Name: "on", Kind: IndexEqual, Fields: []int{thingOn}},
		{Name: "count", Kind: IndexScore, Fields: []int{thingCount}},
		{Name: "at", Kind: IndexScore, Fields: []int{thingAt}},
		{Name: "name", Kind: IndexLex, Fields: []int{thingName}},
		{Name: "serial", Kind: IndexLex, Fields: []int{thingSerial}},
		{Name: "tags", Kind: IndexEqual, Fields: []int{thingTags}, Each: true},
		{Name: "owner/at", Kind: IndexEqual, Fields: []int{thingOwner}, Order: new(thingAt)},
		{Name: "owner,on/count", Kind: IndexEqual, Fields: []int{thingOwner, thingOn}, Order: new(thingCount)},
	},
	New:    func() *thing { return new(thing) },
	ID:     StringID[string],
	Key:    func(v *thing) string { return v.ID },
	SetKey: func(v *thing, id string) error { v.ID = id; return nil },
	Encode: func(row *Row, v *thing) {
		row.String(v.ID)
		row.String(v.Name)
		row.Bool(v.On)
		row.Int(int64(v.Small))
		row.Uint(v.Count)
		row.Float(float64(v.Ratio), 32)
		row.Bytes(v.Data)
		row.Time(v.At)
		row.Text(&v.Text)
		row.Binary(&v.Binary)
		row.JSON(&v.Tags)
		row.String(v.Owner)
		row.Int(v.Serial)
		row.String(v.Password)
		row.Int(v.Version)
		row.Time(v.Created)
		if row.Present(v.Expires != nil) {
			row.Time(*v.Expires)
		}
	},
	Decode: func(r Reader, v *thing) error {
		v.ID = r.String()
		v.Name = r.String()
		v.On = r.Bool()
		v.Small = int8(r.Int(8))
		v.Count = r.Uint(64)
		v.Ratio = float32(r.Float(32))
		v.Data = r.Bytes()
		v.At = r.Time()
		r.Text(&v.Text)
		r.Binary(&v.Binary)
		r.JSON(&v.Tags)
		v.Owner = r.String()
		v.Serial = r.Int(64)
		v.Password = r.String()
		v.Version = r.Int(64)
		v.Created = r.Time()
		if r.Present() {
			v.Expires = new(r.Time())
		}
		return r.Err()
	},
}

// offline returns a client that reaches no server.
func offline(tb testing.TB, config Config) *Client {
	tb.Helper()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	tb.Cleanup(func() { _ = rdb.Close() })
	client, err := New(rdb, config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return client
}
