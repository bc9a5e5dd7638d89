package redis

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Import stores records: a round trip for a hundred, and another one for those that are
// overwritten. What has expired is refused. A session expires at ExpiresAt of its record,
// else at its expires_at, and never if neither says when.
func (s *Storage) Import(ctx context.Context, table string, records []storage.Record, existing storage.Existing) (storage.ImportReport, error) {
	c, t, err := s.writing(table)
	if err != nil {
		return storage.ImportReport{}, s.fail("Import", table, "", err)
	}
	in := &importing{connection: c, table: t, existing: existing, refused: map[int]error{}}
	groups := [2]group{{}, {options: []repo.WriteOption{repo.NoTTL()}}}
	for i, r := range records {
		rec, err := s.encode(table, r)
		if err != nil {
			in.refused[i] = err
			continue
		}
		g := &groups[0]
		if table == sessions && t.plan.expiry(rec).IsZero() {
			g = &groups[1]
		}
		g.at, g.recs = append(g.at, i), append(g.recs, rec)
	}
	for _, g := range groups {
		if err == nil && len(g.recs) > 0 {
			err = in.store(ctx, g)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(in.refused)) {
		in.report.Refused = append(in.report.Refused, storage.Refusal{ID: records[i].ID, Err: classify(in.refused[i])})
	}
	return in.report, s.fail("Import", table, "", err)
}

// Check tells whether Import would store a record in an empty table. Nothing is sent.
func (s *Storage) Check(_ context.Context, table string, r storage.Record) error {
	err := storage.CheckTable(table)
	if err == nil {
		_, err = s.encode(table, r)
	}
	return s.fail("Check", table, r.ID, err)
}

// encode returns the record of a document that comes from elsewhere.
func (s *Storage) encode(table string, r storage.Record) (any, error) {
	if err := storage.CheckID(r.ID); err != nil {
		return nil, err
	}
	doc, err := storage.CheckDocument(r.Document)
	if err != nil {
		return nil, err
	}
	p := plans[table]
	if p == nil {
		return newDocument(table, r.ID, doc, orUnknown(r.CreatedAt), orUnknown(r.UpdatedAt))
	}
	rec := p.fresh()
	p.expire(rec, r.ExpiresAt)
	if err := p.encode(doc, r.ID, rec); err != nil {
		return nil, err
	}
	if !r.ExpiresAt.IsZero() && !p.expiry(rec).Equal(cutToExpiry(r.ExpiresAt)) { // the document says another time
		if err := p.expireAt(rec, doc, r.ExpiresAt); err != nil {
			return nil, err
		}
	}
	p.store(rec, r.CreatedAt, r.UpdatedAt)
	return rec, checkExpiry(p.expiry(rec), s.now())
}

// orUnknown returns what is stored as the time of a record.
func orUnknown(t time.Time) time.Time {
	if t.IsZero() {
		return unknown
	}
	return t.UTC().Truncate(time.Microsecond)
}

// importing is an Import under way.
type importing struct {
	*connection
	*table
	existing storage.Existing
	report   storage.ImportReport
	refused  map[int]error // by position among the records
}

// group are records that are written with the same options.
type group struct {
	at      []int
	recs    []any
	options []repo.WriteOption
}

// store stores records; the error is of what concerns all.
func (in *importing) store(ctx context.Context, g group) error {
	taken := group{options: append(g.options, repo.KeepTimes())}
	for i, err := range in.createAll(ctx, in.table, g.recs, g.options...) {
		switch {
		case err == nil:
			in.report.Created++
		case in.existing == storage.Skip && isTaken(err):
			in.report.Skipped++
		case in.existing == storage.Overwrite && errors.Is(err, repo.ErrExists):
			taken.at, taken.recs = append(taken.at, g.at[i]), append(taken.recs, g.recs[i])
		default:
			if err := in.refuse(g.at[i], err); err != nil {
				return err
			}
		}
	}
	if len(taken.recs) == 0 {
		return nil
	}
	for i, err := range eachError(len(taken.recs), in.saveMany(ctx, taken.recs, taken.options...)) {
		if err == nil {
			in.report.Overwritten++
		} else if err := in.refuse(taken.at[i], err); err != nil {
			return err
		}
	}
	return nil
}

// isTaken tells whether a write was refused because there is a document with its id.
func isTaken(err error) bool {
	unique, ok := errors.AsType[*repo.UniqueError](err)
	return errors.Is(err, repo.ErrExists) || ok && unique.Index == storage.FieldID
}

// refuse notes why a record was not stored. It returns the error if that is no matter of the
// record.
func (in *importing) refuse(at int, err error) error {
	kind := classify(err)
	if errors.Is(kind, storage.ErrValidation) {
		in.refused[at] = err
		return nil
	}
	return err
}
