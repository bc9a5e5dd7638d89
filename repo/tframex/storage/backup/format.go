package backup

import (
	"encoding/json"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Name and version of the format. A change that a reader of the version before would
// misunderstand has a new version; fields that it may as well not know do not.
const (
	formatName    = "tframex-backup"
	formatVersion = 1
)

// Bounds of what is read and written.
const (
	besides    = 64 << 10 // bytes of a line that are not the document, at most
	window     = 4 << 20  // of the encoder
	maxWindow  = 8 << 20  // what decoders of zstd all take
	every      = 1000     // records from one call of Progress to the next
	keepBuffer = 1 << 20  // larger ones are let go after use
)

// maxDocument is how many bytes of JSON a document has at most: as storages have it. Tests
// have less.
var maxDocument = 64 << 20

// secrets are the fields, by table in lower case, that are left out unless they are asked
// for: those that the entities of schema/tframex mark as secret.
var secrets = map[string][]string{"users": {"api_key", "password_hash"}}

// line is a line of a backup; it has one of these.
type line struct {
	Header   *Header    `json:"header,omitempty"`
	Table    *tableLine `json:"table,omitempty"`
	Record   *record    `json:"record,omitempty"`
	Manifest *Manifest  `json:"manifest,omitempty"`
}

// Header is the first line of a backup: what is known when it is begun.
type Header struct {
	Format    string    `json:"format"`  // tframex-backup
	Version   int       `json:"version"` // 1
	Backend   string    `json:"backend"` // the type of the storage
	CreatedAt time.Time `json:"created_at"`
	// Tables are those of the backup, sorted as they are there.
	Tables []string `json:"tables"`
	// Withheld are the fields, by table of the backup, that were left out of documents
	// as they are secret; none if it was made with [Options.Secrets].
	Withheld map[string][]string `json:"withheld,omitempty"`
}

// tableLine begins a table.
type tableLine struct {
	Name      string          `json:"name"`
	Schema    json.RawMessage `json:"schema,omitempty"`    // an object; nil: none
	CreatedAt time.Time       `json:"created_at,omitzero"` // zero: it was never created
}

// record is a storage.Record whose document is not yet parsed.
type record struct {
	ID        string          `json:"id"`
	Document  json.RawMessage `json:"document"`
	CreatedAt time.Time       `json:"created_at,omitzero"`
	UpdatedAt time.Time       `json:"updated_at,omitzero"`
	ExpiresAt time.Time       `json:"expires_at,omitzero"`
}

// parse returns the record with its document.
func (r *record) parse() (storage.Record, error) {
	doc, err := storage.ParseDocument(r.Document)
	return storage.Record{ID: r.ID, Document: doc, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, ExpiresAt: r.ExpiresAt}, err
}

// expired tells whether the record is gone by now.
func (r *record) expired(now time.Time) bool {
	return !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(now)
}

// Manifest tells what a backup has. It is the last line, without the header and the
// checksum of the file.
type Manifest struct {
	Header Header `json:"-"`
	// Tables are those of the header, in its order.
	Tables []Table `json:"tables"`
	// Records is how many all tables have.
	Records int64 `json:"records"`
	// Bytes is how long the lines before the manifest are, before compression.
	Bytes int64 `json:"bytes"`
	// SHA256 is the checksum of the lines before the manifest, in hexadecimal digits.
	SHA256 string `json:"sha256"`
	// FinishedAt is when the last record was read.
	FinishedAt time.Time `json:"finished_at"`
	// Checksum is the SHA-256 of the compressed file up to its seal, in hexadecimal
	// digits. It stands for the backup: no two have the same.
	Checksum string `json:"-"`
}

// Table tells what a backup has of a table.
type Table struct {
	Name    string `json:"name"`
	Records int64  `json:"records"`
	// Unreadable is how many records could not be read, and are not in it.
	Unreadable int64 `json:"unreadable,omitempty"`
	// Withheld is how many documents had secret fields that were left out.
	Withheld int64 `json:"withheld,omitempty"`
	// SHA256 is the checksum of the table's lines, in hexadecimal digits.
	SHA256 string `json:"sha256"`
}

// Phase is what a backup or a restore is doing.
type Phase string

// The phases of a backup and a restore.
const (
	Writing   Phase = "writing"   // the backup
	Checking  Phase = "checking"  // that the file is whole
	Comparing Phase = "comparing" // which records the storage has already
	Restoring Phase = "restoring"
)

// Progress tells how far it has come with a table.
type Progress struct {
	Phase   Phase
	Table   string
	Records int64 // done, of the table
	Total   int64 // of the table; while Writing as many as it had at the start, while Checking 0: not known
}
