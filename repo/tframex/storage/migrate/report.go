package migrate

import (
	"fmt"
	"slices"
)

// Report tells what became of all records.
type Report struct {
	Source string        `json:"source"`
	Target string        `json:"target"`
	DryRun bool          `json:"dry_run,omitempty"` // then the numbers are of what would be
	Tables []TableReport `json:"tables"`            // in the order of the run; those it came to
}

// Total returns the sum over all tables.
func (r Report) Total() Counts {
	var sum Counts
	for _, t := range r.Tables {
		sum.add(t.Counts)
	}
	return sum
}

// TableReport tells what became of the records of a table.
type TableReport struct {
	Table string `json:"table"`
	Counts
	// Refusals are the first 100 of the refused.
	Refusals []Refusal `json:"refusals,omitempty"`
	// Done is whether the table was read to its end.
	Done bool `json:"done"`
	// Position is how far it was read; "" at the beginning.
	Position string `json:"position,omitempty"`
}

// Counts are numbers of records. Read is the sum of the others.
type Counts struct {
	Read        int64 `json:"read"`
	Created     int64 `json:"created"`
	Skipped     int64 `json:"skipped"`
	Overwritten int64 `json:"overwritten"`
	Refused     int64 `json:"refused"`
	Expired     int64 `json:"expired"` // they were gone at that moment: left out
}

func (c *Counts) add(d Counts) {
	c.Read += d.Read
	c.Created += d.Created
	c.Skipped += d.Skipped
	c.Overwritten += d.Overwritten
	c.Refused += d.Refused
	c.Expired += d.Expired
}

// String returns the numbers that are not 0, as text for people.
func (c Counts) String() string {
	text := fmt.Sprintf("%d read", c.Read)
	for _, part := range []struct {
		n    int64
		what string
	}{{c.Created, "created"}, {c.Skipped, "skipped"}, {c.Overwritten, "overwritten"}, {c.Refused, "refused"}, {c.Expired, "expired"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text
}

// Refusal is a record that the target did not take, or that could not be read.
type Refusal struct {
	Table  string `json:"table"`
	ID     string `json:"id"`
	Reason string `json:"reason"` // without values of the document
}

// Progress tells how far a run is.
type Progress struct {
	Table  string
	Total  int64 // how many records the table had when it was begun; -1: not known
	Counts       // of the table
}

// clone returns a report that does not change any more.
func (t TableReport) clone() TableReport {
	t.Refusals = slices.Clone(t.Refusals)
	return t
}
