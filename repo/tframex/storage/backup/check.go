package backup

import (
	"context"
	"fmt"
	"io"
)

// CheckOptions say how a backup is checked.
type CheckOptions struct {
	// Progress, if it is not nil, is called now and then by the goroutine that checks.
	Progress func(Progress)
}

// Check reads a backup from first to last and returns what it has, if it is whole; else
// [ErrFormat], [ErrVersion] or [ErrDamaged]. It holds one record in memory.
func Check(ctx context.Context, r io.Reader, o CheckOptions) (Manifest, error) {
	m, err := scan(ctx, r, &checker{progress: o.Progress})
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	return m, nil
}

// checker tells how far the check is.
type checker struct {
	progress func(Progress)
	at       Progress
}

func (c *checker) table(t *tableLine) error {
	c.at = Progress{Phase: Checking, Table: t.Name}
	return nil
}

func (c *checker) record(*record) error {
	if c.at.Records++; c.at.Records%every == 0 {
		report(c.progress, c.at)
	}
	return nil
}

func (c *checker) end() error {
	report(c.progress, c.at)
	return nil
}
