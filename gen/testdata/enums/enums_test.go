package enums_test

import (
	"errors"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/redisgen/redisgen/gen/testdata/enums"
	"github.com/redisgen/redisgen/gen/testdata/enums/color"
	"github.com/redisgen/redisgen/repo"
)

func TestEnums(t *testing.T) {
	ctx := t.Context()
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { _ = rdb.Close() })
	client, err := repo.New(rdb, repo.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	orders := enums.NewOrders(client)

	valid := enums.Order{
		ID: "1", Status: enums.StatusDefault, Was: new(enums.StatusClosed), Priority: enums.Highest, Free: "anything",
		Color: color.Bright, Backup: new(color.Dark), Code: "c",
	}
	if err := orders.Create(ctx, &valid); err != nil {
		t.Fatal(err)
	}
	if got, err := orders.GetByStatus(ctx, enums.StatusOpen); err != nil || got.ID != "1" || *got.Was != enums.StatusClosed {
		t.Errorf("GetByStatus = %+v, %v; want order 1", got, err)
	}
	if got, err := orders.GetByBackupAndCode(ctx, color.Dark, "c"); err != nil || got.ID != "1" {
		t.Errorf("GetByBackupAndCode = %+v, %v; want order 1", got, err)
	}

	for name, spoil := range map[string]func(*enums.Order){
		"status":   func(o *enums.Order) { o.Status = "" },
		"was":      func(o *enums.Order) { o.Was = new(enums.Status("lost")) },
		"next":     func(o *enums.Order) { o.Next = "lost" },
		"priority": func(o *enums.Order) { o.Priority = 5 },
		"color":    func(o *enums.Order) { o.Color = color.Hidden() },
		"backup":   func(o *enums.Order) { o.Backup = new(color.Status(-1)) },
	} {
		o := valid
		spoil(&o)
		err := orders.Save(ctx, &o)
		var field *repo.FieldError
		if !errors.Is(err, repo.ErrEnum) || !errors.As(err, &field) || field.Field != name {
			t.Errorf("Save with a bad %s = %v, want ErrEnum for the field", name, err)
		}
	}
	if _, err := orders.GetByStatus(ctx, "lost"); !errors.Is(err, repo.ErrEnum) {
		t.Errorf("GetByStatus of no constant = %v, want ErrEnum", err)
	}
}
