package redisd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Versions lists what [Version] takes.
var Versions = []string{"default", "redis8", "valkey8", "valkey9"}

// findProgram returns the path of the server program of a version, or an error that names the command which installs it.
func findProgram(version string) (string, error) {
	if version == "default" {
		path, err := exec.LookPath("redis-server")
		if err != nil {
			return "", fmt.Errorf("redis-server is not in PATH; install it: apt-get update && apt-get install -y redis-server")
		}
		return path, nil
	}
	dir := os.Getenv("REDISGEN_SERVERS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no place for server %s; set REDISGEN_SERVERS to a directory: %w", version, err)
		}
		dir = filepath.Join(cache, "redisgen", "servers")
	}
	path, err := exec.LookPath(filepath.Join(dir, version))
	if err != nil {
		return "", fmt.Errorf("server %s is not in %s; fetch it: internal/redisd/versions.sh", version, dir)
	}
	return path, nil
}
