package repo

import (
	"errors"
	"slices"
	"strings"
)

// ErrDenied: the server's ACL does not allow the user of the connection what the
// operation needs; redisgen acl prints the rules that do. Nothing is written.
var ErrDenied = errors.New("denied by the server's ACL")

// denials are what a server says that denies a command: sent by itself, called by a
// script, and called by a script of Redis 7.0.
var denials = []string{"NOPERM ", "ACL failure in script", "ERR The user executing the script can't "}

// Is tells whether target is ErrDenied and so is the error.
func (e replyError) Is(target error) bool {
	return target == ErrDenied && slices.ContainsFunc(denials, func(d string) bool { return strings.Contains(string(e), d) })
}
