package redisd

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts processes on one thread that lives as long as this process: Pdeathsig kills a child when the thread
// that started it ends.
var spawner = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go func() {
		runtime.LockOSThread()
		for start := range starts {
			start()
		}
	}()
	return starts
})

// spawn starts cmd so that it dies with this process, however that ends.
func spawn(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	result := make(chan error)
	spawner() <- func() { result <- cmd.Start() }
	return <-result
}
