package claims

import (
	"slices"
	"strings"
	"testing"

	"github.com/redisgen/redisgen/internal/redisd"
)

// breakage is a mistake that a script could make: in place of what it says, it does something else.
type breakage struct{ name, script, says, does string }

// change puts the mistake into the script.
func (b breakage) change(script, source string) string {
	if script != b.script {
		return source
	}
	if strings.Count(source, b.says) != 1 {
		panic("the script " + b.script + " does not say once: " + b.says)
	}
	return strings.Replace(source, b.says, b.does, 1)
}

var breakages = []breakage{
	{"claims are taken over without being withdrawn", holder, "    withdraw(index, value, id, stamp)\n", ""},
	{"writes rely on claims that are withdrawn", write, " and not withdrawn(index, is, id, stamp)", ""},
	{"claims are taken over after they were made anew", claim, "claim ~= over", "over == ''"},
	{"claims are released after they were made anew", release, "== ARGV[i + 2]", "~= ''"},
	{"who claims is not asked", holder, "local state = 'open'", "local state = 'free'"},
}

// The test that finds nothing finds each of these mistakes.
func TestBrokenProtocol(t *testing.T) {
	for _, b := range breakages {
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, redisd.Start(t, redisd.Clock()), contended(), b.change)
			w.steps = lateSteps()
			w.contend(t, 6**crashesFlag)
			found := w.found()
			if len(found) == 0 || !strings.Contains(found[0], " belongs to ") {
				t.Fatalf("two owners are not found in %d crashes, but %q", w.crashes, found)
			}
			t.Logf("found after %d crashes: %s", w.crashes, found[0])
		})
	}
}

// lateSteps are those of calls that arrive when others have gone on: mistakes come to light soonest by these.
func lateSteps() []step {
	return slices.DeleteFunc(slices.Clone(writerSteps), func(s step) bool { return s.fate != late })
}
