package schema

// checkEvent checks a field whose value is part of change events.
func (c *checker) checkEvent(f *Field) {
	if !f.Event {
		return
	}
	if c.entity.Events == "" {
		c.fail(f, f.position("event"), "option event in an entity that tells of no changes", "add events=pubsub or events=stream to the //redisgen:entity line, or remove event")
	}
	if f.Secret {
		c.fail(f, f.position("event"), "option event on a secret field", "remove event: events are read by others")
	}
}
