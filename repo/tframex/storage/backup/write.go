package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// Options say what a backup has. The zero value is all tables, without secrets.
type Options struct {
	// Tables are the tables; none: all.
	Tables []string
	// Secrets says that the backup has the fields that are secret as well: the
	// password_hash and the api_key of users. Without them it does not let anybody in,
	// and users that are restored from it into an empty storage have no password.
	Secrets bool
	// Unreadable, if it is not nil, is told of records that cannot be read, such as a row
	// whose text is no JSON, which the backup then lacks; the manifest has their number.
	// nil: the first one is the error of Write.
	Unreadable func(Unreadable)
	// Progress, if it is not nil, is called now and then by the goroutine that writes.
	Progress func(Progress)
}

// Unreadable is a record that cannot be read.
type Unreadable struct {
	Table, ID string
	Err       error
}

// Write writes a backup of a storage to w, from first to last, and returns what it has. The
// storage may be written to meanwhile. It holds in memory one record of the storage, or as
// many as Export of the backend reads at a time. A lost connection is taken up again where it was
// lost, for some 16 seconds.
//
// A table that is asked for and that there is not is [storage.ErrNoTable], and nothing is
// written. After an error what was written is no backup: it has no seal.
func Write(ctx context.Context, w io.Writer, s storage.Storage, o Options) (Manifest, error) {
	m, err := write(ctx, w, s, o)
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	return m, nil
}

func write(ctx context.Context, w io.Writer, s storage.Storage, o Options) (Manifest, error) {
	tables, err := tablesOf(ctx, s, o.Tables)
	if err != nil {
		return Manifest{}, err
	}
	out, err := newWriter(w)
	if err != nil {
		return Manifest{}, err
	}
	out.m.Header = header(s.Backend(), tables, o)
	if err := out.line(line{Header: &out.m.Header}); err != nil {
		return Manifest{}, err
	}
	for _, t := range tables {
		if err := out.table(ctx, s, t, o); err != nil {
			return Manifest{}, fmt.Errorf("table %q: %w", t.Name, err)
		}
	}
	return out.finish()
}

// tablesOf returns the tables that a backup is to have, sorted.
func tablesOf(ctx context.Context, s storage.Storage, names []string) ([]storage.TableInfo, error) {
	asked := len(names) > 0
	if !asked {
		var err error
		if names, err = s.ListTables(ctx); err != nil {
			return nil, err
		}
	}
	var tables []storage.TableInfo
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		info, err := s.TableInfo(ctx, name)
		if errors.Is(err, storage.ErrNoTable) && !asked {
			continue // dropped a moment ago
		}
		if err != nil {
			return nil, err
		}
		info.Name = name
		tables = append(tables, info)
	}
	return tables, nil
}

// header returns the first line of a backup of the tables.
func header(backend string, tables []storage.TableInfo, o Options) Header {
	h := Header{Format: formatName, Version: formatVersion, Backend: backend, CreatedAt: time.Now().UTC(), Tables: []string{}}
	for _, t := range tables {
		h.Tables = append(h.Tables, t.Name)
		fields := secrets[strings.ToLower(t.Name)] // to SQLite, Users and users are one table
		if o.Secrets || len(fields) == 0 {
			continue
		}
		if h.Withheld == nil {
			h.Withheld = map[string][]string{}
		}
		h.Withheld[t.Name] = fields
	}
	return h
}

// writer writes the lines of a backup.
type writer struct {
	sealer *sealer
	zstd   *zstd.Encoder
	buf    *bytes.Buffer
	m      Manifest
	whole  hash.Hash
	part   hash.Hash // of the table; nil before the first
}

func newWriter(w io.Writer) (*writer, error) {
	out := &writer{sealer: &sealer{w: w, hash: sha256.New()}, buf: new(bytes.Buffer), whole: sha256.New()}
	var err error
	out.zstd, err = zstd.NewWriter(out.sealer, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window))
	return out, err
}

// table writes a table with its records.
func (out *writer) table(ctx context.Context, s storage.Storage, info storage.TableInfo, o Options) error {
	out.part = sha256.New()
	begin := &tableLine{Name: info.Name, CreatedAt: utc(info.CreatedAt)}
	if info.Schema != nil {
		schema, err := out.encode(info.Schema)
		if err != nil {
			return err
		}
		begin.Schema = bytes.Clone(schema)
	}
	if err := out.line(line{Table: begin}); err != nil {
		return err
	}
	t := Table{Name: info.Name}
	withheld := out.m.Header.Withheld[info.Name]
	for r, err := range retry.Records(ctx, s, info.Name, "", retry.Default) {
		if one := retry.Unreadable(err); one != nil && o.Unreadable != nil {
			t.Unreadable++
			o.Unreadable(Unreadable{info.Name, one.ID, one.Err})
			continue
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		doc, less := without(r.Document, withheld)
		if less {
			t.Withheld++
		}
		r.Document = doc
		if err := out.record(r); err != nil {
			return fmt.Errorf("record %q: %w", r.ID, err)
		}
		if t.Records++; t.Records%every == 0 {
			report(o.Progress, Progress{Writing, t.Name, t.Records, info.Records})
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	report(o.Progress, Progress{Writing, t.Name, t.Records, info.Records})
	t.SHA256 = fmt.Sprintf("%x", out.part.Sum(nil))
	out.m.Tables = append(out.m.Tables, t)
	out.m.Records += t.Records
	return nil
}

// report calls a function that may be nil.
func report(f func(Progress), p Progress) {
	if f != nil {
		f(p)
	}
}

// without returns a document without fields, and whether it had any of them.
func without(doc storage.Document, fields []string) (storage.Document, bool) {
	has := func(field string) bool { _, ok := doc[field]; return ok }
	if !slices.ContainsFunc(fields, has) {
		return doc, false
	}
	less := maps.Clone(doc)
	for _, field := range fields {
		delete(less, field)
	}
	return less, true
}

// record writes a record. One that Restore would not take is an error.
func (out *writer) record(r storage.Record) error {
	if r.Document == nil {
		return fmt.Errorf("%w: it has no document", storage.ErrValidation)
	}
	r.CreatedAt, r.UpdatedAt, r.ExpiresAt = utc(r.CreatedAt), utc(r.UpdatedAt), utc(r.ExpiresAt)
	before := out.m.Bytes
	err := out.line(struct {
		Record storage.Record `json:"record"`
	}{r})
	if err != nil || out.m.Bytes-before <= int64(maxDocument) {
		return err
	}
	doc, err := out.encode(r.Document)
	if n := len(doc) - 1; err == nil && n > maxDocument {
		err = fmt.Errorf("%w: %d bytes of JSON, at most %d", storage.ErrValidation, n, maxDocument)
	}
	return err
}

// utc returns a time in UTC, and the zero time as it is.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// line writes a line.
func (out *writer) line(v any) error {
	data, err := out.encode(v)
	if err != nil {
		return err
	}
	out.m.Bytes += int64(len(data))
	out.whole.Write(data)
	if out.part != nil {
		out.part.Write(data)
	}
	_, err = out.zstd.Write(data)
	return err
}

// encode returns a value as a line, which is good until the next one.
func (out *writer) encode(v any) ([]byte, error) {
	if out.buf.Cap() > keepBuffer {
		out.buf = new(bytes.Buffer)
	}
	out.buf.Reset()
	e := json.NewEncoder(out.buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("%w: no JSON: %w", storage.ErrValidation, err)
	}
	if n := out.buf.Len(); n > maxDocument+besides {
		return nil, fmt.Errorf("%w: a line of %d bytes, at most %d", storage.ErrValidation, n, maxDocument+besides)
	}
	return out.buf.Bytes(), nil
}

// finish writes the manifest and the seal.
func (out *writer) finish() (Manifest, error) {
	out.m.FinishedAt = time.Now().UTC()
	out.m.SHA256 = fmt.Sprintf("%x", out.whole.Sum(nil))
	if out.m.Tables == nil {
		out.m.Tables = []Table{}
	}
	data, err := out.encode(line{Manifest: &out.m})
	if err != nil {
		return Manifest{}, err
	}
	if _, err := out.zstd.Write(data); err != nil {
		return Manifest{}, err
	}
	if err := out.zstd.Close(); err != nil {
		return Manifest{}, err
	}
	out.m.Checksum, err = out.sealer.seal()
	return out.m, err
}
