//go:build unix && !linux

package redisd

import "os/exec"

func spawn(cmd *exec.Cmd) error { return cmd.Start() }
