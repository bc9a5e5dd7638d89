package storagecli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// endpoint is a storage that flags name.
type endpoint struct {
	side   string // "from" or "to"
	url    string
	file   string // with the configuration, in place of url
	fileAs string // the name of the flag
}

// fromFlags adds the flags of a storage that is read.
func fromFlags(flags *flag.FlagSet) *endpoint {
	e := &endpoint{side: "from", fileAs: "config"}
	flags.StringVar(&e.url, "from", "", "the storage that is read, as `URL`")
	flags.StringVar(&e.file, "config", "", "its configuration is in `FILE`, in place of -from")
	return e
}

// toFlags adds the flags of the other storage.
func toFlags(flags *flag.FlagSet) *endpoint {
	e := &endpoint{side: "to", fileAs: "to-config"}
	flags.StringVar(&e.url, "to", "", "the other storage, as `URL`")
	flags.StringVar(&e.file, "to-config", "", "its configuration is in `FILE`, in place of -to")
	return e
}

// config returns the configuration of the storage, with what the environment says.
func (e *endpoint) config() (config storage.Config, err error) {
	switch {
	case e.url == "" && e.file == "":
		return config, command.Usagef("name the storage by -%s or -%s", e.side, e.fileAs)
	case e.url != "" && e.file != "":
		return config, command.Usagef("-%s or -%s, not both", e.side, e.fileAs)
	case e.url != "":
		if config, err = storage.ParseURL(e.url); err != nil {
			return config, command.Usagef("-%s: %v", e.side, err)
		}
	default:
		if config, err = storage.LoadConfig(e.file); err != nil {
			return config, err
		}
	}
	return config.WithEnv("TFRAMEX_" + strings.ToUpper(e.side))
}

// opened is a storage that is connected, and what it is called.
type opened struct {
	storage.Storage
	name string
}

// use is what a storage is opened for.
type use int

const (
	reading   use = iota // it must be there
	writing              // it is prepared
	rehearsal            // nothing is written, and it need not be there
)

// mode returns the use of a target.
func mode(dry bool) use {
	if dry {
		return rehearsal
	}
	return writing
}

// open connects to the storage.
func (e *endpoint) open(ctx context.Context, what use) (*opened, error) {
	config, err := e.config()
	if err != nil {
		return nil, err
	}
	name := nameOf(config)
	if what != writing {
		if err := onlyRead(&config, what); err != nil {
			return nil, err
		}
	}
	s, err := storage.New(config)
	if err != nil {
		return nil, err
	}
	if what == writing {
		err = s.Initialize(ctx)
	} else {
		err = s.Connect(ctx)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return &opened{s, name}, nil
}

// onlyRead sees to it that the storage is not written to, as far as its type has a setting for
// that, and that no database is made of a file that is not there: it is an error, or for a
// rehearsal an empty database that is in no file.
func onlyRead(config *storage.Config, what use) error {
	const inMemory = ":memory:"
	path, isFile := config.Settings["database_path"].(string)
	if isFile && path != inMemory {
		_, err := os.Stat(path)
		switch {
		case errors.Is(err, os.ErrNotExist) && what == rehearsal:
			path = inMemory
			config.Settings["database_path"] = path
		case err != nil:
			return err
		}
	}
	if _, given := config.Settings[readOnly]; !given && path != inMemory && hasSetting(config.Type, readOnly) {
		config.Settings[readOnly] = true
	}
	return nil
}

const readOnly = "read_only"

// hasSetting tells whether storages of a type have a setting.
func hasSetting(typ, path string) bool {
	return slices.ContainsFunc(storage.Drivers(), func(d storage.Driver) bool {
		return d.Type == strings.ToLower(typ) && slices.ContainsFunc(d.Settings, func(s storage.Setting) bool { return s.Path == path })
	})
}

// places are the settings that tell one database from another.
var places = []string{"url", "addrs", "sentinel_master", "host", "port", "db", "database", "database_path", "endpoint_url", "bucket_name", "prefix", "key_prefix"}

// nameOf returns what a storage is called: its type and where it is, without a password.
func nameOf(config storage.Config) string {
	var parts []string
	for _, key := range places {
		value, given := config.Settings[key]
		if !given || value == nil {
			continue
		}
		text := withoutUser(fmt.Sprint(value))
		if key == "database_path" && text != ":memory:" {
			if path, err := filepath.Abs(text); err == nil {
				text = path
			}
		}
		parts = append(parts, key+"="+url.QueryEscape(text))
	}
	name := strings.ToLower(config.Type) + ":"
	if len(parts) > 0 {
		name += "?" + strings.Join(parts, "&")
	}
	return name
}

// withoutUser returns a text that may be a URL without its user, password and parameters.
func withoutUser(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return text
	}
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
}
