package main

import (
	"time"

	"github.com/redisgen/redisgen/repo/limit"
)

// config says how the service runs.
type config struct {
	redis  string // URL of the server; empty: the embedded store
	prefix string // of all keys
	secure bool   // the cookie is sent by HTTPS only

	agent      agent         // what answers
	userLimits []limit.Limit // of the requests of each user
	signIns    []limit.Limit // of each address
	sessionTTL time.Duration // of a session that is not used
	auditFor   time.Duration // how long the audit trail is kept

	maxBody    int64 // bytes of a request
	maxMessage int   // bytes of a message
	maxStreams int   // that are open at the same time

	requestTimeout time.Duration // for a request to be read, and to be answered
	writeTimeout   time.Duration // for a client to take what a stream sends
	answerTimeout  time.Duration // for the agent
	heartbeat      time.Duration // how often a stream is heard of, and looks for what it was not told
	drain          time.Duration // for what is under way when the service ends
}

func defaults() config {
	return config{
		prefix:         "agents:",
		agent:          countWords,
		userLimits:     []limit.Limit{limit.PerSecond(5).Burst(50)},
		signIns:        []limit.Limit{limit.PerMinute(30)},
		sessionTTL:     time.Hour,
		auditFor:       90 * 24 * time.Hour,
		maxBody:        64 << 10,
		maxMessage:     16 << 10,
		maxStreams:     1000,
		requestTimeout: 10 * time.Second,
		writeTimeout:   10 * time.Second,
		answerTimeout:  30 * time.Second,
		heartbeat:      15 * time.Second,
		drain:          10 * time.Second,
	}
}
