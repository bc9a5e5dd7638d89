package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/redisgen/redisgen/internal/command"
)

func initCommand() command.Command {
	return command.Command{
		Name:  "init",
		Short: "write a starter entity into the current package",
		Long: `Init writes user.go, an entity to start from with the go:generate line that
generates its repository, into the package in the current directory, which
must be inside a module. It does not overwrite a file.`,
		Examples: `go mod init example.com/app && redisgen init
mkdir store && cd store && redisgen init`,
		Run: run(runInit),
	}
}

const starterFile = "user.go"

func runInit(c *call) error {
	if err := c.Arguments(0, ""); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if _, _, err := findModule(dir); err != nil {
		return err
	}
	name, err := packageName(dir)
	if err != nil {
		return err
	}
	if err := create(starterFile, strings.Replace(starter, "PACKAGE", name, 1)); err != nil {
		return err
	}
	fmt.Fprint(c.Stdout, nextSteps)
	return nil
}

// create writes a file that does not exist yet.
func create(name, content string) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists; init does not overwrite it", name)
	} else if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}

// starter is a file of its own, so that go generate does not take its
// directive for one of this package.
//
//go:embed starter.go.txt
var starter string

const nextSteps = `wrote user.go

Next:

	go get -tool github.com/redisgen/redisgen/cmd/redisgen
	go generate
	go get -t .

Then, with a Redis server on this machine:

	client, err := repo.Open(ctx, repo.Config{URL: "redis://localhost:6379"})
	users := NewUsers(client)
	err = users.Create(ctx, &User{Email: "ann@example.com", Name: "Ann"})
	ann, err := users.GetByEmail(ctx, "ann@example.com")
`
