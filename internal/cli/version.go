package cli

import (
	"fmt"
	"runtime/debug"

	"github.com/redisgen/redisgen/internal/command"
)

const modulePath = "github.com/redisgen/redisgen"

func versionCommand() command.Command {
	return command.Command{
		Name:     "version",
		Short:    "print the version of redisgen",
		Long:     `Version prints the module version that this redisgen was built from.`,
		Examples: `redisgen version`,
		Run:      run(runVersion),
	}
}

func runVersion(c *call) error {
	if err := c.Arguments(0, ""); err != nil {
		return err
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = moduleVersion(info)
	}
	fmt.Fprintln(c.Stdout, "redisgen", version)
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
