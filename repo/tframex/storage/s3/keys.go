package s3

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// metadataName is the object of a table that was created.
const metadataName = "_metadata.json"

// tablesKey is where the keys of all tables begin.
func (c *conn) tablesKey() string { return c.config.Prefix + "tables/" }

// tableKey is where all keys of a table begin.
func (c *conn) tableKey(table string) string { return c.tablesKey() + table + "/" }

// dataKey is where the keys of the documents of a table begin.
func (c *conn) dataKey(table string) string { return c.tableKey(table) + "data/" }

// dayKey is where the keys of the documents of a day begin.
func (c *conn) dayKey(table string, at time.Time) string {
	return c.dataKey(table) + at.UTC().Format("2006/01/02/")
}

// key is that of a new document.
func (c *conn) key(table, id string, at time.Time) string {
	return c.dayKey(table, at) + fileName(id)
}

// documentKey is what the keys of documents look like behind dataKey.
var documentKey = regexp.MustCompile(`^\d{4}/\d{2}/\d{2}/(.+)\.json$`)

// keyID returns the id of the document that a key is of; false if it is of none.
func (c *conn) keyID(table, key string) (string, bool) {
	found := documentKey.FindStringSubmatch(strings.TrimPrefix(key, c.dataKey(table)))
	if found == nil {
		return "", false
	}
	return unescape(found[1]), true
}

// fileName is the last part of the key of a document.
func fileName(id string) string { return escape(id) + ".json" }

// fileNames are all that the document may have: one that another program stored may have
// the id as it is.
func fileNames(id string) []string {
	names := []string{fileName(id)}
	parts := strings.Split(id, "/")
	if escape(id) != id && unescape(id) == id && !slices.ContainsFunc(parts, func(part string) bool { return strings.Trim(part, ".") == "" }) {
		names = append(names, id+".json")
	}
	return names
}

// long marks an id that is too long to be escaped byte by byte: a key has 1,024 bytes.
const long = "%~"

// escape returns an id in the form of keys: letters, digits and -_.~:@=+, stand for
// themselves, so UUIDs do, and %XX for all other bytes. If that has more than 600 bytes, it
// is %~ and the id in base64.
func escape(id string) string {
	var b strings.Builder
	for i := range len(id) {
		if plain(id[i]) {
			b.WriteByte(id[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", id[i])
		}
	}
	if b.Len() > 600 {
		return long + base64.RawURLEncoding.EncodeToString([]byte(id))
	}
	return b.String()
}

func plain(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte("-_.~:@=+,", b) >= 0
}

// unescape returns the id that a name in a key is of. What escape has not made is the id
// itself.
func unescape(name string) string {
	if text, ok := strings.CutPrefix(name, long); ok {
		if id, err := base64.RawURLEncoding.DecodeString(text); err == nil {
			return string(id)
		}
		return name
	}
	if id, err := url.PathUnescape(name); err == nil {
		return id
	}
	return name
}
