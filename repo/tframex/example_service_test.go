package tframex_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/repo/limit"
	"github.com/redisgen/redisgen/repo/tframex"
)

func ExampleStore_AuditTrail() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()

	check(store.Log(ctx, &tframex.AuditLog{Action: "update", UserID: new("ann"), ResourceType: new("role"), ResourceID: new("7")}))
	store.pass(time.Hour)
	check(store.Log(ctx, &tframex.AuditLog{Action: "delete", UserID: new("bob"), Resource: new("role"), EventType: new("access"), Outcome: new("success")}))

	trail := store.AuditTrail(tframex.AuditFilter{Resource: "role", From: store.now.Add(-24 * time.Hour)})
	for entry, err := range trail.All(ctx) { // newest first
		check(err)
		fmt.Println(*entry.UserID, entry.Action)
	}
	n, err := store.DeleteAuditBefore(ctx, store.now) // what AuditRetention does by itself
	check(err)
	fmt.Println(n, "deleted")
	// Output:
	// bob delete
	// ann update
	// 1 deleted
}

func ExampleStore_Summarize() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()

	for _, tokens := range []float64{120, 80, 100} {
		check(store.Record(ctx, &tframex.Metric{MetricName: "tokens", MetricType: tframex.MetricHistogram, Value: tokens}))
		store.pass(time.Minute)
	}
	sum, err := store.Summarize(ctx, "tokens", store.now.Add(-time.Hour), store.now)
	check(err)
	fmt.Println(sum.Count, sum.Min, sum.Max, sum.Sum, sum.Avg())
	// Output: 3 80 120 300 100
}

func ExampleStore_FindUser() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	check(store.Users.Create(ctx, &tframex.User{Username: "Ann", Email: new("ann@example.com"), IsActive: true}))

	for _, login := range []string{"ANN", "Ann@Example.com"} {
		u, err := store.FindUser(ctx, login)
		check(err)
		fmt.Println(u.Username)
	}
	// Output:
	// Ann
	// Ann
}

func ExampleStore_Allowed() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()

	auditor := &tframex.Role{Name: "auditor", Permissions: []string{"*:list"}}
	for _, role := range []*tframex.Role{
		{Name: "reader", Permissions: []string{"conversations:read"}},
		{Name: "writer", Permissions: []string{"conversations:write"}, ParentRole: new("reader")},
		auditor,
	} {
		check(store.Roles.Create(ctx, role))
	}
	check(store.Users.Create(ctx, &tframex.User{ID: "ann", Username: "ann", IsActive: true, Roles: []string{"writer"}}))
	check(store.UserRoles.Create(ctx, &tframex.UserRole{UserID: "ann", RoleID: auditor.ID, AssignedAt: store.now}))

	for _, do := range [][2]string{{"conversations", "read"}, {"flows", "list"}, {"flows", "start"}} {
		ok, err := store.Allowed(ctx, "ann", do[0], do[1])
		check(err)
		fmt.Println(do[0], do[1], ok)
	}
	access, err := store.AccessOf(ctx, "ann") // to ask several times
	check(err)
	fmt.Println(access.Permissions, access.Allows("users", "list"))
	// Output:
	// conversations read true
	// flows list true
	// flows start false
	// [*:list conversations:read conversations:write] true
}

func ExampleStore_GetSession() {
	store := openStore(tframex.StoreOptions{SessionTTL: 30 * time.Minute})
	defer store.close()

	session := &tframex.Session{UserID: "ann", Data: map[string]any{"theme": "dark"}}
	check(store.CreateSession(ctx, session)) // SessionID is random: for a cookie
	store.pass(20 * time.Minute)
	got, err := store.GetSession(ctx, session.SessionID) // has it live on
	check(err)
	fmt.Println(got.UserID, got.Data["theme"], got.ExpiresAt.Sub(store.now))

	store.pass(31 * time.Minute)
	_, err = store.GetSession(ctx, session.SessionID)
	fmt.Println(errors.Is(err, repo.ErrNotFound))
	// Output:
	// ann dark 30m0s
	// true
}

func ExampleStore_RevokeSessions() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	check(store.Users.Create(ctx, &tframex.User{ID: "ann", Username: "ann", IsActive: true}))
	for range 3 {
		check(store.CreateSession(ctx, &tframex.Session{UserID: "ann"}))
	}

	check(store.Users.Patch(ctx, "ann", tframex.UserFields.IsActive.Set(false))) // first, so that no session follows
	n, err := store.RevokeSessions(ctx, "ann")
	check(err)
	fmt.Println(n, "revoked")
	// Output: 3 revoked
}

func ExampleTakeTemp() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	type code struct{ Digits string }

	check(store.PutTemp(ctx, "code:ann", code{"2718"}, 10*time.Minute)) // 0: five minutes
	c, err := tframex.GetTemp[code](ctx, store.Store, "code:ann")
	check(err)
	fmt.Println(c.Digits)
	c, err = tframex.TakeTemp[code](ctx, store.Store, "code:ann") // once
	check(err)
	_, err = tframex.TakeTemp[code](ctx, store.Store, "code:ann")
	fmt.Println(c.Digits, errors.Is(err, repo.ErrNotFound))
	// Output:
	// 2718
	// 2718 true
}

func ExampleStore_Allow() {
	store := openStore(tframex.StoreOptions{UserLimits: []limit.Limit{limit.PerMinute(2)}})
	defer store.close()

	for range 3 {
		r, err := store.Allow(ctx, "ann")
		check(err)
		fmt.Println(r.Allowed, r.RetryAfter)
	}
	// Output:
	// true 0s
	// true 0s
	// false 30s
}

func ExampleStore_Stats() {
	store := openStore(tframex.StoreOptions{})
	defer store.close()
	check(store.Users.Create(ctx, &tframex.User{Username: "ann"}))

	_, err := store.Health(ctx) // that the keyspace can be written, and how long that took
	check(err)
	stats, err := store.Stats(ctx)
	check(err)
	fmt.Println(stats.Records["users"], stats.Records["messages"])
	// Output: 1 0
}
