package bolt

import (
	"os"
	"runtime"

	"go.etcd.io/bbolt"
)

// compactStep is how many bytes a compaction holds in memory before it writes them.
const compactStep = 16 << 20

// Compact writes a store anew without its free pages, checks the result and puts it in
// the place of the old file. No process may have the file open meanwhile. It gives the
// lengths of the file in bytes. On an error the file is as it was.
func Compact(path string) (before, after int64, err error) {
	if path, err = resolve(path); err != nil {
		return 0, 0, err
	}
	if _, err := os.Stat(path); err != nil {
		return 0, 0, openError(path, Options{}, err)
	}
	db, f, err := openFile(path, Options{}.withDefaults())
	if err != nil {
		return 0, 0, err
	}
	open := true
	closeSource := func() {
		if open {
			open = false
			_ = db.Close()
		}
	}
	defer closeSource()
	if before, err = length(path); err != nil {
		return 0, 0, err
	}
	// What is damaged must not be made to look whole.
	if err := checkOpen(path, db, f); err != nil {
		return 0, 0, err
	}
	err = replace(path, func(to *os.File) error {
		if err := compactTo(to.Name(), db); err != nil {
			return &FileError{Path: path, Problem: "cannot be compacted", Remedy: "make room for a second copy of it", Cause: cause(err)}
		}
		if err := Check(to.Name()); err != nil {
			return err
		}
		if runtime.GOOS == "windows" {
			closeSource() // an open file cannot be replaced there
		}
		after, err = length(to.Name())
		return err
	})
	return before, after, err
}

func length(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, openError(path, Options{}, err)
	}
	return info.Size(), nil
}

func compactTo(path string, from *bbolt.DB) error {
	// The file is synced as a whole when it is complete, and grows no further than it must.
	to, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	if err := bbolt.Compact(to, from, compactStep); err != nil {
		_ = to.Close()
		return err
	}
	return to.Close()
}
