package acl

import "github.com/redisgen/redisgen/schema"

// Commands of change events, by what they are for.
const (
	addEvents     = " xadd xlen"
	readEvents    = " xinfo|stream xrange xread xrevrange"
	consumeEvents = " xack xautoclaim xclaim xdel xgroup|create xgroup|createconsumer xgroup|delconsumer xgroup|setid" +
		" xinfo|consumers xinfo|groups xpending xreadgroup xtrim"
	lookAtEvents = " xinfo|consumers xinfo|groups xinfo|stream xlen xpending xrange"

	// On real servers, messages are those of sharded channels.
	sendMessages    = " spublish"
	receiveMessages = " ssubscribe sunsubscribe"
)

// events is how the changes of entities are told.
type events struct {
	streams  bool
	channels []string // patterns of those that messages come by
}

// eventsOf returns how the changes of all entities are told.
func eventsOf(packages []*schema.Package, prefix string) (told events) {
	for _, p := range packages {
		for _, e := range p.Entities {
			switch e.Events {
			case "stream":
				told.streams = true
			case "pubsub":
				for _, space := range spaces(e.Name, p.Placement(e)) {
					told.channels = append(told.channels, escape(prefix)+space+"e")
				}
			}
		}
	}
	return told
}

// either returns the commands for the ways that are used.
func (told events) either(streams, messages string) (names string) {
	if told.streams {
		names += streams
	}
	if len(told.channels) > 0 {
		names += messages
	}
	return names
}

// watches returns the commands of who reads events.
func (told events) watches() string { return told.either(readEvents, receiveMessages) }

// tells returns the commands of who makes changes, and consumes their events.
func (told events) tells() string { return told.either(addEvents+consumeEvents, sendMessages) }

// looks returns the commands of who looks at the state of streams.
func (told events) looks() string { return told.either(lookAtEvents, "") }
