package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// visitor is told what a backup has, in its order. Its errors end the reading.
type visitor interface {
	table(t *tableLine) error
	record(r *record) error
	end() error // of the table
}

// scan reads a backup to its end and returns what it has, if it is whole; what a visitor was
// told before may be of a backup that is not. In memory is one line at a time.
func scan(ctx context.Context, r io.Reader, v visitor) (Manifest, error) {
	in := &reader{sealed: newUnsealer(contextReader{ctx, r}), v: v, whole: sha256.New()}
	var err error
	in.zstd, err = zstd.NewReader(in.sealed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecodeBuffersBelow(0))
	if err != nil {
		return Manifest{}, err
	}
	defer in.zstd.Close()
	in.buf = bufio.NewReaderSize(in.zstd, 64<<10)
	if err := in.read(ctx); err != nil {
		return Manifest{}, err
	}
	in.m.Checksum = fmt.Sprintf("%x", in.sealed.hash.Sum(nil))
	return in.m, nil
}

// contextReader reads until the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// reader reads the lines of a backup.
type reader struct {
	sealed *unsealer
	zstd   *zstd.Decoder
	buf    *bufio.Reader
	v      visitor

	text   []byte // of the line
	number int64  // of the line
	m      Manifest
	whole  hash.Hash
	part   hash.Hash // of the table; nil before the first
}

// read reads all.
func (in *reader) read(ctx context.Context) error {
	if err := in.header(); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		l, err := in.next()
		switch {
		case err == io.EOF:
			return damaged(in.number, "the manifest is missing")
		case err != nil:
			return err
		case l.Manifest != nil:
			return in.finish(l.Manifest)
		case l.Table != nil:
			err = in.table(l.Table)
		case l.Record != nil:
			err = in.record(l.Record)
		default:
			err = damaged(in.number, "neither a table nor a record nor the manifest")
		}
		if err != nil {
			return err
		}
	}
}

// header reads the first line.
func (in *reader) header() error {
	l, err := in.next()
	switch {
	case errors.Is(err, zstd.ErrMagicMismatch), err == io.EOF:
		return fmt.Errorf("%w: it does not begin as backups do", ErrFormat)
	case err != nil:
		return err
	case l.Header == nil || l.Header.Format != formatName:
		return fmt.Errorf("%w: its first line is not that of backups", ErrFormat)
	case l.Header.Version != formatVersion:
		return fmt.Errorf("%w: it is of version %d, known is %d; use the program that has made it, or a newer one", ErrVersion, l.Header.Version, formatVersion)
	}
	for i, name := range l.Header.Tables {
		if err := storage.CheckTable(name); err != nil {
			return damaged(in.number, "%w", err)
		}
		if i > 0 && l.Header.Tables[i-1] >= name {
			return damaged(in.number, "tables that are not sorted")
		}
	}
	in.m.Header = *l.Header
	in.sum()
	return nil
}

// table reads the line that begins a table.
func (in *reader) table(t *tableLine) error {
	if err := in.endTable(); err != nil {
		return err
	}
	names := in.m.Header.Tables
	if n := len(in.m.Tables); n >= len(names) || names[n] != t.Name {
		return damaged(in.number, "table %.80q is not the one that the header has here", t.Name)
	}
	if len(t.Schema) > 0 && !object(t.Schema) {
		return damaged(in.number, "a schema that is no object, or too long")
	}
	in.part = sha256.New()
	in.sum()
	in.m.Tables = append(in.m.Tables, Table{Name: t.Name})
	return in.v.table(t)
}

// record reads the line of a record.
func (in *reader) record(r *record) error {
	switch {
	case in.part == nil:
		return damaged(in.number, "a record before the first table")
	case r.ID == "":
		return damaged(in.number, "a record without id")
	case !object(r.Document):
		return damaged(in.number, "a document that is no object, or too long")
	}
	in.sum()
	in.m.Records++
	in.m.Tables[len(in.m.Tables)-1].Records++
	return in.v.record(r)
}

// object tells whether JSON is an object that storages take.
func object(data []byte) bool { return len(data) <= maxDocument && bytes.HasPrefix(data, []byte("{")) }

// endTable ends the table, if there was one.
func (in *reader) endTable() error {
	if in.part == nil {
		return nil
	}
	in.m.Tables[len(in.m.Tables)-1].SHA256 = fmt.Sprintf("%x", in.part.Sum(nil))
	return in.v.end()
}

// finish compares what was read with the manifest, and reads the end.
func (in *reader) finish(m *Manifest) error {
	if err := in.endTable(); err != nil {
		return err
	}
	if got := fmt.Sprintf("%x", in.whole.Sum(nil)); got != m.SHA256 || in.m.Bytes != m.Bytes || in.m.Records != m.Records {
		return damaged(in.number, "the manifest is of other lines")
	}
	same := func(got, want Table) bool {
		return got.Name == want.Name && got.Records == want.Records && got.SHA256 == want.SHA256
	}
	if len(in.m.Tables) != len(in.m.Header.Tables) || !slices.EqualFunc(in.m.Tables, m.Tables, same) {
		return damaged(in.number, "the manifest is of other tables")
	}
	if _, err := in.next(); err != io.EOF {
		if err == nil {
			err = damaged(in.number, "more follows the manifest")
		}
		return err
	}
	m.Header = in.m.Header
	in.m = *m
	return nil
}

// sum adds the line to the checksums.
func (in *reader) sum() {
	in.m.Bytes += int64(len(in.text))
	in.whole.Write(in.text)
	if in.part != nil {
		in.part.Write(in.text)
	}
}

// next reads a line; io.EOF if there is none.
func (in *reader) next() (line, error) {
	if err := in.readText(); err != nil {
		return line{}, in.reason(err)
	}
	in.number++
	var l line
	if err := json.Unmarshal(in.text, &l); err != nil {
		if in.number == 1 {
			return line{}, fmt.Errorf("%w: its first line is not that of backups", ErrFormat)
		}
		return line{}, damaged(in.number, "%w", err)
	}
	return l, nil
}

// readText reads the text of a line.
func (in *reader) readText() error {
	if cap(in.text) > keepBuffer {
		in.text = nil
	}
	in.text = in.text[:0]
	for {
		part, err := in.buf.ReadSlice('\n')
		in.text = append(in.text, part...)
		switch {
		case len(in.text) > maxDocument+besides:
			return damaged(in.number+1, "more than %d bytes", maxDocument+besides)
		case err == io.EOF && len(in.text) > 0:
			return damaged(in.number+1, "it is cut off")
		case err != bufio.ErrBufferFull:
			return err
		}
	}
}

// reason returns what an error of reading means.
func (in *reader) reason(err error) error {
	switch {
	case in.sealed.end != nil && in.sealed.end != io.EOF:
		return in.sealed.end // the file cannot be read, or its seal is wrong
	case err == io.EOF, errors.Is(err, ErrDamaged):
		return err
	case in.number == 0 && errors.Is(err, zstd.ErrMagicMismatch):
		return err
	}
	return damaged(in.number+1, "%w", err)
}
