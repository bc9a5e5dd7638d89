package cli

import (
	"errors"
	"os"
	"path/filepath"
)

// apply makes the changes on disk. It writes all new content to temporary
// files first, so that a full disk or a read-only directory leaves every file
// as it was, and readers see each file either old or new.
func apply(changes []change) (err error) {
	staged := make([]string, len(changes))
	defer func() {
		for _, temp := range staged {
			if temp != "" {
				err = errors.Join(err, os.Remove(temp))
			}
		}
	}()
	for i, c := range changes {
		if c.new != nil {
			if staged[i], err = stage(c); err != nil {
				return err
			}
		}
	}
	for i, c := range changes {
		if c.new == nil {
			err = os.Remove(c.path)
		} else if err = os.Rename(staged[i], c.path); err == nil {
			staged[i] = ""
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// stage writes the content of c to a temporary file beside its path. The file
// may exist even when there is an error.
func stage(c change) (temp string, err error) {
	dir, name := filepath.Split(c.path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	// Neither the go command nor Redis tools read names that start with a dot.
	file, err := os.CreateTemp(dir, "."+name+".*")
	if err != nil {
		return "", err
	}
	_, err = file.Write(c.new)
	return file.Name(), errors.Join(err, file.Chmod(mode(c.path)), file.Close())
}

// mode is the mode of the file at path, or that of an ordinary new file.
func mode(path string) os.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}

// shortPath is path relative to the current directory where that is shorter.
func shortPath(path string) string {
	here, err := os.Getwd()
	if err != nil || !filepath.IsAbs(path) {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || len(rel) >= len(path) {
		return path
	}
	return rel
}
