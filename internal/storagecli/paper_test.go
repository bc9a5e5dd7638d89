package storagecli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// paper is a storage in a file, for tests: a JSON object of tables.
type paper struct {
	storage.Storage // what commands do not call

	path   string
	delay  time.Duration // of each import
	refuse string        // documents with this field are refused

	mu     sync.Mutex
	tables map[string]map[string]storage.Record
}

func init() {
	storage.Register(storage.Driver{
		Type: "paper", Summary: "a file, for tests",
		Settings: []storage.Setting{
			{Path: "database_path", Kind: storage.Text, Doc: "The file."},
			{Path: "host", Kind: storage.Text, Doc: "Where it is."},
			{Path: "password", Kind: storage.Text, Secret: true, Doc: "What lets us in."},
			{Path: "delay", Kind: storage.Seconds, Doc: "How long an import takes."},
			{Path: "refuse", Kind: storage.Text, Doc: "The field of documents that are refused."},
		},
		Open: func(v storage.Values) (storage.Storage, error) {
			return &paper{path: v.Text("database_path"), delay: v.Seconds("delay"), refuse: v.Text("refuse")}, nil
		},
	})
}

func (p *paper) Backend() string                      { return "paper" }
func (p *paper) Initialize(ctx context.Context) error { return p.Connect(ctx) }
func (p *paper) Close() error                         { return nil }

func (p *paper) Connect(context.Context) error {
	p.tables = map[string]map[string]storage.Record{}
	if p.path == "" {
		return &storage.Error{Backend: "paper", Op: "Connect", Err: storage.ErrConnection}
	}
	data, err := os.ReadFile(p.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, json.Unmarshal(data, &p.tables))
}

func (p *paper) save() error {
	data, err := json.Marshal(p.tables)
	if err == nil {
		err = os.WriteFile(p.path+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(p.path+".new", p.path)
	}
	return err
}

func (p *paper) ListTables(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(p.tables)), nil
}

func (p *paper) TableInfo(_ context.Context, table string) (storage.TableInfo, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables[table] == nil {
		return storage.TableInfo{}, storage.ErrNoTable
	}
	return storage.TableInfo{Name: table, Records: int64(len(p.tables[table]))}, nil
}

func (p *paper) Count(_ context.Context, table string, _ storage.Filter) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int64(len(p.tables[table])), nil
}

func (p *paper) CreateTable(_ context.Context, table string, _ storage.Document) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables[table] == nil {
		p.tables[table] = map[string]storage.Record{}
	}
	return nil
}

func (p *paper) Get(_ context.Context, table, id string) (storage.Document, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.tables[table][id]
	if !ok {
		return nil, storage.ErrNotFound
	}
	return r.Document, nil
}

func (p *paper) Export(ctx context.Context, table, from string) iter.Seq2[storage.Record, error] {
	return func(yield func(storage.Record, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(p.tables[table])) {
			r := p.tables[table][id]
			if r.Position = id; id <= from {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(storage.Record{}, err)
				return
			}
			if r.Document["damaged"] == true {
				yield(storage.Record{}, &storage.RecordError{ID: id, Position: id, Err: storage.ErrValidation})
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (p *paper) Import(_ context.Context, table string, list []storage.Record, existing storage.Existing) (report storage.ImportReport, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tables[table] == nil {
		p.tables[table] = map[string]storage.Record{}
	}
	for _, r := range list {
		_, taken := p.tables[table][r.ID]
		_, odd := r.Document[p.refuse]
		switch {
		case odd:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: fmt.Errorf("%w: field %q", storage.ErrValidation, p.refuse)})
		case taken && existing == storage.Refuse:
			report.Refused = append(report.Refused, storage.Refusal{ID: r.ID, Err: storage.ErrDuplicate})
		case taken && existing == storage.Skip:
			report.Skipped++
		case taken:
			p.tables[table][r.ID] = r
			report.Overwritten++
		default:
			p.tables[table][r.ID] = r
			report.Created++
		}
	}
	err = p.save()
	<-time.After(p.delay)
	return report, err
}
