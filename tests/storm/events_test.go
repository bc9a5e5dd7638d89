package storm

import (
	"fmt"
	"time"

	"github.com/redisgen/redisgen/internal/redisd"
)

// event is something that happens while everybody works.
type event struct {
	name   string
	elects bool // a replica becomes a primary
	strict bool // callers must not notice
	run    func(w *world)
}

// latency is that of a slow network.
const latency = 20 * time.Millisecond

var (
	calm = event{name: "nothing", strict: true, run: func(w *world) { w.progress("in peace", 50) }}
	kill = failover("failover, SIGKILL", (*redisd.Server).Kill, (*redisd.Server).Start)
	stop = failover("failover, SIGSTOP", (*redisd.Server).Pause, (*redisd.Server).Resume)

	// restart kills all servers; what they have on disk is all that is left.
	restart = event{name: "restart of all", run: func(w *world) {
		w.d.patient(time.Minute)
		w.d.killAll()
		w.d.startAll()
		w.d.healthy(patience)
		w.d.patient(500 * time.Millisecond)
	}}

	// cutOne cuts clients off from one primary, until some calls have failed.
	cutOne = event{name: "one node cut off", run: func(w *world) {
		w.cut([]*redisd.Server{w.d.primary()}, 6)
	}}
	// cutAll cuts clients off from all servers, until many have.
	cutAll = event{name: "all nodes cut off", run: func(w *world) { w.cut(w.d.servers(), 30) }}

	slow = event{name: fmt.Sprint("latency of ", latency), strict: true, run: func(w *world) {
		w.d.network.Latency(latency, addrs(w.d.servers())...)
		w.progress("slowly", 20)
		w.d.network.Latency(0, addrs(w.d.servers())...)
	}}
)

// primary returns one of the primaries.
func (d *deployment) primary() *redisd.Server {
	d.t.Helper()
	list := d.primaries()
	return list[d.random.IntN(len(list))]
}

// failover has a replica take the place of a primary, which comes back as a replica.
func failover(name string, down, up func(*redisd.Server)) event {
	return event{name: name, elects: true, run: func(w *world) {
		old := w.d.primary()
		replicas := w.d.replicas(old)
		w.d.inStep(old)
		start := time.Now()
		down(old)
		w.d.elected(replicas)
		w.election = time.Since(start)
		w.plainProgress("with the new primary", 1)
		up(old)
	}}
}

// inStep waits until the replicas of a primary get what it is told.
func (d *deployment) inStep(primary *redisd.Server) {
	d.t.Helper()
	key := "in step"
	if d.cluster != nil {
		key = fmt.Sprintf("{%s}", d.tagIn(primary))
	}
	d.replicated(primary, key)
}

// tagIn returns a hash tag of which a node has the slot.
func (d *deployment) tagIn(primary *redisd.Server) string {
	d.t.Helper()
	slots := map[int]bool{}
	for _, slot := range d.cluster.SlotsOf(primary) {
		slots[slot] = true
	}
	for i := 0; ; i++ {
		if tag := fmt.Sprint("step", i); slots[slotOf(tag)] {
			return tag
		}
	}
}

// cut cuts clients off from servers, until calls have failed.
func (w *world) cut(servers []*redisd.Server, failures int64) {
	w.t.Helper()
	until := w.failures() + failures
	w.d.network.Sever(addrs(servers)...)
	eventually(w.t, func() string { return "calls fail while the network is cut" }, func() bool { return w.failures() >= until })
	w.d.network.Heal()
}

// reshard moves slots from one primary to another.
func reshard(slots int) event {
	return event{name: fmt.Sprint(slots, " slots move"), strict: true, run: func(w *world) {
		primaries := w.d.primaries()
		from := w.d.random.IntN(len(primaries))
		to := (from + 1 + w.d.random.IntN(len(primaries)-1)) % len(primaries)
		has := w.d.cluster.SlotsOf(primaries[from])
		first := w.d.random.IntN(len(has) - slots + 1)
		w.d.cluster.MoveSlots(primaries[from], primaries[to], has[first:first+slots]...)
	}}
}
