package repo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Library is a script as a library of Redis Functions: what FUNCTION LOAD takes.
//
// A function has the SHA-1 of its script in its name, and a library to itself.
// So versions of a program find their own functions side by side, and to load
// one version takes nothing from another.
type Library struct {
	Name   string // and that of its function: redisgen_users_<SHA-1>
	Entity string // whose records it writes; "": it is for all entities
	Code   string
}

// functionPrefix begins the names of all functions and libraries.
const functionPrefix = "redisgen_"

// What the names of a library's other functions end in: they do the same with
// other flags.
const (
	readOnlySuffix = "_ro"   // runs where nothing can be written
	freeSuffix     = "_free" // runs when the server is out of memory
)

func functionName(entity, sha string) string {
	if entity != "" {
		entity += "_"
	}
	return functionPrefix + entity + sha
}

// library returns the script as a library. A function without an argument tells
// that it is there.
func (s *script) library() Library {
	var b strings.Builder
	fmt.Fprintf(&b, "#!lua name=%s\nlocal function run(KEYS, ARGV)\nif #ARGV == 0 then return 1 end\n", s.function)
	b.WriteString(s.source)
	b.WriteString("\nend\n")
	register := func(suffix, flags string) {
		fmt.Fprintf(&b, "redis.register_function{ function_name = '%s%s', callback = run, flags = { %s } }\n", s.function, suffix, flags)
	}
	switch s.does {
	case writes:
		register("", "")
		register(freeSuffix, "'allow-oom'")
	case reads:
		register("", "'allow-oom'")
		register(readOnlySuffix, "'no-writes'")
	case frees:
		register("", "'allow-oom'")
	}
	return Library{Name: s.function, Entity: s.entity, Code: b.String()}
}

// Libraries returns the functions that programs call for entities or their
// repositories, in the order of their names.
func Libraries(of ...AnyEntity) []Library {
	scripts := slices.Clone(shared)
	for _, e := range of {
		for _, write := range e.describe().write {
			scripts = append(scripts, write())
		}
	}
	list := make([]Library, len(scripts))
	for i, s := range scripts {
		list[i] = s.library()
	}
	slices.SortFunc(list, func(a, b Library) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(list, func(a, b Library) bool { return a.Name == b.Name })
}

// LoadFunctions puts the functions of entities or their repositories on the
// server, on a cluster on every primary, unless they are there. What other
// versions have loaded stays. The client's user needs FUNCTION LOAD and
// FUNCTION LIST; [Config.Functions] need not be set.
func LoadFunctions(ctx context.Context, c *Client, of ...AnyEntity) error {
	libraries := Libraries(of...)
	load := func(ctx context.Context, rdb redis.Cmdable) error { return loadLibraries(ctx, rdb, libraries) }
	var err error
	if cluster, ok := c.rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return load(ctx, node) })
	} else {
		err = load(ctx, c.rdb)
	}
	if err != nil {
		return fmt.Errorf("redisgen: load functions: %w", err)
	}
	return nil
}

// loadLibraries puts libraries on one server.
func loadLibraries(ctx context.Context, rdb redis.Cmdable, libraries []Library) error {
	found, err := rdb.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: functionPrefix + "*", WithCode: true}).Result()
	if err != nil {
		return err
	}
	has := make(map[string]string, len(found))
	for _, l := range found {
		has[l.Name] = l.Code
	}
	for _, l := range libraries {
		if has[l.Name] == l.Code {
			continue
		}
		// Another process may have loaded it meanwhile: replaced, it is the same.
		if err := rdb.FunctionLoadReplace(ctx, l.Code).Err(); err != nil {
			return fmt.Errorf("%s: %w", l.Name, err)
		}
	}
	return nil
}

// describe makes a repository an [AnyEntity].
func (r *Repository[T, K]) describe() *entityInfo { return r.core.info }

// verb returns the command that runs the call's script, and the name it goes by.
func (c *call) verb() (command, name string) {
	s := c.script
	switch {
	case !c.functions:
		return "evalsha", s.sha
	case c.readOnly:
		return "fcall_ro", s.function + readOnlySuffix
	case s.entity != "" && c.deletes():
		return "fcall", s.function + freeSuffix
	}
	return "fcall", s.function
}

// deletes tells whether the call of a write script deletes.
func (c *call) deletes() bool {
	keys, _ := strconv.Atoi(c.args[2].(string))
	if len(c.args) < 3+keys+2 {
		return false
	}
	op, ok := c.args[3+keys+1].(*string)
	if !ok {
		return false
	}
	name, _, _ := strings.Cut(*op, "!") // the fence
	return operation(name) == opDelete
}

// leaveWriting has a read called so that it does not repair what it meets, if
// err is that the server does not write now. Scripts are refused only once they
// do write; functions that could, before.
func (c *call) leaveWriting(err error) bool {
	if err == nil || !c.functions || c.readOnly || c.script == nil || c.script.does != reads {
		return false
	}
	for _, refusal := range []string{"READONLY ", "MISCONF ", "NOREPLICAS "} {
		if strings.HasPrefix(err.Error(), refusal) {
			c.leaveRepairs()
			return true
		}
	}
	return false
}

// isNoFunction tells whether err is of a server that has not the function that
// was called, or none at all.
func isNoFunction(err error) bool {
	var reply redis.Error
	if err == nil || errors.Is(err, ErrFunctions) || !errors.As(err, &reply) {
		return false
	}
	text := strings.ToLower(reply.Error())
	return strings.HasPrefix(text, "err function not found") || strings.HasPrefix(text, "err unknown command `fcall")
}

// functionError is the error of a call whose function is not there.
type functionError struct {
	name  string
	reply error
}

func (e *functionError) Error() string {
	if strings.Contains(e.reply.Error(), "unknown command") {
		return fmt.Sprintf("%v: %s: the server has no Redis Functions; use Redis 7 or later, or turn Config.Functions off", ErrFunctions, e.name)
	}
	return fmt.Sprintf("%v: %s; run redisgen functions load", ErrFunctions, e.name)
}

func (e *functionError) Unwrap() []error { return []error{ErrFunctions, e.reply} }

// functions is what a client knows of the functions that it calls.
type functions struct {
	there sync.Map // by the name of the function and the keyspace
}

// checkFunctions prepares calls that are sent together. If there are writes among
// them it makes sure of their functions first, so that none is carried out if a
// function is missing; it asks once for each function and keyspace.
func (c *Client) checkFunctions(ctx context.Context, calls []*call) error {
	for _, call := range calls {
		call.functions = c.functions != nil
	}
	if c.functions == nil || len(calls) == 1 || !slices.ContainsFunc(calls, func(call *call) bool { return call.write }) {
		return nil
	}
	asked := map[string]bool{}
	var names []string
	var probes []*call
	for _, of := range calls {
		if of.script == nil {
			continue
		}
		name := of.script.function + of.home()
		if _, known := c.functions.there.Load(name); known || asked[name] {
			continue
		}
		asked[name] = true
		key := of.keys[0]
		names = append(names, name)
		probes = append(probes, &call{script: of.script, keys: []string{key}, args: newArgs(0, key).args})
	}
	_, errs := c.doAll(ctx, probes)
	for i, err := range errs {
		switch {
		case errors.Is(err, ErrFunctions):
			return err
		case err == nil:
			c.functions.there.Store(names[i], nil)
		}
	}
	return nil
}
