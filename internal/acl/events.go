package acl

import "github.com/redisgen/redisgen/schema"

// Commands of change events, by what they are for.
const (
	readEvents  = " xrange xread xrevrange"
	writeEvents = " xadd xlen"
	// Of groups of consumers, and what they keep beside a stream.
	groupEvents = " pexpire set xack xautoclaim xclaim xdel xgroup|create xgroup|delconsumer xgroup|setid xinfo|consumers xinfo|groups" +
		" xpending xreadgroup xtrim zremrangebyscore"
	lookAtEvents = " xinfo|consumers xinfo|groups xinfo|stream xlen xpending xrange"

	// On real servers, messages are those of sharded channels.
	sendMessages    = " spublish"
	receiveMessages = " ssubscribe"
)

// events is how the changes of entities are told.
type events struct {
	streams  []string // patterns of the keys of streams, and of what consumers keep beside them
	channels []string // patterns of those that messages come by
}

// eventsOf returns how the changes of all entities are told.
func eventsOf(packages []*schema.Package, prefix string) (told events) {
	for _, p := range packages {
		for _, e := range p.Entities {
			for _, space := range spaces(e.Name, p.Placement(e)) {
				key := escape(prefix) + space + "e"
				switch e.Events {
				case "stream":
					told.streams = append(told.streams, key, key+":*")
				case "pubsub":
					told.channels = append(told.channels, key)
				}
			}
		}
	}
	return told
}

// either returns the commands for the ways that are used.
func (told events) either(streams, messages string) (names string) {
	if told.streams != nil {
		names += streams
	}
	if told.channels != nil {
		names += messages
	}
	return names
}

// watches returns the commands of who reads events.
func (told events) watches() string { return told.either(readEvents, receiveMessages) }

// tells returns the commands of who makes changes, but for those of rules.
func (told events) tells() string { return told.either("", sendMessages) }

// rules returns the rules of who writes to streams and consumes what they have, which are
// for those keys alone.
func (told events) rules() []string {
	if told.streams == nil {
		return nil
	}
	return []string{selector(append(commands(writeEvents+groupEvents), withFlag("~", told.streams)...))}
}

// looks returns the commands of who looks at the state of streams.
func (told events) looks() string { return told.either(lookAtEvents, "") }
