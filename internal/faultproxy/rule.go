package faultproxy

import "slices"

// fault is what happens to a command.
type fault int

const (
	none fault = iota
	dropReply
	holdReply
	dropRequest
)

// rule says which of the matching commands a fault hits.
type rule struct {
	fault fault
	match Match
	nth   []int // those to come
	seen  int
}

// add arms a fault.
func (p *Proxy) add(f fault, match Match, nth []int) {
	if len(nth) == 0 {
		nth = []int{1}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rules = append(p.rules, &rule{fault: f, match: match, nth: slices.Clone(nth)})
}

// observe counts a command and returns the fault that hits it: that of the rule armed first, where several match.
func (p *Proxy) observe(c command) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[c.name()]++
	hit := none
	for _, r := range p.rules {
		if !r.match(c.args) {
			continue
		}
		r.seen++
		if slices.Contains(r.nth, r.seen) && hit == none {
			hit = r.fault
		}
	}
	return hit
}

// struck counts a fault that has happened.
func (p *Proxy) struck() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults++
}
