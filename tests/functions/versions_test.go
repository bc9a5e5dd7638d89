package functions

import (
	"os"
	"slices"
	"testing"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/app"
)

// tokens describes app.Token, in versions whose scripts differ.
func tokens(t *testing.T, version string) *repo.Entity[*app.Token, int64] {
	t.Helper()
	script, err := os.ReadFile("../app/token_redis.lua")
	must(t, err)
	return &repo.Entity[*app.Token, int64]{
		Name: "tokens", Type: "Token",
		Fields: []repo.FieldInfo{
			{Name: "number", Kind: repo.KindInt, Bits: 64, Role: repo.RoleKey},
			{Name: "user_id", Kind: repo.KindString},
			{Name: "serial", Kind: repo.KindInt, Bits: 64},
		},
		Indexes: []repo.Index{
			{Name: "user_id", Kind: repo.IndexEqual, Fields: []int{1}},
			{Name: "serial", Kind: repo.IndexLex, Fields: []int{2}},
		},
		Expires: true,
		Script:  "-- version " + version + "\n" + string(script),
		New:     func() *app.Token { return new(app.Token) },
		ID:      repo.IntID[int64],
		Parse:   repo.ParseInt[int64],
		Key:     func(token *app.Token) int64 { return token.Number },
		Encode: func(row *repo.Row, token *app.Token) {
			row.Int(token.Number)
			row.String(token.UserID)
			row.Int(token.Serial)
		},
		Decode: func(r repo.Reader, token *app.Token) error {
			token.Number, token.UserID, token.Serial = r.Int(64), r.String(), r.Int(64)
			return r.Err()
		},
	}
}

// Programs of two versions run side by side while one is rolled out.
func TestVersionsSideBySide(t *testing.T) {
	s := start(t)
	deployer := open(t, "deploy", repo.Config{Addrs: []string{s.Addr()}, SweepInterval: -1})
	deployed := func(e *repo.Entity[*app.Token, int64]) *repo.Repository[*app.Token, int64] {
		t.Helper()
		must(t, repo.LoadFunctions(t.Context(), deployer, e))
		r := repo.NewRepository(openProgram(t, s), e)
		return &r
	}
	before := deployed(tokens(t, "1"))
	must(t, before.Create(t.Context(), &app.Token{Number: 7, UserID: "ann"}))
	after := deployed(tokens(t, "2"))
	must(t, after.Update(t.Context(), &app.Token{Number: 7, UserID: "bob"}))
	must(t, before.Create(t.Context(), &app.Token{Number: 8}))
	must(t, after.Delete(t.Context(), 8))

	both := repo.Libraries(tokens(t, "1"), tokens(t, "2"))
	var names []string
	for _, l := range both {
		names = append(names, l.Name)
	}
	if got := loaded(t, s.Client()); !slices.Equal(got, names) {
		t.Errorf("loaded %q, want %q", got, names)
	}
	if twice := repo.Libraries(tokens(t, "1"), tokens(t, "1")); len(twice) != len(both)-3 {
		t.Errorf("%d libraries of one version, want %d", len(twice), len(both)-3)
	}
}
