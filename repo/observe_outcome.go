package repo

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Outcome is what has become of an operation: the kind of its error, without the id that
// the error names.
type Outcome string

// The outcomes of operations.
const (
	OutcomeOK         Outcome = "ok"
	OutcomeNotFound   Outcome = "not_found"   // ErrNotFound
	OutcomeExists     Outcome = "exists"      // ErrExists
	OutcomeConflict   Outcome = "conflict"    // ErrConflict
	OutcomeUnique     Outcome = "unique"      // ErrUnique
	OutcomeReference  Outcome = "reference"   // ErrReference, ErrReferenced
	OutcomeFenced     Outcome = "fenced"      // ErrFenced
	OutcomePlacement  Outcome = "placement"   // ErrPlacement: refused, for the records are placed in another way
	OutcomeInvalid    Outcome = "invalid"     // a value or a call that cannot work as it is; nothing was sent
	OutcomeAborted    Outcome = "aborted"     // the caller's own function has ended a Mutate or a Tx
	OutcomeUncertain  Outcome = "uncertain"   // ErrUncertain
	OutcomeNotDurable Outcome = "not_durable" // ErrNotDurable
	OutcomeNoReplicas Outcome = "no_replicas" // ErrNoReplicas
	OutcomeCanceled   Outcome = "canceled"    // the context was canceled
	OutcomeTimeout    Outcome = "timeout"     // the context's deadline, or that of a connection
	OutcomeClosed     Outcome = "closed"      // ErrClosed
	OutcomeRefused    Outcome = "refused"     // the server answers, but does not carry it out now: READONLY, LOADING, OOM …
	OutcomeDenied     Outcome = "denied"      // the server's ACL or password does not allow it
	OutcomeNoServer   Outcome = "no_server"   // no connection, or it broke
	OutcomeMixed      Outcome = "mixed"       // several records were refused for different reasons
	OutcomeError      Outcome = "error"       // anything else
)

// Failed tells whether the store or the way to it failed. Otherwise the caller was
// answered, such as that there is no record, or has ended the operation itself.
func (o Outcome) Failed() bool {
	switch o {
	case OutcomePlacement, OutcomeUncertain, OutcomeNotDurable, OutcomeNoReplicas, OutcomeTimeout, OutcomeClosed, OutcomeRefused,
		OutcomeDenied, OutcomeNoServer, OutcomeError:
		return true
	}
	return false
}

// kinds are the outcomes of errors, in the order in which they count if an error wraps
// several: what a write that may have been carried out ended with matters least.
var kinds = []struct {
	err     error
	outcome Outcome
}{
	{ErrUncertain, OutcomeUncertain},
	{ErrNotDurable, OutcomeNotDurable},
	{ErrNoReplicas, OutcomeNoReplicas},
	{ErrNotFound, OutcomeNotFound},
	{ErrExists, OutcomeExists},
	{ErrConflict, OutcomeConflict},
	{ErrUnique, OutcomeUnique},
	{ErrReference, OutcomeReference},
	{ErrReferenced, OutcomeReference},
	{ErrFenced, OutcomeFenced},
	{ErrPlacement, OutcomePlacement},
	{ErrClosed, OutcomeClosed},
	{redis.ErrClosed, OutcomeClosed},
	{context.Canceled, OutcomeCanceled},
	{context.DeadlineExceeded, OutcomeTimeout},
	{ErrDenied, OutcomeDenied},
}

// invalid are the errors of values and calls that cannot work as they are.
var invalid = []error{
	ErrEnum, ErrRange, ErrNaN, ErrUTF8, ErrTooLarge, ErrNoKey, ErrNoTTL, ErrNoIndex, ErrCrossShard, ErrTxSize, ErrMultiple, ErrCursor, ErrArea,
	errNil, errNoChange, errTwice, errLimit, errPageLimit, errBackward, errMoved, errTxWrote, errTxTwice,
}

// outcomeOf returns the kind of an error.
func outcomeOf(err error) Outcome {
	if err == nil {
		return OutcomeOK
	}
	var many *ManyError
	if errors.As(err, &many) {
		return many.outcome()
	}
	for _, kind := range kinds {
		if errors.Is(err, kind.err) {
			return kind.outcome
		}
	}
	var field *FieldError
	if errors.As(err, &field) || slices.ContainsFunc(invalid, func(one error) bool { return errors.Is(err, one) }) {
		return OutcomeInvalid
	}
	var reply redis.Error
	if errors.As(err, &reply) {
		return replyOutcome(reply)
	}
	return connectionOutcome(err)
}

// outcome returns the kind of the errors: if they are of several, that of the first which
// Failed, else OutcomeMixed.
func (e *ManyError) outcome() (outcome Outcome) {
	for _, err := range e.Errs {
		if err == nil {
			continue
		}
		switch one := outcomeOf(err); {
		case one.Failed():
			return one
		case outcome == "":
			outcome = one
		case outcome != one:
			outcome = OutcomeMixed
		}
	}
	return outcome
}

// replyOutcome returns the kind of an error that the server has replied with.
func replyOutcome(reply error) Outcome {
	switch word, _, _ := strings.Cut(reply.Error(), " "); {
	case word == "NOAUTH", word == "WRONGPASS":
		return OutcomeDenied
	case word == "OOM", word == "MISCONF", isRefused(reply):
		return OutcomeRefused
	}
	return OutcomeError
}

// connectionOutcome returns the kind of an error of the way to the server.
func connectionOutcome(err error) Outcome {
	var failed net.Error
	switch {
	case errors.As(err, &failed) && failed.Timeout():
		return OutcomeTimeout
	case failed != nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), isRefused(err):
		return OutcomeNoServer
	}
	return OutcomeError
}

// conflicts returns how many of the errors that err is made of are ErrConflict.
func conflicts(err error) (n int64) {
	var many *ManyError
	if !errors.As(err, &many) {
		if errors.Is(err, ErrConflict) {
			n = 1
		}
		return n
	}
	for _, one := range many.Errs {
		if errors.Is(one, ErrConflict) {
			n++
		}
	}
	return n
}
