// Command redisgen writes typed Redis repositories for tagged Go structs.
// "redisgen help" tells how to use it.
package main

import (
	"os"

	"github.com/redisgen/redisgen/internal/cli"
)

func main() {
	os.Exit(cli.Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
