package repo

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// limited calls every operation that takes an id or a value.
func limited(ctx context.Context, client *Client, id, value string) map[string]func() error {
	r := NewRepository(client, things)
	name := &access[string]{field: thingName, put: PutString[string]}
	v := func() *thing { return &thing{ID: id, Name: value} }
	batch := func(add func(in *InBatch[*thing, string])) func() error {
		return func() error {
			b := client.Batch()
			add(r.In(b))
			return b.Run(ctx)
		}
	}
	query := func() *query { return &query{core: r.core, where: []predicate{*name.equals(value)}} }
	return map[string]func() error{
		"Create":          func() error { return r.Create(ctx, v()) },
		"Save":            func() error { return r.Save(ctx, v()) },
		"Update":          func() error { return r.Update(ctx, v()) },
		"CreateMany":      func() error { return r.CreateMany(ctx, []*thing{v()}) },
		"SaveMany":        func() error { return r.SaveMany(ctx, []*thing{v()}) },
		"Patch":           func() error { return r.Patch(ctx, id, Change[*thing]{name.set(value)}) },
		"Create in Batch": batch(func(in *InBatch[*thing, string]) { in.Create(v()) }),
		"Save in Batch":   batch(func(in *InBatch[*thing, string]) { in.Save(v()) }),
		"Update in Batch": batch(func(in *InBatch[*thing, string]) { in.Update(v()) }),
		"Patch in Batch":  batch(func(in *InBatch[*thing, string]) { in.Patch(id, Change[*thing]{name.set(value)}) }),
		"value: query":    func() error { _, err := query().first(ctx); return err },
		"value: GetUnique": func() error {
			_, err := r.GetUnique(ctx, 0, func(row *Row) { row.String(value) })
			return err
		},
		"id: Get":     func() error { _, err := r.Get(ctx, id); return err },
		"id: GetMany": func() error { _, err := r.GetMany(ctx, "7", id); return err },
		"id: Exists":  func() error { _, err := r.Exists(ctx, id); return err },
		"id: TTL":     func() error { _, err := r.TTL(ctx, id); return err },

		"id: Delete":       func() error { return r.Delete(ctx, id) },
		"id: DeleteMany":   func() error { return r.DeleteMany(ctx, []string{id}) },
		"id: Mutate":       func() error { _, err := r.Mutate(ctx, id, func(*thing) error { return nil }); return err },
		"id: Get in Batch": batch(func(in *InBatch[*thing, string]) { in.Get(id) }),

		"id: Delete in Batch": batch(func(in *InBatch[*thing, string]) { in.Delete(id) }),
	}
}

// closed returns a client that is closed, so that what is not refused before it
// is sent is ErrClosed.
func closed(t *testing.T, config Config) *Client {
	t.Helper()
	client := offline(t, config)
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	return client
}

func TestLimits(t *testing.T) {
	client := closed(t, Config{MaxIDSize: 10, MaxValueSize: 20})
	id, value := strings.Repeat("i", 10), strings.Repeat("v", 20)
	for name, call := range limited(t.Context(), client, id, value) {
		if err := call(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s at the limit: %v", name, err)
		}
	}
	check := func(what, field string, err error) {
		t.Helper()
		var wrong *FieldError
		if !errors.Is(err, ErrTooLarge) || !errors.As(err, &wrong) || wrong.Entity != "Thing" || wrong.Field != field {
			t.Errorf("%s: %v", what, err)
		}
	}
	for name, call := range limited(t.Context(), client, id+"i", value) {
		if !strings.HasPrefix(name, "value: ") {
			check(name+" with a large id", "id", call())
		}
	}
	for name, call := range limited(t.Context(), client, id, value+"v") {
		switch {
		case strings.Contains(name, "GetUnique"):
			check(name+" with a large value", "text", call())
		case !strings.HasPrefix(name, "id: "):
			check(name+" with a large value", "name", call())
		}
	}
}

// Values are measured as they are stored, whatever their kind.
func TestLimitOfEachKind(t *testing.T) {
	r := NewRepository(closed(t, Config{MaxValueSize: 30}), things)
	long := strings.Repeat("é", 15) + "x"
	for field, v := range map[string]*thing{
		"id": {ID: long}, "name": {ID: "7", Name: long}, "data": {ID: "7", Data: []byte(long)}, "text": {ID: "7", Text: text(long)},
		"binary": {ID: "7", Binary: text(long)}, "tags": {ID: "7", Tags: []string{strings.Repeat("x", 27)}}, "password": {ID: "7", Password: long},
	} {
		var wrong *FieldError
		if err := r.Save(t.Context(), v); !errors.Is(err, ErrTooLarge) || !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("%s: %v", field, err)
		} else if field != "id" && (strings.Contains(err.Error(), "xxx") || strings.Contains(err.Error(), "ééé")) {
			t.Errorf("%s: the error has the value: %v", field, err)
		}
	}
	tags, err := json.Marshal([]string{strings.Repeat("x", 26)})
	if err != nil || len(tags) != 30 {
		t.Fatalf("%d bytes, %v", len(tags), err)
	}
	if err := r.Save(t.Context(), &thing{ID: "7", Tags: []string{strings.Repeat("x", 26)}}); !errors.Is(err, ErrClosed) {
		t.Errorf("30 bytes of JSON: %v", err)
	}
}

func TestDefaultLimits(t *testing.T) {
	tooLarge := func(config Config, id, value int) bool {
		r := NewRepository(closed(t, config), things)
		return errors.Is(r.Save(t.Context(), &thing{ID: strings.Repeat("i", id), Name: strings.Repeat("v", value)}), ErrTooLarge)
	}
	if tooLarge(Config{}, 16<<10, 0) || !tooLarge(Config{}, 16<<10+1, 0) {
		t.Error("the default limit of ids is not 16 KiB")
	}
	if !tooLarge(Config{}, 1, 64<<20+1) {
		t.Error("the default limit of values is not 64 MiB")
	}
	if tooLarge(Config{MaxIDSize: -1}, 1<<20, 0) || tooLarge(Config{MaxIDSize: -1, MaxValueSize: -1}, 1, 1<<20) {
		t.Error("a negative limit limits")
	}
}
