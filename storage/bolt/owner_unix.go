//go:build unix

package bolt

import (
	"os"
	"syscall"
)

// keepOwner gives a file the owner of another: an administrator's command must
// not take the file away from the user under which the server runs.
func keepOwner(f *os.File, old os.FileInfo) error {
	st, ok := old.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
