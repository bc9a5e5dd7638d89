package storagetest

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// collect returns what a sequence of records yields, up to an error.
func collect(seq iter.Seq2[storage.Record, error]) (list []storage.Record, err error) {
	for record, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, record)
	}
	return list, nil
}

// exported returns all records of a table, by id.
func (r *run) exported(table string) map[string]storage.Record {
	r.Helper()
	records, err := collect(r.s.Export(r.Context(), table, ""))
	r.must(err)
	byID := map[string]storage.Record{}
	for _, record := range records {
		if _, twice := byID[record.ID]; twice {
			r.Errorf("Export yields %q twice", record.ID)
		}
		byID[record.ID] = record
	}
	return byID
}

// imported imports records, and returns the report.
func (r *run) imported(table string, existing storage.Existing, records ...storage.Record) storage.ImportReport {
	r.Helper()
	report, err := r.s.Import(r.Context(), table, records, existing)
	r.must(err)
	return report
}

// equal fails the test unless two records are the same, times to the microsecond.
func (r *run) equal(got, want storage.Record) {
	r.Helper()
	r.same(got.Document, want.Document)
	round := func(t time.Time) time.Time { return t.Round(time.Microsecond) }
	if got.ID != want.ID || !round(got.CreatedAt).Equal(round(want.CreatedAt)) || !round(got.UpdatedAt).Equal(round(want.UpdatedAt)) {
		r.Errorf("record %q of %v and %v, want %q of %v and %v", got.ID, got.CreatedAt, got.UpdatedAt, want.ID, want.CreatedAt, want.UpdatedAt)
	}
}

func export(r *run) {
	before := time.Now().Add(-slack)
	for n := range 25 {
		r.insert(things, doc{"id": id(n), "n": n})
	}
	all, err := collect(r.s.Export(r.Context(), things, ""))
	r.must(err)
	if len(all) != 25 {
		r.Fatalf("%d records, want 25", len(all))
	}
	for _, record := range all {
		d := r.get(things, record.ID)
		r.same(record.Document, d)
		if record.Position == "" || record.CreatedAt.Before(before) || record.UpdatedAt.Before(record.CreatedAt) || !record.ExpiresAt.IsZero() {
			r.Errorf("record %+v", record)
		}
	}
	for _, n := range []int{0, 11, 23, 24} {
		rest, err := collect(r.s.Export(r.Context(), things, all[n].Position))
		r.must(err)
		if !slices.EqualFunc(rest, all[n+1:], func(a, b storage.Record) bool { return a.ID == b.ID && a.Position == b.Position }) {
			r.Errorf("behind record %d: %d records, want %d", n, len(rest), 24-n)
		}
	}
	for range r.s.Export(r.Context(), things, "") {
		break
	}
	if ok, err := r.s.Delete(r.Context(), things, all[11].ID); !ok || err != nil {
		r.Fatalf("Delete: %v, %v", ok, err)
	}
	if rest, err := collect(r.s.Export(r.Context(), things, all[11].Position)); err != nil || len(rest) != 13 || rest[0].ID != all[12].ID {
		r.Errorf("behind a record that was deleted: %d records, %v; want 13", len(rest), err)
	}
	if ok, err := r.s.Update(r.Context(), things, all[3].ID, doc{"n": "new"}); !ok || err != nil {
		r.Fatalf("Update: %v, %v", ok, err)
	}
	if got := r.exported(things)[all[3].ID]; got.UpdatedAt.Before(all[3].UpdatedAt) || !got.CreatedAt.Round(time.Microsecond).Equal(all[3].CreatedAt.Round(time.Microsecond)) {
		r.Errorf("after an update: %v and %v, before %v and %v", got.CreatedAt, got.UpdatedAt, all[3].CreatedAt, all[3].UpdatedAt)
	}
}

// records are such as other systems have them.
func records() []storage.Record {
	day := time.Date(2025, 7, 5, 1, 10, 56, 998281000, time.UTC)
	full := awkward()
	full["id"] = id(1)
	return []storage.Record{
		{ID: id(1), Document: full, CreatedAt: day, UpdatedAt: day.Add(time.Second)},
		{ID: id(2), Document: doc{"id": id(2)}, CreatedAt: day.Add(time.Hour), UpdatedAt: day.Add(time.Hour)},
		{ID: id(3), Document: doc{"a": 1}, CreatedAt: day, UpdatedAt: day},
		{ID: id(4), Document: doc{"id": id(4), "created_at": "2024-01-01 00:00:00", "updated_at": nil}, CreatedAt: day.AddDate(-1, 0, 0), UpdatedAt: day},
		{ID: id(5), Document: doc{}, CreatedAt: day, UpdatedAt: day},
	}
}

func importRecords(r *run) {
	given := records()
	report := r.imported(things, storage.Refuse, given...)
	if report.Created != 5 || report.Skipped+report.Overwritten != 0 || len(report.Refused) != 0 {
		r.Fatalf("Import: %+v", report)
	}
	got := r.exported(things)
	for _, record := range given {
		r.same(r.get(things, record.ID), record.Document)
		r.equal(got[record.ID], record)
	}
	if report := r.imported(things, storage.Refuse); report.Created != 0 || len(report.Refused) != 0 {
		r.Errorf("Import of nothing: %+v", report)
	}
	r.imported("untimed", storage.Refuse, storage.Record{ID: id(6), Document: doc{"id": id(6), "x": nil}})
	r.same(r.get("untimed", id(6)), doc{"id": id(6), "x": nil})

	report = r.imported(things, storage.Refuse, storage.Record{ID: id(7)}, storage.Record{Document: doc{}}, storage.Record{ID: "a\nb", Document: doc{}}, storage.Record{ID: id(8), Document: doc{"a": 1}})
	if report.Created != 1 || len(report.Refused) != 3 {
		r.Fatalf("Import of bad records: %+v", report)
	}
	for i, want := range []string{id(7), "", "a\nb"} {
		if refusal := report.Refused[i]; refusal.ID != want || !errors.Is(refusal.Err, storage.ErrValidation) {
			r.Errorf("refused %d: %+v, want %q", i, refusal, want)
		}
	}
}

func importExisting(r *run) {
	day := time.Date(2025, 7, 5, 0, 0, 0, 0, time.UTC)
	old := storage.Record{ID: id(1), Document: doc{"id": id(1), "a": 1, "b": 2}, CreatedAt: day, UpdatedAt: day}
	fresh := storage.Record{ID: id(1), Document: doc{"id": id(1), "a": 3}, CreatedAt: day.AddDate(0, 1, 0), UpdatedAt: day.AddDate(0, 2, 0)}
	other := storage.Record{ID: id(2), Document: doc{"id": id(2)}, CreatedAt: day, UpdatedAt: day}
	for _, table := range []string{things, "permissions"} {
		r.imported(table, storage.Refuse, old)
		report := r.imported(table, storage.Refuse, fresh, other)
		if report.Created != 1 || len(report.Refused) != 1 || report.Refused[0].ID != id(1) || !errors.Is(report.Refused[0].Err, storage.ErrDuplicate) {
			r.Errorf("Refuse: %+v", report)
		}
		r.equal(r.exported(table)[id(1)], old)
		if report := r.imported(table, storage.Skip, fresh, other); report.Skipped != 2 || report.Created+report.Overwritten != 0 || len(report.Refused) != 0 {
			r.Errorf("Skip: %+v", report)
		}
		r.equal(r.exported(table)[id(1)], old)
		if report := r.imported(table, storage.Overwrite, fresh, other); report.Overwritten != 2 || report.Created+report.Skipped != 0 || len(report.Refused) != 0 {
			r.Errorf("Overwrite: %+v", report)
		}
		r.equal(r.exported(table)[id(1)], fresh)
		r.same(r.get(table, id(1)), fresh.Document)
		r.matches(table, nil, 1, 2)
	}
	twice := storage.Record{ID: id(9), Document: doc{"id": id(9)}, CreatedAt: day, UpdatedAt: day}
	if report := r.imported(things, storage.Refuse, twice, twice); report.Created != 1 || len(report.Refused) != 1 {
		r.Errorf("one record twice: %+v", report)
	}
}

// knownRecords are all documents of known as records.
func knownRecords(table string) (list []storage.Record) {
	day := time.Date(2025, 7, 5, 1, 22, 0, 315338000, time.UTC)
	for n, d := range known[table] {
		d = maps.Clone(d)
		d["id"] = id(n)
		list = append(list, storage.Record{ID: id(n), Document: d, CreatedAt: day, UpdatedAt: day.Add(time.Minute)})
	}
	return list
}

func importKnown(r *run) {
	for _, table := range slices.Sorted(maps.Keys(known)) {
		given := knownRecords(table)
		if report := r.imported(table, storage.Refuse, given...); report.Created != int64(len(given)) {
			r.Errorf("%s: %+v", table, report)
			continue
		}
		got := r.exported(table)
		for _, record := range given {
			r.equal(got[record.ID], record)
			r.same(r.get(table, record.ID), record.Document)
		}
	}
	bad := storage.Record{ID: id(50), Document: doc{"id": id(50), "role": "robot", "conversation_id": id(1)}}
	report := r.imported("messages", storage.Refuse, bad)
	if refused := len(report.Refused) == 1; refused != r.d.Enums {
		r.Errorf("a message of a robot was refused: %v, want %v", refused, r.d.Enums)
	}
	ends := time.Now().Add(time.Hour).Round(time.Second).UTC()
	session := storage.Record{ID: "s", Document: doc{"session_id": "s", "user_id": id(1), "expires_at": storage.FormatTime(ends)}, ExpiresAt: ends}
	r.imported("sessions", storage.Refuse, session)
	r.same(r.get("sessions", "s"), session.Document)
	if got := r.exported("sessions")["s"].ExpiresAt; r.d.Expiry && !got.Equal(ends) {
		r.Errorf("the session ends at %v, want %v", got, ends)
	}
}

func roundTrip(r *run) {
	for n := range 30 {
		r.insert(things, doc{"id": id(n), "n": n, "text": fmt.Sprint("é", n), "nested": doc{"n": []any{n}}})
	}
	ok, err := r.s.Update(r.Context(), things, id(4), doc{"changed": true})
	if !ok || err != nil {
		r.Fatalf("Update: %v, %v", ok, err)
	}
	before, err := collect(r.s.Export(r.Context(), things, ""))
	r.must(err)
	r.dropped(things, true)
	if report := r.imported(things, storage.Refuse, before...); report.Created != 30 {
		r.Fatalf("Import: %+v", report)
	}
	after := r.exported(things)
	for _, record := range before {
		r.equal(after[record.ID], record)
	}
	if len(after) != len(before) {
		r.Errorf("%d records, want %d", len(after), len(before))
	}
}
