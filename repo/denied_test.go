package repo

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestDenied(t *testing.T) {
	for text, want := range map[string]bool{
		"NOPERM this user has no permissions to run the 'hset' command": true,
		"NOPERM ACL failure in script: User reader has no permissions":  true,
		"ERR ACL failure in script: User reader has no permissions":     true,
		"ERR The user executing the script can't run this command":      true,
		"ERR unknown command 'evalsha'":                                 false,
		"WRONGTYPE Operation against a key":                             false,
		"NOAUTH Authentication required.":                               false,
	} {
		err := fmt.Errorf("wrapped: %w", errorReply("-"+text+"\r\n"))
		if errors.Is(err, ErrDenied) != want || errors.Is(err, ErrNotFound) {
			t.Errorf("%s: denied %v, want %v", text, !want, want)
		}
	}
}

// A server quotes the arguments of a command that it does not know.
func TestArgumentsOfUnknownCommands(t *testing.T) {
	err := errorReply("-ERR unknown command 'evalsha', with args beginning with: '1' 'p:{a}:r:7' 'hush' \r\n")
	if !isReply(err) || strings.Contains(err.Error(), "hush") || !strings.HasPrefix(err.Error(), "ERR unknown command 'evalsha'") {
		t.Errorf("%v", err)
	}
}
