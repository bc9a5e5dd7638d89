package repo

import (
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// replicas are the replicas that a client and its views read from, and how far
// behind they are known to be. Nothing is known until the first view asks for it.
type replicas struct {
	rdb   redis.UniversalClient
	addrs []string // as configured; nil: those that the primary names
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)

	turn   atomic.Uint64
	shards sync.Map // of *shard, by the address of the primary, "" if there is only one

	ctx     context.Context
	cancel  context.CancelFunc
	done    sync.WaitGroup
	mu      sync.Mutex
	every   time.Duration // 0: nobody looks
	hurried chan struct{}
}

// newReplicas returns those of a client; made is whether Open made its connection, so
// that others can be made like it.
func newReplicas(rdb redis.UniversalClient, config Config, made bool) *replicas {
	r := &replicas{rdb: rdb, addrs: config.ReplicaAddrs, hurried: make(chan struct{}, 1)}
	if made {
		r.dial = config.dialer().connect
	}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

func (r *replicas) cluster() bool {
	_, ok := r.rdb.(*redis.ClusterClient)
	return ok
}

// watch has the replicas looked at, at least so often.
func (r *replicas) watch(every time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ctx.Err() != nil, r.every > 0 && r.every <= every:
	case r.every == 0:
		r.every = every
		r.done.Go(r.run)
	default:
		r.every = every
		select {
		case r.hurried <- struct{}{}:
		default:
		}
	}
}

func (r *replicas) stop() {
	r.mu.Lock()
	r.cancel()
	r.mu.Unlock()
	r.done.Wait()
	r.shards.Range(func(_, s any) bool {
		s.(*shard).close()
		return true
	})
}

// run looks at the replicas again and again, and at which primaries there are once
// a second.
func (r *replicas) run() {
	var listed time.Time
	for {
		if time.Since(listed) >= lookInterval && r.list() {
			listed = time.Now()
		}
		r.shards.Range(func(_, s any) bool {
			r.look(s.(*shard))
			return true
		})
		r.mu.Lock()
		timer := time.NewTimer(r.every)
		r.mu.Unlock()
		select {
		case <-timer.C:
		case <-r.hurried:
		case <-r.ctx.Done():
		}
		timer.Stop()
		if r.ctx.Err() != nil {
			return
		}
	}
}

// lookTimeout is how long a server may take to tell how far it is.
const lookTimeout = time.Second

// list finds out which primaries there are, and tells whether it could.
func (r *replicas) list() bool {
	cluster, ok := r.rdb.(*redis.ClusterClient)
	if !ok {
		if rdb, ok := r.rdb.(*redis.Client); ok {
			r.shards.LoadOrStore("", &shard{primary: rdb})
		}
		return true
	}
	ctx, cancel := context.WithTimeout(r.ctx, lookTimeout)
	defer cancel()
	var mu sync.Mutex
	primaries := map[string]*redis.Client{}
	err := cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		primaries[node.Options().Addr] = node
		return nil
	})
	if err != nil {
		return false
	}
	r.shards.Range(func(addr, s any) bool {
		if primaries[addr.(string)] != s.(*shard).primary {
			r.shards.Delete(addr)
			s.(*shard).close()
		}
		return true
	})
	for addr, node := range primaries {
		r.shards.LoadOrStore(addr, &shard{primary: node})
	}
	return true
}

// look has a shard looked at, unless the last look is still under way: a server
// that does not answer holds up no other.
func (r *replicas) look(s *shard) {
	if !s.busy.CompareAndSwap(false, true) {
		return
	}
	r.done.Go(func() {
		defer s.busy.Store(false)
		if info, asked, err := r.ask(s.primary); err == nil && info["role"] == "master" {
			s.note(asked, info)
			r.update(s, info)
		}
		for _, one := range s.replicas() {
			if one.busy.CompareAndSwap(false, true) {
				r.done.Go(func() {
					defer one.busy.Store(false)
					info, _, err := r.ask(one.client)
					one.note(s, info, err)
				})
			}
		}
	})
}

// ask returns what a server says of replication, and when it was asked.
func (r *replicas) ask(node *redis.Client) (serverInfo, time.Time, error) {
	ctx, cancel := context.WithTimeout(r.ctx, lookTimeout)
	defer cancel()
	asked := time.Now()
	info, err := nodeInfo(ctx, node, "replication")
	return info, asked, err
}

// update has a shard know the replicas that its primary names.
func (r *replicas) update(s *shard, info serverInfo) {
	addrs := r.addrs
	if addrs == nil || r.cluster() {
		addrs = nil
		for _, one := range info.replicas() {
			if one["state"] == "online" {
				addrs = append(addrs, net.JoinHostPort(one["ip"], one["port"]))
			}
		}
	}
	var list, gone []*replica
	for _, one := range s.replicas() {
		if slices.Contains(addrs, one.addr) {
			list = append(list, one)
		} else {
			gone = append(gone, one)
		}
	}
	for _, addr := range addrs {
		if !slices.ContainsFunc(list, func(one *replica) bool { return one.addr == addr }) {
			list = append(list, &replica{addr: addr, client: redis.NewClient(r.options(s.primary, addr))})
		}
	}
	if !s.replace(list) {
		gone = list
	}
	for _, one := range gone {
		_ = one.client.Close()
	}
}

// options returns those of a client for a replica.
func (r *replicas) options(primary *redis.Client, addr string) *redis.Options {
	options := optionsFor(primary.Options(), addr)
	options.MaxRetries, options.DialerRetries = -1, 1
	if primary.Options().Addr == sentinelAddr { // which dials the primary, whatever the address
		if options.Dialer = r.dial; r.dial == nil {
			options.Dialer = redis.NewDialer(options)
		}
	}
	if r.cluster() {
		greet := options.OnConnect
		options.OnConnect = func(ctx context.Context, conn *redis.Conn) error {
			if greet != nil {
				if err := greet(ctx, conn); err != nil {
					return err
				}
			}
			return conn.ReadOnly(ctx).Err()
		}
	}
	return options
}

// sentinelAddr is what go-redis gives as the address of a client that finds the
// primary by Sentinel.
const sentinelAddr = "FailoverClient"

// pick returns a replica that may be read: one after the other. It is nil if there
// is none.
func (r *replicas) pick(addr string, stale *staleReads) *replica {
	s, ok := r.shards.Load(addr)
	if !ok {
		return nil
	}
	list := s.(*shard).replicas()
	turn := r.turn.Add(1)
	for i := range uint64(len(list)) {
		if one := list[(turn+i)%uint64(len(list))]; one.serves(stale) {
			return one
		}
	}
	return nil
}

// shard is a primary and its replicas.
type shard struct {
	primary *redis.Client
	busy    atomic.Bool
	list    atomic.Pointer[[]*replica]

	mu      sync.Mutex
	closed  bool
	history string // the id of the replication
	samples []sample
}

// sample is an offset that the primary had reached at a time, or later.
type sample struct {
	at     time.Time
	offset int64
}

// mostSamples is how many samples are kept.
const mostSamples = 256

func (s *shard) replicas() []*replica {
	if list := s.list.Load(); list != nil {
		return *list
	}
	return nil
}

// replace gives the shard other replicas, unless it is closed.
func (s *shard) replace(list []*replica) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.list.Store(&list)
	}
	return !s.closed
}

func (s *shard) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, one := range s.replicas() {
		_ = one.client.Close()
	}
}

// note notes how far the primary is.
func (s *shard) note(asked time.Time, info serverInfo) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id := info["master_replid"]; id != s.history {
		s.history, s.samples = id, nil
	}
	if len(s.samples) == mostSamples {
		s.samples = slices.Delete(s.samples, 0, 1)
	}
	s.samples = append(s.samples, sample{asked, info.number("master_repl_offset")})
}

// reached returns the latest time at which the primary was no further than a
// replica is.
func (s *shard) reached(info serverInfo) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if info["master_replid"] != s.history {
		return time.Time{}, false
	}
	offset := info.number("slave_repl_offset")
	for _, one := range slices.Backward(s.samples) {
		if one.offset <= offset {
			return one.at, true
		}
	}
	return time.Time{}, false
}

// replica is a server that may be read.
type replica struct {
	addr   string
	client *redis.Client
	busy   atomic.Bool
	up     atomic.Bool               // it answers
	as     atomic.Pointer[time.Time] // it has all that the primary had then
}

// note notes what a replica says of itself.
func (r *replica) note(s *shard, info serverInfo, err error) {
	up := err == nil && info["role"] == "slave" && info["master_sync_in_progress"] != "1"
	if up {
		if at, ok := s.reached(info); ok {
			r.as.Store(&at)
		}
	}
	r.up.Store(up)
}

// serves tells whether the replica is good enough for a read that begins now.
func (r *replica) serves(stale *staleReads) bool {
	if !r.up.Load() || !stale.bounded {
		return r.up.Load()
	}
	as := r.as.Load()
	return as != nil && time.Since(*as) <= stale.lag
}
