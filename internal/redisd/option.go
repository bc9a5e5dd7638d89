package redisd

import (
	"crypto/rand"
	"strings"
)

// Option changes how a server is started.
type Option func(*config)

// config is what the options add up to.
type config struct {
	version  string // "": as the deployment of suites says
	unix     bool
	tls      bool
	clock    bool
	steady   bool // nothing that is slow to answer is replaced
	users    []user
	admin    user     // who may do all, for servers that talk with each other
	settings []string // lines of redis.conf
}

type user struct {
	name, password string
}

func newConfig(opts []Option) *config {
	c := &config{}
	for _, opt := range opts {
		opt(c)
	}
	return c
}

// login returns the name and password of the user that clients connect as, empty if none is needed.
func (c *config) login() (name, password string) {
	if len(c.users) == 0 {
		return "", ""
	}
	return c.users[0].name, c.users[0].password
}

// newGroupConfig returns the configuration of several servers. If there are users, the servers and the tests' harness
// have one of their own.
func newGroupConfig(opts []Option) *config {
	c := newConfig(opts)
	if len(c.users) > 0 {
		c.admin = user{"redisd", rand.Text()}
	}
	return c
}

// Version chooses the server program: "default" is the redis-server in PATH; "redis8", "valkey8" and "valkey9" are
// what versions.sh fetches. Without this option it is what REDISGEN_DEPLOYMENT says, or "default".
func Version(name string) Option {
	return func(c *config) { c.version = name }
}

// Unix makes the server listen on a Unix socket in place of a TCP port.
func Unix() Option {
	return func(c *config) { c.unix = true }
}

// TLS makes the server accept nothing but TLS, with certificates made for it, and ask clients for one: see [Server.TLS].
func TLS() Option {
	return func(c *config) { c.tls = true }
}

// Clock puts the server's clock in the test's hands: see [Server.Advance].
func Clock() Option {
	return func(c *config) { c.clock = true }
}

// steady has no replica take the place of a primary that is slow to answer, as on a busy machine.
func steady() Option {
	return func(c *config) { c.steady = true }
}

// AOF keeps the data in an append-only file, synced on each write, so that it survives Kill and Start.
func AOF() Option {
	return Config("appendonly yes", "appendfsync always")
}

// Password sets the password of the default user.
func Password(password string) Option {
	return func(c *config) {
		c.users = append(c.users, user{"default", password})
		c.settings = append(c.settings, "requirepass "+quote(password))
	}
}

// User adds an ACL user with a password and rules such as "~app:*", "+@all", "-@dangerous", and turns the default user
// off unless it has a [Password]. Clients connect as the user that is given first.
func User(name, password string, rules ...string) Option {
	return func(c *config) {
		c.users = append(c.users, user{name, password})
		c.settings = append(c.settings, "user "+name+" on "+quote(">"+password)+" "+strings.Join(rules, " "))
	}
}

// Config adds lines in the syntax of redis.conf.
func Config(lines ...string) Option {
	return func(c *config) { c.settings = append(c.settings, lines...) }
}

// lines returns the lines of redis.conf that the options stand for.
func (c *config) lines() []string {
	lines := append([]string{`save ""`, "appendonly no"}, c.settings...)
	if len(c.users) > 0 && !c.hasUser("default") {
		lines = append(lines, "user default off")
	}
	if c.admin.name != "" {
		lines = append(lines, c.admin.line(), "masteruser "+c.admin.name, "masterauth "+c.admin.password)
	}
	return lines
}

// line returns the line of redis.conf that makes u a user who may do all.
func (u user) line() string {
	return "user " + u.name + " on " + quote(">"+u.password) + " ~* &* +@all"
}

func (c *config) hasUser(name string) bool {
	for _, u := range c.users {
		if u.name == name {
			return true
		}
	}
	return false
}

// quote writes s as one argument of redis.conf.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(s) + `"`
}
