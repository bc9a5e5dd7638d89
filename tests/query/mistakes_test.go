package query

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Each mistake that an evaluation could make is found: what is compared tells right from wrong.
func TestMistakesAreFound(t *testing.T) {
	s, seed := realServer(t), firstSeed(t)
	for _, m := range []mistake{
		closedBounds, openBounds, threeValued, nothingIsNone, caseMatters, exactTime, firstOfIn, anyIsAll, anywhere, asFloats, tiesReversed, orderKeepsAll,
	} {
		t.Run(strings.ReplaceAll(string(m), " ", "-"), func(t *testing.T) {
			const entities = 100
			for i := range uint64(entities) {
				rng := rand.New(rand.NewPCG(seed+i, 0))
				w, err := populate(t.Context(), s, rng, fmt.Sprintf("%s%d:", m, i), randomEntity(rng, false), 40)
				if err != nil {
					t.Fatal(err)
				}
				defer w.close()
				found, err := w.makes(m)
				if err != nil {
					t.Fatalf("in entity %d, without a mistake: %v", i, err)
				}
				if found != nil {
					t.Logf("found in entity %d: %v", i, found)
					return
				}
			}
			t.Errorf("not found in %d entities", entities)
		})
	}
}

// makes asks some questions whose answers a mistake changes, and returns what the comparison says of it, or of the
// evaluation without it.
func (w *world) makes(m mistake) (found, err error) {
	for range 100 {
		w.mistake = ""
		q := w.randomQuestion(w.rng)
		right := ids(w.answer(q))
		w.mistake = m
		if slices.Equal(ids(w.answer(q)), right) {
			continue
		}
		found := w.ask(q)
		if found == nil || unanswerable(q, found) {
			continue
		}
		w.mistake = ""
		return found, w.ask(q)
	}
	return nil, nil
}
