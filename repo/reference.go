package repo

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ReferenceError says which reference between records refused a write. Either
// errors.Is(err, [ErrReference]) holds: the record to be written refers to one that is
// not there; or errors.Is(err, [ErrReferenced]): the record to be deleted, or one that
// would go with it, is referred to by another.
type ReferenceError struct {
	Entity string // whose field refers: "Message"
	Field  string // "conversation_id"
	ID     string // of the record that is not there, or of the one that refers; empty if the field is secret
	Err    error  // ErrReference or ErrReferenced
}

func (e *ReferenceError) Error() string {
	return fmt.Sprintf("%s.%s: %v: %q", e.Entity, e.Field, e.Err, shorten(e.ID))
}

func (e *ReferenceError) Unwrap() error { return e.Err }

// errMore is what becomes of a delete of which a part is done: so much refers to the
// record that one call does not delete it all.
var errMore = errors.New("more refers to it than one call deletes")

// errTangled is what becomes of a delete if no end of what is to go can be found.
var errTangled = errors.New("more records than one call deletes refer to each other: delete them first")

// missing returns the error of a record that refers to one that is not there.
func (info *entityInfo) missing(field, id string) error {
	if at, ok := info.position[field]; ok && info.fields[at].Secret {
		id = ""
	}
	return &ReferenceError{Entity: info.goName, Field: field, ID: id, Err: ErrReference}
}

// referenced returns the error of a record that others refer to. relation is the name
// of an entity and a position among what refers to its records, as relationParts has
// it.
func (info *entityInfo) referenced(relation, id string) error {
	name, n, _ := strings.Cut(relation, ".")
	list := info.family()
	at := entityAt(list, name)
	i, err := strconv.Atoi(n)
	if at < 0 || err != nil || i >= len(list[at].children) {
		return errReply
	}
	child, from := list[at].children[i], list[at]
	if child.Entity != nil {
		from = child.Entity.describe()
	}
	return &ReferenceError{Entity: from.goName, Field: from.fields[from.referring(child)].Name, ID: id, Err: ErrReferenced}
}

// cascades tells whether a write has to look at what refers to its records.
func (info *entityInfo) cascades(op operation) bool { return op == opDelete && len(info.children) > 0 }

// inBatch returns what writes a record in a batch: the same script for all operations.
func (info *entityInfo) inBatch() writing {
	if len(info.children) > 0 {
		return writeFamily
	}
	return writeOne
}

// deleteRest goes on with deletes of which a part is done, until they are.
func (c *core) deleteRest(ctx context.Context, how writing, op operation, list []*prepared, guard []string, results []result) {
	for {
		var rest []*prepared
		var at []int
		for i, r := range results {
			if r.lost == nil && r.err == errMore {
				rest, at = append(rest, list[i]), append(at, i)
			}
		}
		if len(rest) == 0 {
			return
		}
		for i, r := range c.writeOnce(ctx, how, op, rest, guard) {
			results[at[i]] = r
		}
	}
}
