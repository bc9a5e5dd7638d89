package migrate

import (
	"context"
	"encoding/json"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
	"github.com/redisgen/redisgen/repo/tframex/storage/internal/retry"
)

// TableStats tells what a table has.
type TableStats struct {
	Table   string `json:"table"`
	Records int64  `json:"records"`
	// The others are known after a scan.
	Bytes      int64     `json:"bytes,omitempty"`      // of all documents, as JSON
	Largest    int64     `json:"largest,omitempty"`    // of one
	Expiring   int64     `json:"expiring,omitempty"`   // have an expiry
	Unreadable int64     `json:"unreadable,omitempty"` // cannot be read; not among Records
	First      time.Time `json:"first,omitzero"`       // created
	Last       time.Time `json:"last,omitzero"`        // created
	Digest     string    `json:"digest,omitempty"`     // as [Verify] has it
}

// StatsOptions say what [Stats] finds out.
type StatsOptions struct {
	// Tables are those that are looked at; nil: all.
	Tables []string
	// Scan reads all records. Without it the result has their numbers only.
	Scan bool
}

// Stats counts what is in a storage, by table in the order of [Tables].
func Stats(ctx context.Context, s storage.Storage, o StatsOptions) ([]TableStats, error) {
	tables, err := Tables(ctx, s, o.Tables)
	if err != nil {
		return nil, err
	}
	var list []TableStats
	for _, table := range tables {
		of, err := tableStats(ctx, s, table, o.Scan)
		if err != nil {
			return list, err
		}
		list = append(list, of)
	}
	return list, nil
}

func tableStats(ctx context.Context, s storage.Storage, table string, scan bool) (TableStats, error) {
	of := TableStats{Table: table}
	if !scan {
		info, err := s.TableInfo(ctx, table)
		of.Records = info.Records
		return of, err
	}
	var all side
	for r, err := range retry.Records(ctx, s, table, "", retry.Default) {
		if retry.Unreadable(err) != nil {
			of.Unreadable++
			continue
		}
		if err != nil {
			return of, err
		}
		of.add(r)
		all.total.add(digest(r.ID, r.Document))
	}
	of.Digest = all.digest().Sum
	return of, ctx.Err()
}

func (of *TableStats) add(r storage.Record) {
	of.Records++
	text, _ := json.Marshal(r.Document)
	of.Bytes += int64(len(text))
	of.Largest = max(of.Largest, int64(len(text)))
	if !r.ExpiresAt.IsZero() {
		of.Expiring++
	}
	if r.CreatedAt.IsZero() {
		return
	}
	if of.First.IsZero() || r.CreatedAt.Before(of.First) {
		of.First = r.CreatedAt
	}
	if r.CreatedAt.After(of.Last) {
		of.Last = r.CreatedAt
	}
}
