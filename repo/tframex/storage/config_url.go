package storage

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// ParseURL reads a configuration from a URL, as it is given on a command line:
//
//	memory:
//	sqlite:path/to.db
//	postgresql://user:password@host:5432/database?ssl_mode=require
//	redis://user:password@host:6379/0?key_prefix=tframex:
//	s3://bucket/prefix?region=eu-west-1&endpoint_url=http://localhost:9000
//
// rediss is redis with TLS, postgres is postgresql. For several servers of Redis, and for
// Unix sockets, the URLs of [repo.Config] are taken: redis+cluster://host,host,
// redis+sentinel://host,host/master, unix://path; what parameters they have beside settings,
// [Open] checks. Any other type is written type:?key=value.
//
// The parameters are settings, by path, ttl.sessions=60, with values as in the environment,
// see [ConfigFromEnv]. What is special in a part of a URL is percent-encoded. A parameter
// that is no setting is a mistake, as is a value that the setting cannot have: the error is a
// [*ConfigError]. No error quotes the URL. What is required is checked when a storage is
// made, or by [Validate], so that a secret may come from the environment: [Config.WithEnv].
//
// [repo.Config]: https://pkg.go.dev/github.com/redisgen/redisgen/repo#Config
func ParseURL(text string) (Config, error) {
	scheme, rest, ok := strings.Cut(text, ":")
	scheme = strings.ToLower(scheme)
	if !ok || !schemeName.MatchString(scheme) {
		return Config{}, fmt.Errorf("%w: a URL without a type in front; write sqlite:path, redis://host or another of: %s", ErrValidation, knownTypes())
	}
	form, ok := forms[scheme]
	if !ok {
		form = urlForm{scheme, (*address).nothing}
	}
	d, err := driver(form.typ)
	if err != nil {
		return Config{}, err
	}
	a := address{driver: d, scheme: scheme, settings: map[string]any{}}
	a.rest, a.query, _ = strings.Cut(rest, "?")
	if a.parameters() {
		form.read(&a)
	}
	if err := a.mistakes.err(d.Type); err != nil {
		return Config{}, err
	}
	return Config{Type: d.Type, Settings: a.settings}, nil
}

var schemeName = regexp.MustCompile(`^[a-z][a-z0-9+._-]*$`)

// urlForm is how the URLs with a scheme are read.
type urlForm struct {
	typ  string
	read func(*address)
}

// forms are those of schemes that say more than a type.
var forms = map[string]urlForm{
	"sqlite":          {"sqlite", (*address).file},
	"postgresql":      {"postgresql", (*address).postgresql},
	"postgres":        {"postgresql", (*address).postgresql},
	"redis":           {"redis", (*address).redis},
	"rediss":          {"redis", (*address).redis},
	"redis+cluster":   {"redis", (*address).servers},
	"rediss+cluster":  {"redis", (*address).servers},
	"redis+sentinel":  {"redis", (*address).servers},
	"rediss+sentinel": {"redis", (*address).servers},
	"unix":            {"redis", (*address).servers},
	"s3":              {"s3", (*address).bucket},
}

// address is a URL of which settings are made.
type address struct {
	driver   Driver
	scheme   string
	rest     string // between the scheme and the parameters
	query    string
	settings map[string]any
	mistakes mistakes
}

// whole is the path of mistakes that are of no part.
const whole = "URL"

// malformed is of a URL in which a password may stand anywhere, so it is not quoted.
func (a *address) malformed() {
	a.mistakes.add(whole, "is malformed; percent-encode what is special in its parts")
}

// parameters puts those that are settings into them, and leaves the others in the query if
// the form has any.
func (a *address) parameters() bool {
	query, err := url.ParseQuery(a.query)
	if err != nil || strings.ContainsAny(a.query, "@#") {
		a.malformed()
		return false
	}
	for _, key := range slices.Sorted(maps.Keys(query)) {
		s, known := a.driver.setting(key)
		switch {
		case len(query[key]) > 1:
			a.mistakes.add(joined("", key), "is there twice")
		case known:
			a.give(s, query.Get(key))
		case a.passesOn():
			continue
		default:
			a.mistakes.add(joined("", key), "unknown parameter; %s", hint(key, a.driver.paths()))
		}
		query.Del(key)
	}
	a.query = query.Encode()
	return true
}

// passesOn tells whether the URL is itself a setting, with parameters of its own.
func (a *address) passesOn() bool { return strings.Contains(a.scheme, "+") || a.scheme == "unix" }

// set gives a setting the value that a part of the URL stands for; "" is none.
func (a *address) set(path, text string) {
	s, known := a.driver.setting(path)
	switch {
	case text == "":
	case !known:
		a.mistakes.add(path, "storages of this type have no such setting")
	default:
		a.give(s, text)
	}
}

// give gives a setting the value that a text stands for.
func (a *address) give(s Setting, text string) {
	if _, twice := find(a.settings, s.Path); twice {
		a.mistakes.add(s.Path, "is there twice")
		return
	}
	value, reason := s.value(s.parse(text))
	if reason != "" {
		a.mistakes.add(s.Path, "%s", reason)
		return
	}
	put(a.settings, s.Path, value)
}

// parse returns the parts of a URL that names a host.
func (a *address) parse() (*url.URL, bool) {
	u, err := url.Parse(a.scheme + ":" + a.rest)
	if err != nil || u.Opaque != "" || !strings.HasPrefix(a.rest, "//") || u.Fragment != "" || strings.Contains(u.Host+u.EscapedPath(), "@") {
		a.malformed()
		return nil, false
	}
	return u, true
}

// server reads the settings of a server that has users.
func (a *address) server() (path string) {
	hosts, _, _ := strings.Cut(strings.TrimPrefix(a.rest, "//"), "/")
	if strings.Contains(hosts[strings.LastIndexByte(hosts, '@')+1:], ",") {
		a.mistakes.add(whole, "names several hosts; those of Redis begin with redis+cluster:// or redis+sentinel://")
		return ""
	}
	u, ok := a.parse()
	if !ok {
		return ""
	}
	password, _ := u.User.Password()
	a.set("host", u.Hostname())
	a.set("port", u.Port())
	a.set("username", u.User.Username())
	a.set("password", password)
	return strings.TrimPrefix(u.Path, "/")
}

func (a *address) postgresql() { a.set("database", a.server()) }

func (a *address) redis() {
	a.set("db", a.server())
	if a.scheme == "rediss" {
		a.set("ssl", "true")
	}
}

// servers makes the URL itself a setting.
func (a *address) servers() {
	text := a.scheme + ":" + a.rest
	if a.query != "" {
		text += "?" + a.query
	}
	a.set("url", text)
}

func (a *address) bucket() {
	u, ok := a.parse()
	switch {
	case !ok:
		return
	case u.User != nil || u.Port() != "" || u.Host == "":
		a.mistakes.add(whole, "write s3://bucket/prefix; keys and the address of the service are parameters")
		return
	}
	a.set("bucket_name", u.Host)
	if prefix := strings.Trim(u.Path, "/"); prefix != "" {
		a.set("prefix", prefix+"/")
	}
}

func (a *address) file() {
	path, err := url.PathUnescape(a.rest)
	switch {
	case err != nil:
		a.malformed()
	case path == "" || strings.HasPrefix(path, "//"):
		a.mistakes.add(whole, "write sqlite:path, and an absolute path with one slash in front: sqlite:/path")
	default:
		a.set("database_path", path)
	}
}

// nothing is all that a URL of another type can say.
func (a *address) nothing() {
	if strings.Trim(a.rest, "/") != "" {
		a.mistakes.add(whole, "write the settings as parameters, %s:?key=value", a.scheme)
	}
}
