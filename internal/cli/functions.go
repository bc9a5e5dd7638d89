package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/redisgen/redisgen/internal/command"
	"github.com/redisgen/redisgen/repo"

	// What else programs may use, whose scripts are functions then too.
	_ "github.com/redisgen/redisgen/repo/event"
	_ "github.com/redisgen/redisgen/repo/idempotency"
	_ "github.com/redisgen/redisgen/repo/limit"
	_ "github.com/redisgen/redisgen/repo/lock"
)

// functionFlags are the flags of the functions command.
type functionFlags struct {
	out          string
	url          string
	passwordFile string
	dir          string
	all          bool
	dry          bool
}

func functionsCommand() command.Command {
	flags := new(flag.FlagSet)
	var f functionFlags
	flags.StringVar(&f.out, "out", "", "the code is in `DIR`, as for generate")
	flags.StringVar(&f.url, "url", "", "the server, in place of the variable REDIS_URL, as `URL`")
	flags.StringVar(&f.passwordFile, "password-file", "", "the password is in `FILE`, in place of REDIS_PASSWORD_FILE")
	flags.StringVar(&f.dir, "dir", "", "dump to files in `DIR`, one for each library")
	flags.BoolVar(&f.all, "all", false, "prune what is of no entity of the packages as well: they are all that use the server")
	flags.BoolVar(&f.dry, "n", false, "show what prune would remove, and remove nothing")
	return command.Command{
		Name:     "functions",
		Synopsis: "load|list|dump|prune [packages] [-out DIR] [-url URL] [-password-file FILE] [-dir DIR] [-all] [-n]",
		Short:    "put the packages' scripts on a server as Redis Functions",
		Long: `Functions is a deploy step for programs with Functions in their configuration,
which call their scripts as Redis Functions.

	load   puts the functions of the packages on the server, unless they are there
	list   shows which are there and which are missing, and exits with 1 if any is;
	       and which are there that the packages do not use
	dump   prints the functions for other tools: each library begins with a line
	       #!lua name=..., and is what FUNCTION LOAD takes
	prune  removes other versions of the packages' entities

Versions stand side by side: load before the first program of a new version
starts, and prune when the last of the old one has ended. Generated files must be
up to date, for programs call the functions that they were generated for.

The server is that of -url or of the variables REDIS_URL, REDIS_ADDRS,
REDIS_USERNAME, REDIS_PASSWORD and so on, which keep the password off the command
line. On a cluster every primary is served, whichever node is named.`,
		Examples: `redisgen functions load ./...
redisgen functions list ./store -url redis://deploy@redis.example.com:6379 -password-file deploy.txt
redisgen functions dump ./... -dir functions
redisgen functions prune ./... -n`,
		Flags: flags,
		Run:   run(func(c *call) error { return runFunctions(c, &f) }),
	}
}

// functionActions are the first arguments of the command.
var functionActions = map[string]func(*call, *functionFlags, *wanted) error{
	"load":  loadFunctions,
	"list":  listFunctions,
	"dump":  dumpFunctions,
	"prune": pruneFunctions,
}

func runFunctions(c *call, f *functionFlags) error {
	if len(c.Args) == 0 {
		return command.Usagef("say what to do: load, list, dump or prune")
	}
	name := c.Args[0]
	action, ok := functionActions[name]
	switch {
	case !ok:
		return command.Usagef("load, list, dump or prune, not %q", command.Shown(name))
	case f.dir != "" && name != "dump":
		return command.Usagef("-dir is for dump")
	case (f.all || f.dry) && name != "prune":
		return command.Usagef("-all and -n are for prune")
	}
	c.Args = c.Args[1:]
	want, err := c.wantedFunctions(f.out)
	if err != nil || len(want.libraries) == 0 {
		return err
	}
	return action(c, f, want)
}

// wanted is what programs built from packages call.
type wanted struct {
	entities  []repo.AnyEntity
	names     map[string]bool // of the entities
	libraries []repo.Library
}

// wantedFunctions returns what the call's packages want; nothing if they have
// no entities.
func (c *call) wantedFunctions(out string) (*wanted, error) {
	changes, err := c.plan(out)
	if err != nil {
		return nil, err
	}
	if len(changes) > 0 {
		return nil, fmt.Errorf("%s out of date; run: %s", count(len(changes), "file"), c.generateLine(out))
	}
	packages, err := c.packages()
	if err != nil {
		return nil, err
	}
	want := &wanted{names: map[string]bool{}}
	for _, p := range packages {
		want.entities = append(want.entities, descriptors(p.Package)...)
		for _, e := range p.Entities {
			want.names[e.Name] = true
		}
	}
	if len(want.entities) > 0 {
		want.libraries = repo.Libraries(want.entities...)
	}
	return want, nil
}

func dumpFunctions(c *call, f *functionFlags, want *wanted) error {
	if f.dir == "" {
		for _, l := range want.libraries {
			fmt.Fprint(c.Stdout, l.Code)
		}
		return nil
	}
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return err
	}
	for _, l := range want.libraries {
		path := filepath.Join(f.dir, l.Name+".lua")
		if err := os.WriteFile(path, []byte(l.Code), 0o666); err != nil {
			return err
		}
		fmt.Fprintln(c.Stdout, "wrote", path)
	}
	return nil
}

func loadFunctions(c *call, f *functionFlags, want *wanted) error {
	return f.connect(func(ctx context.Context, client *repo.Client) error {
		before, err := readFunctions(ctx, client)
		if err != nil {
			return err
		}
		if err := repo.LoadFunctions(ctx, client, want.entities...); err != nil {
			return err
		}
		for _, l := range want.libraries {
			if before.missing(l) > 0 {
				fmt.Fprintln(c.Stdout, "loaded", l.Name)
			}
		}
		return nil
	})
}

func listFunctions(c *call, f *functionFlags, want *wanted) error {
	return f.connect(func(ctx context.Context, client *repo.Client) error {
		there, err := readFunctions(ctx, client)
		if err != nil {
			return err
		}
		missing := 0
		table := tabwriter.NewWriter(c.Stdout, 0, 0, 2, ' ', 0)
		for _, l := range want.libraries {
			state := "loaded"
			if n := there.missing(l); n > 0 {
				missing++
				state = "missing"
				if n < len(there) {
					state = fmt.Sprintf("missing on %d of %d", n, len(there))
				}
			}
			fmt.Fprintf(table, "%s\t%s\n", state, l.Name)
		}
		for _, name := range there.besides(want) {
			state := "other version"
			if entity := libraryEntity(name); entity != "" && !want.names[entity] {
				state = "other entity"
			}
			fmt.Fprintf(table, "%s\t%s\n", state, name)
		}
		if err := table.Flush(); err != nil || missing == 0 {
			return err
		}
		return fmt.Errorf("%s missing; run redisgen functions load", count(missing, "function"))
	})
}

func pruneFunctions(c *call, f *functionFlags, want *wanted) error {
	return f.connect(func(ctx context.Context, client *repo.Client) error {
		there, err := readFunctions(ctx, client)
		if err != nil {
			return err
		}
		verb := "removed"
		if f.dry {
			verb = "would remove"
		}
		var problems []error
		for _, name := range there.besides(want) {
			if !f.all && !want.names[libraryEntity(name)] {
				continue
			}
			if !f.dry {
				err = there.remove(ctx, name)
			}
			if err != nil {
				problems = append(problems, err)
				continue
			}
			fmt.Fprintln(c.Stdout, verb, name)
		}
		return errors.Join(problems...)
	})
}

// besides returns the libraries that are there and not wanted, in order.
func (there primaries) besides(want *wanted) []string {
	var names []string
	for _, p := range there {
		for name := range p.libraries {
			wants := func(l repo.Library) bool { return l.Name == name }
			if !slices.ContainsFunc(want.libraries, wants) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
