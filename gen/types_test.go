package gen

import (
	"slices"
	"testing"
	"time"

	"github.com/dave/jennifer/jen"
)

func TestGoType(t *testing.T) {
	tests := []struct {
		expr, want string
		qualified  []string
	}{
		{"string", "string", nil},
		{`"time".Time`, "time.Time", []string{"time.Time"}},
		{`*"math/big".Int`, "*big.Int", []string{"math/big.Int"}},
		{`map[string][]"net/netip".Addr`, "map[string][]netip.Addr", []string{"net/netip.Addr"}},
		{`map["net/netip".Addr]*"time".Time`, "map[netip.Addr]*time.Time", []string{"net/netip.Addr", "time.Time"}},
		{`[4]"example.com/app".ID`, "[4]ID", []string{"example.com/app.ID"}},
		{`"example.com/app".Option["time".Time]`, "Option[time.Time]", []string{"example.com/app.Option", "time.Time"}},
		{`struct{A int "json:\"a\""; B "time".Time}`, "struct {\n\tA int \"json:\\\"a\\\"\"\n\tB time.Time\n}", []string{"time.Time"}},
		{"interface{String() string}", "interface{ String() string }", nil},
	}
	for _, test := range tests {
		f := jen.NewFilePathName("example.com/app", "app")
		f.Var().Id("x").Add(goType(test.expr))
		got := f.GoString()
		if suffix := "var x " + test.want + "\n"; len(got) < len(suffix) || got[len(got)-len(suffix):] != suffix {
			t.Errorf("goType(%s) gives\n%s\nwant at its end:\n%s", test.expr, got, suffix)
		}
		var names []string
		for path, name := range qualified(test.expr) {
			names = append(names, path+"."+name)
		}
		if !slices.Equal(names, test.qualified) {
			t.Errorf("qualified(%s) = %q, want %q", test.expr, names, test.qualified)
		}
	}
}

func TestAssumedName(t *testing.T) {
	for path, want := range map[string]string{
		"time":                           "time",
		"net/netip":                      "netip",
		"github.com/google/uuid":         "uuid",
		"github.com/redis/go-redis/v9":   "redis",
		"gopkg.in/yaml.v3":               "yaml",
		"example.com/go-money":           "money",
		"example.com/some-thing":         "some",
		"k8s.io/api/core/v1":             "core",
		"example.com/vault":              "vault",
		"example.com/2":                  "",
		"github.com/redisgen/redisgen/x": "x",
	} {
		if got := assumedName(path); got != want {
			t.Errorf("assumedName(%q) = %q, want %q", path, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		time.Hour:               "time.Hour",
		720 * time.Hour:         "720 * time.Hour",
		90 * time.Minute:        "90 * time.Minute",
		time.Minute:             "time.Minute",
		61 * time.Second:        "61 * time.Second",
		250 * time.Millisecond:  "250 * time.Millisecond",
		1500 * time.Microsecond: "1500 * time.Microsecond",
		7 * time.Nanosecond:     "7 * time.Nanosecond",
	} {
		if got := duration(d).GoString(); got != want {
			t.Errorf("duration(%v) = %s, want %s", d, got, want)
		}
	}
}
