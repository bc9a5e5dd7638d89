package repo

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	lua "github.com/yuin/gopher-lua"

	"github.com/redisgen/redisgen/internal/redisd"
)

// random returns a source of random numbers. Its seed is printed if the test
// fails, and taken from REPO_SEED if that is set.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := maphash.String(maphash.MakeSeed(), "")
	if text := os.Getenv("REPO_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("to repeat: REPO_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 0))
}

// awkward are pieces of which random strings are made: what separates parts of
// keys, what scripts and replies treat specially, and what is not UTF-8.
var awkward = []string{
	"", "a", "b", ":", "{", "}", "0", "1", "2", "-", "~", "\x00", "\x01", "\x02", "\xff", "\xc3", "é", "K", "ß", "\ufffd", "\n", "\r\n", "$", "%z",
	`\`, `"`, "1:a", strings.Repeat("x", 10_000),
}

// awkwardString returns a string of up to four pieces.
func awkwardString(r *rand.Rand) string {
	var b strings.Builder
	for range r.IntN(5) {
		b.WriteString(awkward[r.IntN(len(awkward))])
	}
	return b.String()
}

// luaFunction is a function of repo/lua that can be called on its own: in this
// process, which is fast enough for fuzzing, and on servers.
type luaFunction struct {
	arity  int
	source string
	proto  *lua.LFunction
	state  *lua.LState
}

// newLuaFunction returns a function that expression names, with the file it is
// in; its arguments and its result are strings, or the result is nil.
func newLuaFunction(tb testing.TB, file, expression string, arity int) *luaFunction {
	tb.Helper()
	f := &luaFunction{arity: arity, source: scriptBase + part(file) + fmt.Sprintf(`
local under_test, results = %s, {}
for i = 2, #ARGV, %[2]d do
  results[#results + 1] = under_test(unpack(ARGV, i, i + %[2]d - 1)) or false
end
return results`, expression, arity)}
	f.state = lua.NewState()
	tb.Cleanup(f.state.Close)
	if err := f.state.DoString("redis, KEYS = {}, {}"); err != nil {
		tb.Fatal(err)
	}
	var err error
	if f.proto, err = f.state.LoadString(f.source); err != nil {
		tb.Fatal(err)
	}
	return f
}

// call returns the result for one list of arguments.
func (f *luaFunction) call(tb testing.TB, args ...string) (string, bool) {
	tb.Helper()
	argv := f.state.NewTable()
	argv.Append(lua.LString(""))
	for _, arg := range args {
		argv.Append(lua.LString(arg))
	}
	f.state.SetGlobal("ARGV", argv)
	if err := f.state.CallByParam(lua.P{Fn: f.proto, NRet: 1, Protect: true}); err != nil {
		tb.Fatalf("%q: %v", args, err)
	}
	result := f.state.Get(-1).(*lua.LTable).RawGetInt(1)
	f.state.Pop(1)
	text, ok := result.(lua.LString)
	return string(text), ok
}

// eval returns the results for many lists of arguments, on a server; nil is
// the result "nil".
func (f *luaFunction) eval(t *testing.T, rdb *redis.Client, inputs [][]string) []string {
	t.Helper()
	var results []string
	for len(inputs) > 0 {
		n := min(len(inputs), 2000)
		args := []any{""}
		for _, input := range inputs[:n] {
			if len(input) != f.arity {
				t.Fatalf("%d arguments, want %d", len(input), f.arity)
			}
			for _, arg := range input {
				args = append(args, arg)
			}
		}
		list, err := rdb.Eval(t.Context(), f.source, nil, args...).Slice()
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != n {
			t.Fatalf("%d results, want %d", len(list), n)
		}
		for _, result := range list {
			text, ok := result.(string)
			if !ok {
				text = "nil"
			}
			results = append(results, text)
		}
		inputs = inputs[n:]
	}
	return results
}

// eachServer runs a test on the embedded store and on a real server.
func eachServer(t *testing.T, test func(t *testing.T, rdb *redis.Client)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
		t.Cleanup(func() { _ = rdb.Close() })
		test(t, rdb)
	})
	t.Run("redis", func(t *testing.T) { test(t, redisd.Shared(t).Client()) })
}

// agree fails the test where a server's results are not those wanted.
func (f *luaFunction) agree(t *testing.T, inputs [][]string, want []string) {
	t.Helper()
	eachServer(t, func(t *testing.T, rdb *redis.Client) {
		failures := 0
		for i, got := range f.eval(t, rdb, inputs) {
			if got != want[i] && failures < 10 {
				failures++
				t.Errorf("%q: %q, want %q", inputs[i], got, want[i])
			}
		}
	})
}
