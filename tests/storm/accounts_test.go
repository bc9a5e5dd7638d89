package storm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/redisgen/redisgen/repo"
	"github.com/redisgen/redisgen/tests/places"
)

const (
	kept   = 12 // accounts of a writer
	shared = 4  // addresses that all writers want
)

func sharedEmail(i int) string { return fmt.Sprintf("shared%d@example.com", i) }

// holders writes accounts of its own, some of which want the same addresses as those
// of other writers. It is durable.
type holders struct {
	accounts *places.Accounts
	random   *rand.Rand
	name     string
	made     int
	live     []*places.Account // as they were acknowledged
	unsure   []string          // of whose last write nobody knows what became
	gone     []string          // deleted
}

func newHolders(w *world, client *repo.Client, name string) *holders {
	return &holders{accounts: places.NewAccounts(client), random: w.another(), name: name}
}

func (h *holders) write(ctx context.Context) error {
	if len(h.live) < kept {
		return h.create(ctx)
	}
	i := h.random.IntN(len(h.live))
	a := *h.live[i]
	var err error
	switch h.random.IntN(8) {
	case 0:
		if err = h.accounts.Delete(ctx, a.ID); err == nil {
			h.gone = append(h.gone, a.ID)
			h.live = slices.Delete(h.live, i, i+1)
			return nil
		}
	case 1, 2:
		a.Email, a.Age = h.email(a.ID), h.random.IntN(90)
		err = h.accounts.Save(ctx, &a)
	case 3, 4:
		a.Email = new(sharedEmail(h.random.IntN(shared)))
		err = h.accounts.Patch(ctx, a.ID, places.AccountFields.Email.Set(*a.Email))
		a.Version++
		if errors.Is(err, repo.ErrUnique) {
			return nil // somebody has it
		}
	default:
		err = h.accounts.Patch(ctx, a.ID, places.AccountFields.Visits.Add(1))
		a.Visits++
		a.Version++
	}
	return h.note(i, &a, err)
}

// email returns an address that nobody else wants.
func (h *holders) email(id string) *string {
	return new(fmt.Sprintf("%s.%d@example.com", id, h.random.IntN(1_000_000)))
}

func (h *holders) create(ctx context.Context) error {
	h.made++
	a := &places.Account{ID: fmt.Sprintf("%s.%d", h.name, h.made), Status: []string{"new", "old"}[h.made%2], Tags: []string{h.name}}
	a.Email, a.Name = h.email(a.ID), "The "+a.ID
	err := h.accounts.Create(ctx, a)
	h.live = append(h.live, a)
	return h.note(len(h.live)-1, a, err)
}

// note writes down what became of a write that makes an account a: if nobody knows,
// the account is left alone until the journal is checked.
func (h *holders) note(i int, a *places.Account, err error) error {
	what, _ := outcomeOf(err)
	created := h.live[i] == a
	switch {
	case what == good:
		h.live[i] = a
	case what == refused && created:
		h.gone = append(h.gone, a.ID)
		h.live = slices.Delete(h.live, i, i+1)
	case what != refused:
		h.unsure = append(h.unsure, a.ID)
		h.live = slices.Delete(h.live, i, i+1)
	}
	return err
}

func (h *holders) check(ctx context.Context) (lost int, problems []string) {
	var ids []string
	for _, a := range h.live {
		ids = append(ids, a.ID)
	}
	found, err := h.accounts.GetMany(ctx, ids...)
	if err != nil {
		return 0, []string{err.Error()}
	}
	for i, want := range h.live {
		switch got := found[i]; {
		case got == nil || got.Version < want.Version:
			lost++
		case got.Version != want.Version || got.Visits != want.Visits || got.Age != want.Age || *got.Email != *want.Email:
			problems = append(problems, fmt.Sprintf("account %+v, want %+v", got, want))
		}
	}
	gone, err := h.accounts.GetMany(ctx, h.gone...)
	if err != nil {
		return 0, append(problems, err.Error())
	}
	for i, a := range gone {
		if a != nil {
			problems = append(problems, fmt.Sprintf("account %s is there, and should not be", h.gone[i]))
		}
	}
	h.gone = nil
	return lost, append(problems, h.clear(ctx)...)
}

// clear deletes the accounts of which the journal does not know enough.
func (h *holders) clear(ctx context.Context) (problems []string) {
	for _, id := range h.unsure {
		if err := h.accounts.Delete(ctx, id); err != nil && !errors.Is(err, repo.ErrNotFound) {
			problems = append(problems, err.Error())
		}
	}
	h.unsure = nil
	return problems
}
