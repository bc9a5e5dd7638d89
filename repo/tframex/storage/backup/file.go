package backup

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/redisgen/redisgen/repo/tframex/storage"
)

// WriteFile is [Write] to a file, which only its owner can read. It is there when it is
// whole and on disk, in place of one that was there before; after an error that one stays.
func WriteFile(ctx context.Context, path string, s storage.Storage, o Options) (Manifest, error) {
	var m Manifest
	var failed error
	err := replace(path, func(f *os.File) error {
		m, failed = Write(ctx, f, s, o)
		return failed
	})
	if failed != nil {
		return Manifest{}, failed
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	return m, nil
}

// CheckFile is [Check] of a file.
func CheckFile(ctx context.Context, path string, o CheckOptions) (Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return Manifest{}, fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = f.Close() }()
	return Check(ctx, f, o)
}

// RestoreFile is [Restore] of a file.
func RestoreFile(ctx context.Context, path string, s storage.Storage, o RestoreOptions) (Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return Report{}, fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = f.Close() }()
	return Restore(ctx, f, s, o)
}

// replace has write fill a file that its owner alone can read, and puts it at path when it is
// on disk. After a power cut there is the file or the one before.
func replace(path string, write func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// syncDir has the names in a directory written to disk.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}
