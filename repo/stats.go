package repo

import "sync/atomic"

// Stats counts what the queries of a client have done since it was made.
type Stats struct {
	QueryCalls int64 // round trips
	Examined   int64 // index entries looked at
	Returned   int64 // records and ids returned
	// Repaired is how many index entries were removed because their record was
	// gone. Expired records that no sweep has reached are among them; a number
	// that grows for entities that do not expire means that records are evicted
	// or deleted by other hands.
	Repaired int64
}

// stats is Stats while it grows.
type stats struct{ calls, examined, returned, repaired atomic.Int64 }

// add counts one call.
func (s *stats) add(examined, returned, repaired int64) {
	s.calls.Add(1)
	s.examined.Add(examined)
	s.returned.Add(returned)
	s.repaired.Add(repaired)
}

// Stats returns what the client's queries have done so far.
func (c *Client) Stats() Stats {
	return Stats{c.stats.calls.Load(), c.stats.examined.Load(), c.stats.returned.Load(), c.stats.repaired.Load()}
}
