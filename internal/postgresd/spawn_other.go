//go:build unix && !linux

package postgresd

import (
	"os/exec"
	"syscall"
)

func spawn(cmd *exec.Cmd, credential *syscall.Credential) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	return cmd.Start()
}
