package behaviour

import (
	"errors"
	"testing"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// A read of several records names the one that it cannot read, by all parts of its key.
func TestUnreadableIsNamed(t *testing.T) {
	each(t, func(t *testing.T, client *repo.Client) {
		members, f := app.NewMemberships(client), app.MembershipFields
		key := func(user string) app.MembershipKey { return app.MembershipKey{Group: "g", User: user} }
		for _, user := range []string{"ann", "bob", "cid"} {
			must(t, members.Create(t.Context(), &app.Membership{Group: "g", User: user, Since: new(time.Unix(1e9, 0))}))
		}
		id, err := repo.NewID(2).String("g").String("bob").Join()
		must(t, err)
		must(t, raw(client).HSet(t.Context(), recordKey(client, "memberships", id), "rank", "high").Err())

		query := members.Where(f.Group.Eq("g")).OrderBy(f.Since.Asc())
		for read, call := range map[string]func() error{
			"Page": func() error { _, err := query.Page(t.Context()); return err },
			"All": func() (failed error) {
				for _, err := range query.All(t.Context()) {
					failed = err
				}
				return failed
			},
			"First":   func() error { _, err := members.Where(f.User.Eq("bob")).First(t.Context()); return err },
			"GetMany": func() error { _, err := members.GetMany(t.Context(), key("ann"), key("bob")); return err },
			"Select":  func() error { _, err := query.Select(f.Rank).Page(t.Context()); return err },
		} {
			err := call()
			of, ok := errors.AsType[*repo.RecordError](err)
			field, has := errors.AsType[*repo.FieldError](err)
			if !ok || of.ID != id || !has || field.Field != "rank" {
				t.Errorf("%s: %v, want an error of the rank of record %q", read, err, id)
			}
		}
		page, err := query.Select(f.Since).Page(t.Context())
		if err != nil || len(page.Items) != 3 || page.Items[1].User != "bob" || page.Items[1].Group != "g" || page.Items[1].Since == nil {
			t.Errorf("without the field: %+v, %v", page.Items, err)
		}
	})
}
