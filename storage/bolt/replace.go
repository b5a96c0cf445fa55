package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// replace makes a file in the place of another, or where there was none: make
// writes a temporary file beside it, which then takes its name in one step, with
// the mode and the owner of the old one. On an error everything is as before.
func replace(path string, make func(f *os.File) error) error {
	fail := func(err error) error {
		return &FileError{Path: path, Problem: "cannot be written", Remedy: remedy(path, err), Cause: cause(err)}
	}
	f, err := temporary(path)
	if err != nil {
		return fail(err)
	}
	defer func() {
		_ = f.Close()
		_ = os.Remove(f.Name()) // by then it has another name, if all went well
	}()
	if err := make(f); err != nil {
		return err
	}
	if old, err := os.Stat(path); err == nil {
		if err := keepOwner(f, old); err != nil {
			return fail(err)
		}
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return fail(err)
		}
	}
	if err := f.Sync(); err != nil {
		return fail(err)
	}
	if err := f.Close(); err != nil {
		return fail(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fail(err)
	}
	if err := syncFolder(path); err != nil {
		return fail(err)
	}
	return nil
}

// resolve follows symbolic links, so that a file is replaced and not the link to it.
func resolve(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil
	}
	if err != nil {
		return "", openError(path, Options{}, err)
	}
	return real, nil
}

// occupied tells whether a file is there and holds anything.
func occupied(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}

func exists(path, remedy string) error {
	return &FileError{Path: path, Problem: "exists and holds data", Remedy: remedy, Kind: ErrExists}
}
