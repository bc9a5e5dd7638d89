package cli

import (
	"fmt"
	"runtime/debug"
)

const modulePath = "github.com/redisgen/redisgen"

func versionCommand() command {
	return command{
		name:     "version",
		short:    "print the version of redisgen",
		long:     `Version prints the module version that this redisgen was built from.`,
		examples: `redisgen version`,
		flags:    newFlags(),
		run:      runVersion,
	}
}

func runVersion(c *call) error {
	if err := c.noArguments(); err != nil {
		return err
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = moduleVersion(info)
	}
	fmt.Fprintln(c.stdout, "redisgen", version)
	return nil
}

// moduleVersion finds redisgen's version in info, where it is the main module
// or a dependency.
func moduleVersion(info *debug.BuildInfo) string {
	for _, module := range append(info.Deps, &info.Main) {
		if module.Path == modulePath && module.Version != "" {
			return module.Version
		}
	}
	return "(devel)"
}
