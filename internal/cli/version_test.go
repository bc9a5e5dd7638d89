package cli

import (
	"runtime/debug"
	"testing"
)

func TestModuleVersion(t *testing.T) {
	main := debug.Module{Path: modulePath, Version: "v1.2.3"}
	app := debug.Module{Path: "example.com/app", Version: "v9.9.9"}
	tests := []struct {
		info debug.BuildInfo
		want string
	}{
		{debug.BuildInfo{Main: main}, "v1.2.3"},
		{debug.BuildInfo{Main: app, Deps: []*debug.Module{&main}}, "v1.2.3"},
		{debug.BuildInfo{Main: app}, "(devel)"},
		{debug.BuildInfo{Main: debug.Module{Path: modulePath}}, "(devel)"},
	}
	for _, test := range tests {
		if got := moduleVersion(&test.info); got != test.want {
			t.Errorf("%+v: %s, want %s", test.info, got, test.want)
		}
	}
}
