package repo

import (
	"slices"
	"strconv"
)

// While a slot of a cluster moves, some of its keys are on one node and some on
// the other. A script that is sent to either would fail at the first key that is
// not there, maybe after it has written, or make that key a second time. A node
// knows of the keys that a script is declared to use, and refuses it with TRYAGAIN
// if some of them are not there; but which entries of indexes a script will use is
// known only to the script. So each script declares one more key, which is never
// there: it is refused by both nodes, and sent again, until the slot has moved.

// neverThere is what the name of the key that is never there ends in, behind the
// keyspace of the entity.
const neverThere = ":!"

// dropAbsent has scripts see the keys that they are about, and not that one.
const dropAbsent = "if KEYS[2] and KEYS[#KEYS] == ARGV[1] .. '" + neverThere + "' then KEYS[#KEYS] = nil end\n"

// shield has the nodes of a cluster refuse the script of a call while its slot
// moves.
func (c *Client) shield(call *call) {
	if !c.clustered || call.script == nil || call.shielded {
		return
	}
	at := 3 + len(call.keys)
	if len(call.args) <= at { // it does nothing
		return
	}
	base, ok := call.args[at].(*string)
	if !ok || call.script == placeScript { // whose keys are all declared
		return
	}
	call.shielded = true
	call.args = slices.Insert(call.args, at, any(*base+neverThere))
	call.args[2] = strconv.Itoa(len(call.keys) + 1)
}
