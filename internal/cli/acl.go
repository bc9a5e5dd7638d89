package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/redisgen/redisgen/internal/acl"
	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/internal/load"
	"github.com/redisgen/redisgen/internal/tenant"
	"github.com/redisgen/redisgen/schema"
)

// aclFlags are the flags of the acl command.
type aclFlags struct {
	options      acl.Options
	user         string
	tenant       string
	format       string
	passwordFile string
}

func aclCommand() command.Command {
	flags := new(flag.FlagSet)
	var f aclFlags
	role := flags.String("role", "writer", "what the user is for: reader, writer, migrator, operator or sentinel, as `ROLE` (default writer)")
	flags.StringVar(&f.user, "user", "", "the user's `NAME` (default the role)")
	flags.StringVar(&f.options.Prefix, "prefix", "", "the `PREFIX` of the client's configuration, such as app:")
	flags.StringVar(&f.tenant, "tenant", "", "the rules are for the keys of the tenant `NAME` alone")
	flags.StringVar(&f.format, "format", "setuser", "print as `FORMAT`: setuser or aclfile (default setuser)")
	flags.StringVar(&f.passwordFile, "password-file", "", "the user's only password is the first line of `FILE`; its SHA-256 is printed")
	flags.Var((*command.List)(&f.options.With), "with", "`PARTS` that are used besides repositories, by commas: "+strings.Join(acl.Parts, ", "))
	flags.BoolVar(&f.options.Functions, "functions", false, "scripts are Redis Functions: neither EVAL nor EVALSHA")
	flags.BoolVar(&f.options.Cluster, "cluster", false, "clients are those of a cluster")
	flags.BoolVar(&f.options.Database, "database", false, "clients choose a database other than 0")
	flags.BoolVar(&f.options.Wait, "wait", false, "writes wait for replicas: WAIT")
	flags.BoolVar(&f.options.WaitAOF, "waitaof", false, "writes wait for append-only files: WAITAOF, of Redis 7.2")
	flags.BoolVar(&f.options.Cache, "cache", false, "clients keep records in memory: CLIENT TRACKING")
	return command.Command{
		Name:     "acl",
		Synopsis: "[packages] [-role ROLE] [-user NAME] [-prefix PREFIX] [-tenant NAME] [-format setuser|aclfile] [-password-file FILE] [-with PARTS] [-functions] [-cluster] [-database] [-wait] [-waitaof] [-cache]",
		Short:    "print the ACL rules that repositories need",
		Long: `Acl prints what a user of Redis must be allowed for the repositories of the
packages to work: commands and patterns of keys, and nothing else.

	reader    reads records
	writer    reads and writes them: the user of an application
	migrator  a writer that also finds keys, to change or remove them by hand
	operator  looks at keys and at the state of servers, and changes nothing
	sentinel  asks sentinels for the primary: a user of the sentinels, not of
	          the servers that have the records

The parts of -with have keys of their own: lock, limit, idempotency, log, and topic,
which has channels. Who subscribes to topics by a pattern needs that as well, such
as topic=orders.*.

The format setuser is a command for redis-cli, which gives the user exactly these
rules and, without -password-file, leaves its passwords as they are. The format
aclfile is a line of the server's ACL file. No password is ever printed.`,
		Examples: `redisgen acl -prefix app: -user shop | redis-cli --user admin --askpass
redisgen acl ./... -prefix app: -role reader -user reports -password-file reports.txt
redisgen acl -prefix app: -tenant acme -user acme -format aclfile >>users.acl
redisgen acl -prefix app: -with lock,limit,topic -user shop
redisgen acl -role sentinel -user shop | redis-cli -p 26379`,
		Flags: flags,
		Run: run(func(c *call) error {
			f.options.Role = acl.Role(*role)
			return runACL(c, &f)
		}),
	}
}

func runACL(c *call, f *aclFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	packages, err := c.schemas()
	if err != nil {
		return err
	}
	rules, err := acl.Rules(packages, f.options)
	if err != nil {
		return err
	}
	hash, err := hashOf(f.passwordFile)
	if err != nil {
		return err
	}
	line := acl.SetUser(f.user, hash, rules)
	if f.format == "aclfile" {
		line = acl.FileLine(f.user, hash, rules)
	}
	if hash == "" {
		fmt.Fprintf(c.Stderr, "redisgen: the rules set no password; -password-file sets one\n")
	}
	_, err = fmt.Fprintln(c.Stdout, line)
	return err
}

// check checks the flags and completes them.
func (f *aclFlags) check() error {
	if !slices.Contains(acl.Roles, f.options.Role) {
		return command.Usagef("-role is reader, writer, migrator, operator or sentinel, not %q", f.options.Role)
	}
	if f.format != "setuser" && f.format != "aclfile" {
		return command.Usagef("-format is setuser or aclfile, not %q", f.format)
	}
	if f.user == "" {
		f.user = string(f.options.Role)
	}
	if err := acl.CheckWord(f.user); err != nil {
		return command.Usagef("-user %v", err)
	}
	if err := acl.CheckWord(f.options.Prefix); err != nil {
		return command.Usagef("-prefix %v", err)
	}
	for _, part := range f.options.With {
		if err := acl.CheckPart(part); err != nil {
			return command.Usagef("-with %v", err)
		}
	}
	if f.tenant == "" {
		return nil
	}
	prefix, err := tenant.Prefix(f.options.Prefix, f.tenant)
	if err != nil {
		return command.Usagef("-tenant: %v", err)
	}
	f.options.Prefix = prefix
	return nil
}

// schemas returns the packages that the call names, which must have entities.
func (c *call) schemas() ([]*schema.Package, error) {
	loaded, mistakes, err := load.Load(".", c.patterns()...)
	if err != nil {
		return nil, err
	}
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	c.noteIfNone(loaded)
	var packages []*schema.Package
	for _, p := range loaded {
		packages = append(packages, p.Package)
	}
	return packages, nil
}

// errEmptyPassword is what a password file without a password leads to.
var errEmptyPassword = errors.New("its first line is empty; it must be the password")

// hashOf returns the SHA-256 of the first line of a file, as Redis takes it for a
// password; "" without a file.
func hashOf(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	password, _, _ := strings.Cut(string(data), "\n")
	password = strings.TrimSuffix(password, "\r")
	if password == "" {
		return "", fmt.Errorf("%s: %w", file, errEmptyPassword)
	}
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:]), nil
}
