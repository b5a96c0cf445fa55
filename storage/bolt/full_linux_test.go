package bolt

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/seed-9f7c7091/concordat/storage"
)

func init() {
	children["limited"] = fullByLimit
	children["tmpfs"] = fullTmpfs
	children["narrow"] = narrow
}

const skipped = "skipped: "

// A full disk fails writes, all of a turn or none, and nothing else; when there is room
// again, writes go on.
func TestFull(t *testing.T) {
	for _, name := range []string{"limited", "tmpfs"} {
		t.Run(name, func(t *testing.T) {
			cmd := child(t, name, t.TempDir())
			if name == "tmpfs" {
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			}
			out, err := cmd.Output()
			if errors.Is(err, syscall.EPERM) {
				t.Skip("mounting a file system needs root")
			}
			if why, ok := strings.CutPrefix(string(out), skipped); ok {
				t.Skip(why)
			}
			if err != nil || strings.TrimSpace(string(out)) != "passed" {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// fullByLimit is a process that may not write files longer than they are.
func fullByLimit(dir string) {
	path := filepath.Join(dir, "store")
	var old syscall.Rlimit
	full(path, func() error {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			return err
		}
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: uint64(info.Size()), Max: old.Max})
	}, func() error {
		return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
	}, nil)
}

// fullTmpfs is a process with a small file system of its own, which another file fills.
func fullTmpfs(dir string) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Println(skipped+"cannot have mounts of one's own:", err)
		return
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		fmt.Println(skipped+"cannot mount:", err)
		return
	}
	filler := filepath.Join(dir, "filler")
	full(filepath.Join(dir, "store"), func() error {
		err := os.WriteFile(filler, make([]byte, 32<<20), 0o600)
		if !errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("filling the disk gave %w", err)
		}
		return nil
	}, func() error { return os.Remove(filler) }, syscall.ENOSPC)
}

func full(path string, fill, free func() error, want error) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			fmt.Printf(format+"\n", args...)
		}
	}
	s, err := Open(path, values, keyValue)
	if err != nil {
		fmt.Println(err)
		return
	}
	told := 0
	s.Watch(func(recs []storage.Record) { told += len(recs) })
	big := strings.Repeat("x", 1<<20)
	written := 0
	for round := range 3 {
		for range 2 {
			err := put(s, fmt.Sprint("key", written), big)
			check(err == nil, "round %d: %v", round, err)
			written++
		}
		if err := fill(); err != nil {
			fmt.Println(err)
			return
		}
		failed := 0
		for n := 0; failed < 3 && n < 40; n++ {
			err := put(s, fmt.Sprint("key", written), big)
			if err == nil {
				written++
				continue
			}
			failed++
			check(errors.Is(err, storage.ErrUnavailable), "the error of a full disk is %v", err)
			check(want == nil || errors.Is(err, want), "the error %v does not have its cause", err)
			got, err := get(s, fmt.Sprint("key", written))
			check(err == nil && got == "", "a failed write can be seen: %d bytes, %v", len(got), err)
			got, err = get(s, fmt.Sprint("key", written-1))
			check(err == nil && got == big, "what was written before cannot be read: %d bytes, %v", len(got), err)
		}
		check(failed == 3, "the disk did not become full")
		if err := free(); err != nil {
			fmt.Println(err)
			return
		}
	}
	err = put(s, "last", "1")
	check(err == nil, "with room again: %v", err)
	written++
	check(told == written, "told of %d records, and %d were written", told, written)
	st, err := s.Stats()
	check(err == nil && st.Records == int64(written), "%d records in the log, and %d were written; %v", st.Records, written, err)
	err = s.Close()
	check(err == nil, "%v", err)
	err = Check(path)
	check(err == nil, "%v", err)
	fmt.Println("passed")
}

// narrow is a process with less address space than a store sets aside.
func narrow(path string) {
	limit := syscall.Rlimit{Cur: 8 << 30, Max: 8 << 30}
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &limit); err != nil {
		fmt.Println(skipped+"cannot limit the address space:", err)
		return
	}
	s, err := Open(path, values, keyValue)
	if err == nil {
		err = errors.Join(put(s, "a", "1"), s.Close())
	}
	fmt.Println(err)
}

func TestNarrow(t *testing.T) {
	out, err := child(t, "narrow", filepath.Join(t.TempDir(), "store")).Output()
	if why, ok := strings.CutPrefix(string(out), skipped); ok {
		t.Skip(why)
	}
	if err != nil || strings.TrimSpace(string(out)) != "<nil>" {
		t.Errorf("%v\n%s", err, out)
	}
}
