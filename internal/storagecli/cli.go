// Package storagecli is the command line of redisgen storage, one file per command. It is a
// program of its own, cmd/redisgen/redisgen-storage, as it has the drivers of all backends.
package storagecli

import (
	"context"
	"io"
	"os/signal"
	"syscall"

	"github.com/redisgen/redisgen/internal/command"
)

// program returns redisgen storage.
func program() command.Program {
	return command.Program{
		Name: "redisgen storage",
		Short: `Redisgen storage moves the documents of an agent framework between backends,
and looks after them.`,
		Long: `A storage is named by a URL:

	sqlite:path/to.db
	postgresql://user@host:5432/database
	redis://user@host:6379/0?key_prefix=tframex:
	s3://bucket/prefix?region=eu-west-1
	memory:

or by a file with its configuration, as "redisgen storage config template" writes
one. Settings that are in the environment go before both: TFRAMEX_FROM_PASSWORD,
TFRAMEX_TO_PASSWORD_FILE, and so on, which keep passwords off the command line.`,
		Failure: "records were refused, storages differ, or a failure to read or write",
		Example: "migrate",
		Commands: []command.Command{
			migrateCommand(),
			verifyCommand(),
			statsCommand(),
			exportCommand(),
			importCommand(),
			checkCommand(),
			configCommand(),
		},
	}
}

// Do runs redisgen storage with args, which begin with the command. It returns the exit code
// of the process. An interrupt ends what goes on in an orderly way, a second one at once.
func Do(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return program().Do(ctx, args, stdin, stdout, stderr)
}
