package repo

import (
	"errors"
	"fmt"
)

// ErrTooLarge: an id or a value has more bytes than [Config] allows; wrapped in a
// [*FieldError]. Nothing was sent.
var ErrTooLarge = errors.New("too large")

// limits are how many bytes an id and a value have at most; 0 and less: any number.
type limits struct{ id, value int }

func (l limits) checkValue(size int) error {
	if l.value > 0 && size > l.value {
		return fmt.Errorf("%w: %d bytes, Config.MaxValueSize is %d", ErrTooLarge, size, l.value)
	}
	return nil
}

// checkID passes on an id, or the error of the key that has none; of an id that is
// too large, an error.
func (c *core) checkID(id string, err error) (string, error) {
	if most := c.info.limits.id; err == nil && most > 0 && len(id) > most {
		return "", fmt.Errorf("%w: the id has %d bytes, Config.MaxIDSize is %d", ErrTooLarge, len(id), most)
	}
	return id, err
}
