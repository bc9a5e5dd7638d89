package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"golang.org/x/mod/semver"

	"github.com/redisgen/redisgen/internal/command"
)

// storageProgram is the name of the program that does the work, and storagePackage where it is. It is
// another one since it has the drivers of databases, which go generate need not build.
const (
	storageProgram = "redisgen-storage"
	storagePackage = modulePath + "/cmd/redisgen/redisgen-storage"
)

func storageCommand() command.Command {
	return command.Command{
		Name:     "storage",
		Synopsis: "<command> [arguments]",
		Short:    "migrate, compare and back up storages of an agent framework",
		Long: `Storage runs redisgen-storage, which moves the documents of an agent framework
between SQLite, PostgreSQL, S3, Redis and memory, compares storages, and makes
backups of them. "redisgen storage help" lists its commands.

It is found beside redisgen or in PATH. If it is not there, the go command builds
and runs it, in the version of redisgen. To have it built once:

	go install github.com/redisgen/redisgen/cmd/redisgen/redisgen-storage@latest`,
		Examples: `redisgen storage help
redisgen storage migrate -from sqlite:tframex.db -to redis://localhost:6379/0`,
		Raw: true,
		Run: run(runStorage),
	}
}

// runStorage runs the program with the arguments of the call.
func runStorage(c *call) error {
	line := storageLine(besideProgram(), exec.LookPath, storageVersion())
	program := exec.Command(line[0], append(line[1:], c.Args...)...)
	program.Stdin, program.Stdout, program.Stderr = c.Stdin, c.Stdout, c.Stderr
	// An interrupt of the terminal reaches the program as well, which ends in order; what is
	// sent to this process alone is passed on.
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	if err := program.Start(); err != nil {
		return fmt.Errorf("%s cannot be run: %w", storageProgram, err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				if s == syscall.SIGTERM {
					_ = program.Process.Signal(s)
				}
			case <-done:
				return
			}
		}
	}()
	err := program.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		return command.Exit(exit.ExitCode())
	}
	return err
}

// besideProgram returns where the program would be if it were installed with this one.
func besideProgram() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	name := storageProgram
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(filepath.Dir(self), name)
}

// storageLine returns what runs the program: the file, the one that look finds in PATH, or the go
// command, which builds it in a version, or in that of the current module if version is "".
func storageLine(file string, look func(string) (string, error), version string) []string {
	if info, err := os.Stat(file); err == nil && !info.IsDir() {
		return []string{file}
	}
	if path, err := look(storageProgram); err == nil {
		return []string{path}
	}
	if version != "" {
		return []string{"go", "run", storagePackage + "@" + version}
	}
	return []string{"go", "run", storagePackage}
}

// storageVersion returns the version of redisgen, "" if it is not one that can be downloaded.
func storageVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	version := moduleVersion(info)
	if !semver.IsValid(version) || semver.Build(version) != "" {
		return ""
	}
	return version
}
