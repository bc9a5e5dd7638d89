package acl

import "strings"

// SetUser returns the command, for redis-cli to read, that gives a user exactly
// these rules, whatever rules it had, and creates it if there is none. password
// is the SHA-256 of its only password in hexadecimal; "" leaves its passwords as
// they are.
func SetUser(name, password string, rules []string) string {
	args := []string{"ACL", "SETUSER", name, "on"}
	if password != "" {
		args = append(args, "resetpass", "#"+password)
	}
	args = append(args, "resetkeys", "resetchannels", "clearselectors", "-@all")
	return strings.Join(append(args, rules...), " ")
}

// FileLine returns the line of an ACL file for a user with these rules. Without a
// password, nobody can sign in as that user.
func FileLine(name, password string, rules []string) string {
	words := []string{"user", name, "on"}
	if password != "" {
		words = append(words, "#"+password)
	}
	words = append(words, "resetchannels", "-@all")
	return strings.Join(append(words, rules...), " ")
}
