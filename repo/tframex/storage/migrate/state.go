package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// state is what a run notes in its file.
type state struct {
	Format      int            `json:"format"`
	Source      string         `json:"source"`
	Target      string         `json:"target"`
	Wanted      []string       `json:"wanted"` // Options.Tables
	Existing    string         `json:"existing"`
	RefusedFile string         `json:"refused_file,omitempty"`
	RefusedSize int64          `json:"refused_size,omitempty"` // how much of it is of batches that count
	Tables      []*TableReport `json:"tables"`
}

// stateFormat is the version of the file.
const stateFormat = 1

var existingNames = map[storage.Existing]string{storage.Refuse: "refuse", storage.Skip: "skip", storage.Overwrite: "overwrite"}

// newState returns the state at the beginning of a run.
func newState(o Options) *state {
	return &state{
		Format: stateFormat, Source: o.Source, Target: o.Target,
		Wanted: o.Tables, Existing: existingNames[o.Existing], RefusedFile: o.RefusedFile,
	}
}

// loadState returns the state that a run with these options goes on from, and whether there
// was one.
func loadState(o Options) (s *state, resumed bool, err error) {
	fresh := newState(o)
	if o.StateFile == "" {
		return fresh, false, nil
	}
	data, err := os.ReadFile(o.StateFile)
	if errors.Is(err, os.ErrNotExist) {
		return fresh, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	s = &state{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, false, fmt.Errorf("%w: %s is no state of a migration: %w", ErrState, o.StateFile, err)
	}
	for _, part := range []struct {
		what      string
		have, now any
	}{
		{"format", s.Format, fresh.Format},
		{"source", s.Source, fresh.Source},
		{"target", s.Target, fresh.Target},
		{"tables", s.Wanted, fresh.Wanted},
		{"treatment of existing records", s.Existing, fresh.Existing},
		{"file of refused records", s.RefusedFile, fresh.RefusedFile},
	} {
		if !reflect.DeepEqual(part.have, part.now) {
			return nil, false, fmt.Errorf("%w: %s has another %s (%v) than this run (%v); run as before, or remove the file to begin anew", ErrState, o.StateFile, part.what, part.have, part.now)
		}
	}
	return s, true, nil
}

// table returns the report of a table, and whether the run was at it before.
func (s *state) table(name string) (report *TableReport, resumed bool) {
	for _, t := range s.Tables {
		if t.Table == name {
			return t, true
		}
	}
	report = &TableReport{Table: name}
	s.Tables = append(s.Tables, report)
	return report, false
}

// save writes the state to its file, which at each moment is the old one or the new one.
func (s *state) save(path string) error {
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".migrate-*")
	if err != nil {
		return err
	}
	_, err = file.Write(append(data, '\n'))
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}

// refusedLog is the file of refused records.
type refusedLog struct {
	file *os.File // nil: none is wanted
	size int64
}

// openRefused opens the file at the size that it had in the state.
func openRefused(path string, size int64) (*refusedLog, error) {
	if path == "" {
		return &refusedLog{}, nil
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && info.Size() < size {
		err = fmt.Errorf("%w: %s has %d bytes of the %d that the state knows", ErrState, path, info.Size(), size)
	}
	if err == nil {
		err = file.Truncate(size)
	}
	if err == nil {
		_, err = file.Seek(size, io.SeekStart)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &refusedLog{file, size}, nil
}

// add appends records; they are in the file when it returns.
func (l *refusedLog) add(refusals []Refusal) error {
	if l.file == nil || len(refusals) == 0 {
		return nil
	}
	var lines []byte
	for _, r := range refusals {
		line, err := json.Marshal(r)
		if err != nil {
			return err
		}
		lines = append(append(lines, line...), '\n')
	}
	n, err := l.file.Write(lines)
	l.size += int64(n)
	return errors.Join(err, l.file.Sync())
}

func (l *refusedLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
