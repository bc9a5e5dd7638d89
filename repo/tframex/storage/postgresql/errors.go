package postgresql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// classify puts an error into its class. ctx is that of the caller.
func classify(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, storage.ErrValidation) {
		return err
	}
	if done := ctx.Err(); done != nil {
		return done
	}
	return fmt.Errorf("%w: %w", classOf(err), hidden{err})
}

// hidden is an error that is not of a context: that is ours, not the caller's.
type hidden struct{ error }

func (h hidden) Unwrap() error {
	if errors.Is(h.error, context.DeadlineExceeded) || errors.Is(h.error, context.Canceled) {
		return nil
	}
	return h.error
}

// texts of errors that are no values.
const (
	closedPool = "closed pool"
	closedConn = "conn closed"
)

func classOf(err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return classOfCode(refused.Code)
	}
	text := err.Error()
	if errors.Is(err, pgx.ErrTxClosed) || strings.Contains(text, closedPool) {
		return storage.ErrClosed
	}
	_, dialing := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, context.DeadlineExceeded} {
		network = network || errors.Is(err, lost)
	}
	if dialing || network || strings.Contains(text, closedConn) {
		return storage.ErrConnection
	}
	return storage.ErrQuery
}

// invalid are the codes of values that cannot be, of
// https://www.postgresql.org/docs/15/errcodes-appendix.html.
var invalid = []string{
	"22001", // string_data_right_truncation
	"22003", // numeric_value_out_of_range
	"22007", // invalid_datetime_format
	"22008", // datetime_field_overflow
	"22021", // character_not_in_repertoire
	"22030", // duplicate_json_object_key_value
	"22032", // invalid_json_text
	"22P02", // invalid_text_representation
	"22P05", // untranslatable_character
}

func classOfCode(code string) error {
	switch {
	case code == "23505":
		return storage.ErrDuplicate
	case code == "42P01":
		return storage.ErrNoTable
	case slices.Contains(invalid, code), strings.HasPrefix(code, "23"), strings.HasPrefix(code, "54"):
		return storage.ErrValidation
	case strings.HasPrefix(code, "08"), strings.HasPrefix(code, "28"), strings.HasPrefix(code, "57P"), code == "3D000", code == "53300":
		return storage.ErrConnection
	}
	return storage.ErrQuery
}
