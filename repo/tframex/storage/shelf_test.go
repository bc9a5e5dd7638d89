package storage_test

import (
	"errors"
	"strings"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// shelf is a backend with settings of every kind, which opens nothing.
var shelf = storage.Driver{
	Type:    "shelf",
	Summary: "a backend of the tests",
	Settings: []storage.Setting{
		{Path: "path", Kind: storage.Text, Required: true, Doc: "Where it stands."},
		{Path: "host", Kind: storage.Text, Default: "localhost"},
		{Path: "port", Kind: storage.Integer, Default: int64(6379), Min: 1, Max: 65535},
		{Path: "password", Kind: storage.Text, Secret: true, Doc: "What opens it."},
		{Path: "pin", Kind: storage.Integer, Secret: true, Max: 9999},
		{Path: "ssl", Kind: storage.Flag, Default: false},
		{Path: "mode", Kind: storage.Text, Default: "prefer", Choices: []string{"disable", "prefer", "require"}},
		{Path: "boards", Kind: storage.Integer, Default: int64(10), Min: 1, Unit: "boards"},
		{Path: "slope", Kind: storage.Number, Default: 0.5, Max: 1},
		{Path: "labels", Kind: storage.Texts, Default: []string{"a", "b"}},
		{Path: "colours", Kind: storage.Texts, Choices: []string{"red", "blue"}},
		{Path: "ttl.sessions", Kind: storage.Seconds, Default: time.Hour, Min: 1},
		{Path: "ttl.temp_data", Kind: storage.Seconds, Default: 300 * time.Second, Min: 0.5, Max: 3600},
		{Path: "url", Kind: storage.Text},
	},
	Open: func(storage.Values) (storage.Storage, error) { return nil, errors.New("a shelf does not open") },
}

func init() { storage.Register(shelf) }

// known returns the types that are registered, as errors list them.
func known() string {
	var list []string
	for _, d := range storage.Drivers() {
		list = append(list, d.Type)
	}
	return strings.Join(list, ", ")
}
