package bench

import "testing"

func BenchmarkCreate(b *testing.B) {
	measure(b, operation{fresh: true, ways: []way{
		{"redisgen", func(s *store, i int) error { return s.accounts.Create(ctx, s.new(i)) }},
		{"watch", func(s *store, i int) error { return s.hand.createSafe(ctx, s.new(i)) }},
		{"racy", func(s *store, i int) error { return s.hand.createRacy(ctx, s.new(i)) }},
	}})
}

// BenchmarkSaveSame saves what is stored already: no claim and no entry moves.
func BenchmarkSaveSame(b *testing.B) {
	measure(b, saves(func(i int) *Account { return first[i%stored] }))
}

// BenchmarkSaveMoving saves another address, which is unique, and another
// status and score, which are indexed.
func BenchmarkSaveMoving(b *testing.B) {
	measure(b, saves(func(i int) *Account {
		if i/stored%2 == 0 {
			return moved[i%stored]
		}
		return first[i%stored]
	}))
}

func saves(of func(i int) *Account) operation {
	return operation{ways: []way{
		{"redisgen", func(s *store, i int) error { return s.accounts.Save(ctx, of(i)) }},
		{"watch", func(s *store, i int) error { return s.hand.saveSafe(ctx, of(i)) }},
		{"racy", func(s *store, i int) error { return s.hand.saveRacy(ctx, of(i)) }},
		{"own-script", func(s *store, i int) error { return s.hand.saveScripted(ctx, of(i)) }},
		{"hset", func(s *store, i int) error { return s.hand.hset(ctx, of(i)) }},
	}}
}

func BenchmarkPatchCounter(b *testing.B) {
	visit := AccountFields.Visits.Add(1)
	measure(b, operation{ways: []way{
		{"redisgen", func(s *store, i int) error { return s.accounts.Patch(ctx, ids[i%stored], visit) }},
		{"hincrby", func(s *store, i int) error { return s.hand.visit(ctx, ids[i%stored]) }},
	}})
}

func BenchmarkDelete(b *testing.B) {
	measure(b, operation{made: true, ways: []way{
		{"redisgen", func(s *store, i int) error { return s.accounts.Delete(ctx, s.new(i).ID) }},
		{"watch", func(s *store, i int) error { return s.hand.deleteSafe(ctx, s.new(i).ID) }},
		{"racy", func(s *store, i int) error { return s.hand.deleteRacy(ctx, s.new(i).ID) }},
	}})
}
