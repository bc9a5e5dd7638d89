package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// state is how far a restore has come. All that is before the position is stored.
type state struct {
	Format   string           `json:"format"`
	Version  int              `json:"version"`
	Backup   string           `json:"backup"` // its checksum
	Backend  string           `json:"backend"`
	Existing storage.Existing `json:"existing"`
	Table    string           `json:"table"`
	Position int64            `json:"position"` // records of the table
	// Last is a record that was stored and does not expire, by which another storage is
	// noticed; nil: there was none.
	Last *recordName `json:"last,omitempty"`
	// Tables are what the report has.
	Tables []TableReport `json:"tables"`
}

// recordName says which record is meant.
type recordName struct {
	Table string `json:"table"`
	ID    string `json:"id"`
}

const stateName = "tframex-restore"

// resume goes on with the state of an earlier restore, if there is one.
func (job *restore) resume(ctx context.Context) error {
	job.state = state{Format: stateName, Version: 1, Backup: job.report.Manifest.Checksum, Backend: job.s.Backend(), Existing: job.o.Existing}
	if job.o.Resume == "" || job.o.DryRun {
		return nil
	}
	data, err := os.ReadFile(job.o.Resume)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var old state
	if err := json.Unmarshal(data, &old); err != nil {
		return job.stateError(err.Error())
	}
	if reason := job.misfit(old); reason != "" {
		return job.stateError(reason)
	}
	if old.Last != nil {
		doc, err := job.get(ctx, old.Last.Table, old.Last.ID)
		if err != nil {
			return err
		}
		if doc == nil {
			return job.stateError(fmt.Sprintf("the storage does not have record %q of table %q, which was restored; is it another storage?", old.Last.ID, old.Last.Table))
		}
	}
	job.state, job.report.Tables, job.report.Resumed = old, old.Tables, true
	return nil
}

// stateError returns an ErrState with its reason.
func (job *restore) stateError(reason string) error {
	return fmt.Errorf("%w: %s: %s; take another file, or remove this one to begin anew", ErrState, job.o.Resume, reason)
}

// misfit tells why a state is not of this restore, "" if it is.
func (job *restore) misfit(old state) string {
	same := func(a, b TableReport) bool { return a.Name == b.Name && a.Records == b.Records }
	known := func(t TableReport) bool { return t.Name == old.Table && t.Records >= old.Position }
	switch now := job.state; {
	case old.Format != now.Format || old.Version != now.Version:
		return "it is no state that this program knows"
	case old.Backup != now.Backup:
		return "it is of another backup"
	case old.Backend != now.Backend:
		return fmt.Sprintf("it is of a storage of type %q", old.Backend)
	case old.Existing != now.Existing:
		return "it is of a restore that treats records that exist in another way"
	case !slices.EqualFunc(old.Tables, job.report.Tables, same) || !slices.ContainsFunc(old.Tables, known):
		return "it is of other tables"
	}
	return ""
}

// save stores how far the restore has come.
func (job *restore) save(table string, position int64) error {
	job.state.Table, job.state.Position, job.state.Tables = table, position, job.report.Tables
	if job.o.Resume == "" {
		return nil
	}
	data, err := json.Marshal(job.state)
	if err != nil {
		return err
	}
	return replace(job.o.Resume, func(f *os.File) error {
		_, err := f.Write(data)
		return err
	})
}

// forget removes the state.
func (job *restore) forget() error {
	if job.o.Resume == "" {
		return nil
	}
	if err := os.Remove(job.o.Resume); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
