package bolt

import (
	"errors"
	"fmt"
	"runtime"
	"strings"

	"github.com/seed-9f7c7091/concordat/storage"
)

// Kinds of trouble with a file. Match with errors.Is; the error itself is a *FileError.
var (
	// ErrDamaged reports a file that is cut short, overwritten or not readable as
	// a store. What can still be read of an open store may be wrong.
	ErrDamaged = errors.New("storage/bolt: file damaged")
	// ErrForeign reports a bbolt file that another program wrote.
	ErrForeign = errors.New("storage/bolt: file of another program")
	// ErrNewer reports a file in a format this version does not know.
	ErrNewer = errors.New("storage/bolt: file of a newer version")
	// ErrInUse reports a file that another process has open.
	ErrInUse = errors.New("storage/bolt: file in use")
	// ErrExists reports a file that holds data and would have been overwritten.
	ErrExists = errors.New("storage/bolt: file exists")
)

// FileError says what is wrong with a file and what to do about it.
type FileError struct {
	Path    string
	Problem string // continues "<path> "
	Remedy  string // a command or an advice; may be empty
	Kind    error  // one of the errors above; nil for errors of the operating system
	Cause   error  // may be nil
}

func (e *FileError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Path, e.Problem)
	if e.Cause != nil {
		fmt.Fprintf(&b, ": %v", e.Cause)
	}
	if e.Remedy != "" {
		fmt.Fprintf(&b, " (%s)", e.Remedy)
	}
	return b.String()
}

func (e *FileError) Unwrap() []error {
	var all []error
	for _, err := range []error{e.Kind, e.Cause} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

const remedyRestore = "restore a backup with `concordat restore`"

func damaged(path, problem string, cause error) error {
	return &FileError{Path: path, Problem: "is damaged: " + problem, Remedy: remedyRestore, Kind: ErrDamaged, Cause: cause}
}

// unavailable makes an error that matches storage.ErrUnavailable and its cause.
func unavailable(path string, cause error) error {
	return fmt.Errorf("%w: %s cannot be written: %w", storage.ErrUnavailable, path, cause)
}

// fault tells whether a recovered panic is a failed access to an address between
// low and high, as reading a mapped file gives when the file was cut short or
// the medium fails. It needs debug.SetPanicOnFault.
func fault(p any, low, high uintptr) bool {
	err, ok := p.(interface {
		runtime.Error
		Addr() uintptr
	})
	return ok && err.Addr() >= low && err.Addr() < high
}

// asError is a recovered panic as an error.
func asError(p any) error {
	if err, ok := p.(error); ok {
		return err
	}
	return fmt.Errorf("%v", p)
}
