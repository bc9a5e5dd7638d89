package repo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Events is how changes of an entity's records are told.
type Events string

// The ways to tell of changes. Both are part of the script that makes the change.
const (
	EventsPubSub Events = "pubsub" // by messages, to whom is listening at that moment
	EventsStream Events = "stream" // by entries of a stream, which stay
)

// EventOp is what happened to a record.
type EventOp string

// What happens to records.
const (
	OpCreated EventOp = "created"
	OpUpdated EventOp = "updated"
	OpDeleted EventOp = "deleted"
	OpExpired EventOp = "expired" // told when it is noticed: by the next write or sweep of the shard
	OpGap     EventOp = "gap"     // of no record: events may have been missed before this one
)

// Event is a change of a record. T and K are those of its [Repository].
//
// Events of one record come in the order of its changes. Touch, and reads that renew
// the expiry of a sliding entity, change no value and tell nothing.
type Event[T any, K comparable] struct {
	Op  EventOp
	Key K
	// Version is the record's after the change, and of one that is gone the last it
	// had; 0 if the entity has none.
	Version int64
	// Fields are the names of the fields that were changed, as in Redis, of a new
	// record those that it has; but for those that the repository sets with every
	// write: version, created, updated. Nil of a record that is gone.
	Fields []string
	// At is when it was changed, by the server's clock or that of Config.Clock; of a
	// record that expired, when its time was up.
	At time.Time
	// Record has the fields with the option event, as they are after the change and of a
	// deleted record as they were; all others are zero. Nil if there are no such
	// fields, and of a record that has expired.
	Record T
	// Position is where the event is in its stream: the shard and the entry's ID. It is
	// what [From] takes. "" of messages.
	Position Position
}

// Position is the place of an event in the stream of its shard: "0-1700000000000-3".
type Position string

// errEvent is what an event leads to that is not one of this package's.
var errEvent = errors.New("not an event of this entity; does another program write to the key of its events?")

// eventData is an event of an entity whatever its Go type.
type eventData struct {
	op       EventOp
	id       string
	version  int64
	fields   []string
	at       time.Time
	record   any // nil: none
	position Position
}

// parseEvent reads the names and values of an event, as event.lua has them.
func (c *core) parseEvent(list []string) (e eventData, err error) {
	if len(list) < 10 || len(list)%2 != 0 || list[0] != "op" || list[2] != "id" || list[4] != "version" || list[6] != "fields" || list[8] != "at" {
		return e, errEvent
	}
	e.op, e.id = EventOp(list[1]), list[3]
	switch e.op {
	case OpCreated, OpUpdated, OpDeleted, OpExpired:
	default:
		return e, errEvent
	}
	if list[5] != "" {
		if e.version, err = strconv.ParseInt(list[5], 10, 64); err != nil {
			return e, errEvent
		}
	}
	if list[7] != "" {
		e.fields = strings.Split(list[7], ",")
	}
	at, err := strconv.ParseInt(list[9], 10, 64)
	if err != nil {
		return e, errEvent
	}
	e.at = time.UnixMicro(at).UTC()
	e.record, err = c.parseTold(list[10:])
	return e, err
}

// parseTold returns a record with the values that an event has.
func (c *core) parseTold(list []string) (any, error) {
	if len(list) == 0 {
		return nil, nil
	}
	told := make(map[string]string, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		told[list[i]] = list[i+1]
	}
	var b strings.Builder
	for _, f := range c.info.fields {
		if value, ok := told["."+f.Name]; ok {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(value), value)
		} else {
			b.WriteString("$-1\r\n")
		}
	}
	v := c.create()
	if err := c.decode(Reader{info: c.info, values: values{b.String()}}, v); err != nil {
		return nil, err
	}
	return v, nil
}

// parseMessage takes a message of the channel apart: <length>:<bytes>, and so on.
func parseMessage(text string) ([]string, error) {
	var list []string
	for text != "" {
		digits, rest, ok := strings.Cut(text, ":")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || n > len(rest) {
			return nil, errEvent
		}
		list = append(list, rest[:n])
		text = rest[n:]
	}
	return list, nil
}

// event gives an event its types.
func (r *Repository[T, K]) event(e eventData) (Event[T, K], error) {
	out := Event[T, K]{Op: e.op, Version: e.version, Fields: e.fields, At: e.at, Position: e.position}
	if e.record != nil {
		out.Record = e.record.(T)
	}
	if e.op == OpGap {
		return out, nil
	}
	var err error
	if out.Key, err = r.entity.Parse(e.id); err != nil {
		err = r.core.info.recordError("Watch", e.id, err)
	}
	return out, err
}
