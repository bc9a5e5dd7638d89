package s3

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// Answers that callers handle.
var (
	// errMissing: there is no such object.
	errMissing = errors.New("there is no such object")
	// errChanged: the condition of a write does not hold.
	errChanged = errors.New("the object is not the one that was expected")
	// errConflict: another write of the object is under way.
	errConflict = errors.New("another write of the object is under way")
)

// objectError is the error of one object, that says nothing of others: it is no document, or
// is in an archive.
type objectError struct {
	key string
	err error
}

func (e *objectError) Error() string { return fmt.Sprintf("the object %q: %v", e.key, e.err) }

// Unwrap returns the reason.
func (e *objectError) Unwrap() error { return e.err }

func isMissing(err error) bool { return errors.Is(err, errMissing) }
func isChanged(err error) bool { return errors.Is(err, errChanged) }

func isOfObject(err error) bool {
	_, ok := errors.AsType[*objectError](err)
	return ok
}

// convert returns the error of a request with its kind, and with that of the context, if it
// was that which ended the request.
func convert(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%w: %w", cause, err)
	}
	answer, ok := errors.AsType[*smithyhttp.ResponseError](err)
	if !ok || answer.Response == nil || answer.HTTPStatusCode() == 0 { // there was no answer
		return fmt.Errorf("%w: %w", storage.ErrConnection, err)
	}
	return fmt.Errorf("%w: %w", kind(answer.HTTPStatusCode(), code(err)), err)
}

// code is that of an error of S3.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// archived is the code of an object whose class of storage has to be changed to read it.
const archived = "InvalidObjectState"

// kind returns what an answer means. Those of HEAD have no code.
func kind(status int, code string) error {
	switch {
	case code == archived:
		return fmt.Errorf("%w: it is in an archive; restore it first", storage.ErrQuery)
	case code == "NoSuchBucket" || status == 401 || status == 403 || status == 429:
		return storage.ErrConnection
	case status == 404:
		return errMissing
	case status == 412:
		return errChanged
	case status == 409 && code == "ConditionalRequestConflict":
		return errConflict
	case status == 501:
		return fmt.Errorf("%w: the server cannot do this; if it refuses conditional writes, set unconditional", storage.ErrQuery)
	case status >= 500:
		return storage.ErrConnection
	}
	return storage.ErrQuery
}
