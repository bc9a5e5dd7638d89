package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// importer stores records and tells what became of each.
type importer func(context.Context, []storage.Record) (storage.ImportReport, error)

// importer returns what stores records of a table. If the run is at the table again, records
// of an earlier attempt may be there.
func (m *migration) importer(table string, again bool) importer {
	if m.o.DryRun {
		return func(ctx context.Context, list []storage.Record) (storage.ImportReport, error) {
			return m.pretend(ctx, table, list)
		}
	}
	return func(ctx context.Context, list []storage.Record) (storage.ImportReport, error) {
		i := &importing{m: m, table: table, left: list, uncertain: again}
		err := retry.Do(ctx, m.o.Retries, func() (bool, error) { return i.try(ctx) })
		return i.sum, err
	}
}

// importing is the import of a batch, in one attempt or several.
type importing struct {
	m         *migration
	table     string
	left      []storage.Record // of which nothing is known yet
	uncertain bool             // some of them may have been stored by an attempt before
	sum       storage.ImportReport
}

// try imports what is left, and tells whether less is left than before.
func (i *importing) try(ctx context.Context) (further bool, err error) {
	report, err := i.m.target.Import(ctx, i.table, i.left, i.m.o.Existing)
	if err != nil {
		i.uncertain = true
		return false, err
	}
	if n := report.Created + report.Skipped + report.Overwritten + int64(len(report.Refused)); n != int64(len(i.left)) {
		return false, fmt.Errorf("%w: the target tells of %d records of %d", ErrUnaccounted, n, len(i.left))
	}
	again := map[string]bool{}
	for _, r := range report.Refused {
		if r.Err == nil {
			return false, fmt.Errorf("%w: the target refused %q without a reason", ErrUnaccounted, r.ID)
		}
		switch ours, unknown := i.judge(ctx, r); {
		case unknown != nil:
			again[r.ID], err = true, unknown
		case ours:
			i.sum.Created++
		default:
			i.sum.Refused = append(i.sum.Refused, r)
		}
	}
	i.sum.Created += report.Created
	i.sum.Skipped += report.Skipped
	i.sum.Overwritten += report.Overwritten
	further = len(again) < len(i.left)
	i.keep(again)
	i.uncertain = i.uncertain || err != nil
	return further, err
}

// judge tells whether a record that was refused is there from an attempt before. The error is
// of a connection that was lost, so that it is not known.
func (i *importing) judge(ctx context.Context, r storage.Refusal) (ours bool, unknown error) {
	if retry.Lost(r.Err) || ctx.Err() != nil {
		return false, r.Err
	}
	if i.uncertain && errors.Is(r.Err, storage.ErrDuplicate) {
		return i.ours(ctx, r.ID)
	}
	return false, nil
}

// keep leaves the records with these ids.
func (i *importing) keep(ids map[string]bool) {
	var left []storage.Record
	for _, r := range i.left {
		if ids[r.ID] {
			left = append(left, r)
		}
	}
	i.left = left
}

// ours tells whether the target has the document that this run would store under an id.
func (i *importing) ours(ctx context.Context, id string) (bool, error) {
	has, err := i.m.target.Get(ctx, i.table, id)
	if errors.Is(err, storage.ErrNotFound) || errors.Is(err, storage.ErrValidation) {
		return false, nil // another unique value is taken; or what is there cannot be read
	}
	if err != nil {
		return false, err
	}
	for _, r := range i.left {
		if r.ID == id {
			return digest(id, has) == digest(id, r.Document), nil
		}
	}
	return false, nil
}

// pretend tells what Import would do, as far as that can be known.
func (m *migration) pretend(ctx context.Context, table string, list []storage.Record) (report storage.ImportReport, err error) {
	for _, r := range list {
		refuse := storage.Check(ctx, m.target, table, r)
		taken := false
		if refuse == nil {
			err := retry.Do(ctx, m.o.Retries, func() (bool, error) {
				_, err := m.target.Get(ctx, table, r.ID)
				unreadable := errors.Is(err, storage.ErrValidation)
				if taken = err == nil || unreadable; taken || errors.Is(err, storage.ErrNotFound) {
					err = nil
				}
				return false, err
			})
			if err != nil {
				return report, err
			}
		} else if retry.Lost(refuse) || ctx.Err() != nil {
			return report, refuse
		}
		if taken && m.o.Existing == storage.Refuse {
			refuse = storage.ErrDuplicate
		}
		switch {
		case refuse != nil:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: refuse})
		case !taken:
			report.Created++
		case m.o.Existing == storage.Skip:
			report.Skipped++
		default:
			report.Overwritten++
		}
	}
	return report, nil
}
