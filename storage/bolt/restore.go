package bolt

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Restore puts a backup in the place of the file at path. The backup is checked
// as Check does, beside that file and before anything is changed. A file that holds data is
// replaced only with force, and never while a process has it open: the error
// then matches ErrExists or ErrInUse.
func Restore(backup io.Reader, path string, force bool) error {
	path, err := resolve(path)
	if err != nil {
		return err
	}
	release, err := hold(path)
	if err != nil {
		return err
	}
	defer release()
	if occupied(path) && !force {
		return exists(path, "restore to another path, or force it to be replaced")
	}
	return replace(path, func(f *os.File) error {
		name := "the backup"
		if file, ok := backup.(interface{ Name() string }); ok {
			name = file.Name()
		}
		if _, err := io.Copy(f, backup); err != nil {
			return fmt.Errorf("storage/bolt: copying %s to %s: %w", name, f.Name(), err)
		}
		return checkBackup(f.Name(), name)
	})
}

// checkBackup checks a copy and calls it in errors by the name of the original.
func checkBackup(path, name string) error {
	err := Check(path)
	var fe *FileError
	if !errors.As(err, &fe) {
		return err
	}
	named := *fe
	named.Path = name
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrForeign) {
		named.Remedy = "use another backup"
	}
	return &named
}

// hold keeps a file from being opened for writing until it is released. A file
// that is damaged is held too, as far as any process could open it.
func hold(path string) (release func(), err error) {
	release = func() {}
	if !occupied(path) {
		return release, nil
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = nil // damaged; nobody can open it
		}
	}()
	o := Options{ReadOnly: true}.withDefaults()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: o.LockTimeout, ReadOnly: true})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return release, openError(path, o, err)
	case err != nil:
		return release, nil
	case runtime.GOOS == "windows":
		_ = db.Close() // an open file cannot be replaced there
		return release, nil
	}
	return func() { _ = db.Close() }, nil
}
