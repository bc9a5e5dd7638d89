package postgresd

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts processes on one thread that lives as long as this process: Pdeathsig reaches a child when the thread
// that started it ends.
var spawner = sync.OnceValue(func() chan<- func() {
	starts := make(chan func())
	go startAll(starts)
	return starts
})

func startAll(starts <-chan func()) {
	runtime.LockOSThread()
	for start := range starts {
		start()
	}
}

// spawn starts cmd so that it ends with this process, however that ends: at once, yet in order, as a server that is
// killed leaves shared memory behind.
func spawn(cmd *exec.Cmd, credential *syscall.Credential) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT, Credential: credential, Setpgid: true}
	result := make(chan error)
	spawner() <- func() { result <- cmd.Start() }
	return <-result
}
