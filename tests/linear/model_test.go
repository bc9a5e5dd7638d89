package linear

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A history is divided into groups of records that have only values of their own group, so that no operation is about two
// groups. Operations of different groups do not see each other, and a history is linearizable if that of each group is:
// linearizability is local. Within a group, the records and their unique values are one object, in which a write and what it
// claims take effect at one moment.
const (
	groupRecords = 3
	groupEmails  = 2
)

// row is what the model knows of a record. The zero value is no record.
type row struct {
	id      int // within the group, from 1
	email   int // within the group, from 1; 0: none
	text    string
	version int64
	created int64 // in µs, different for each creation
}

// group is the state of the model: the records of a group.
type group [groupRecords + 1]row

type verb string

const (
	create  verb = "Create"
	save    verb = "Save"
	update  verb = "Update"
	patch   verb = "Patch"
	remove  verb = "Delete"
	get     verb = "Get"
	byEmail verb = "GetByEmail"
)

// input is an operation.
type input struct {
	group int
	verb  verb
	row   row // what is written; the id or the email that is asked for. Version and created are what Update expects
}

// result is how an operation ends.
type result string

const (
	done      result = "ok"
	notFound  result = "not found"
	exists    result = "exists"
	conflict  result = "conflict"
	taken     result = "taken"
	uncertain result = "uncertain"
)

// output is what came of an operation.
type output struct {
	result result
	row    row // that was read; of taken, the id of the owner
}

// has tells whether another record than that of id has an email.
func (g *group) has(email, id int) bool {
	return email != 0 && slices.ContainsFunc(g[:], func(r row) bool { return r.email == email && r.id != id })
}

// step tells whether an operation on a group can come out like that, and what the group is then.
func (g group) step(in input, out output) (bool, group) {
	is := g[in.row.id]
	switch in.verb {
	case get:
		return out.row == is && (out.result == done) == (is.id != 0), g
	case byEmail:
		if out.result == done {
			return out.row.email == in.row.email && g[out.row.id] == out.row, g
		}
		return !g.has(in.row.email, 0), g
	}
	refusal := g.refusal(in)
	switch out.result {
	case done:
		return refusal == done, g.after(in)
	case uncertain: // it may be refused, and nobody will know
		if refusal == done {
			return true, g.after(in)
		}
		return true, g
	case taken:
		owner := g[out.row.id]
		return owner.id != in.row.id && owner.id != 0 && owner.email == in.row.email && in.row.email != 0, g
	default: // a value that is taken as well may be found first, or not
		in.row.email = 0
		return out.result == g.refusal(in), g
	}
}

// refusal returns why a write cannot be carried out; done, if it can.
func (g *group) refusal(in input) result {
	is := g[in.row.id]
	switch {
	case in.verb == create && is.id != 0:
		return exists
	case in.verb != create && in.verb != save && is.id == 0:
		return notFound
	case in.verb == update && (is.version != in.row.version || is.created != in.row.created):
		return conflict
	case in.verb != remove && g.has(in.row.email, in.row.id):
		return taken
	}
	return done
}

// after returns the group after a write.
func (g group) after(in input) group {
	is := &g[in.row.id]
	if in.verb == remove {
		*is = row{}
		return g
	}
	version, created := is.version, is.created
	if is.id == 0 {
		created = in.row.created
	}
	*is = in.row
	is.version, is.created = version+1, created
	return g
}

// model is what porcupine is told.
var model = porcupine.Model{
	Init: func() any { return group{} },
	Step: func(state, in, out any) (bool, any) { return state.(group).step(in.(input), out.(output)) },
}

// open is when operations end of which nobody knows whether they were carried out: they may be at any time, and are never
// if they come last.
const open = math.MaxInt64

// check fails the test if a history is not linearizable.
func check(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	if bad := illegal(t, history); bad != nil {
		t.Errorf("not linearizable: the operations on group %d\n%s", bad[0].Input.(input).group, describe(bad))
	}
}

// illegal returns the operations on a group that are not linearizable, nil if all are.
func illegal(t *testing.T, history []porcupine.Operation) []porcupine.Operation {
	t.Helper()
	groups := map[int][]porcupine.Operation{}
	for _, op := range history {
		at := op.Input.(input).group
		groups[at] = append(groups[at], op)
	}
	for at, ops := range groups {
		switch porcupine.CheckOperationsTimeout(model, ops, time.Minute) {
		case porcupine.Illegal:
			return ops
		case porcupine.Unknown:
			t.Fatalf("whether group %d is linearizable takes too long to find out:\n%s", at, describe(ops))
		}
	}
	return nil
}

// describe lists operations in the order in which they began.
func describe(ops []porcupine.Operation) string {
	ops = slices.Clone(ops)
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	var text strings.Builder
	for _, op := range ops {
		in, out := op.Input.(input), op.Output.(output)
		end := "…"
		if op.Return != open {
			end = fmt.Sprint(time.Duration(op.Return))
		}
		fmt.Fprintf(&text, "%v to %s: client %d: %s %+v: %s %+v\n", time.Duration(op.Call), end, op.ClientId, in.verb, in.row, out.result, out.row)
	}
	return text.String()
}
