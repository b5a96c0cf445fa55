package bolt

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// children are programs that tests run in a process of their own, by name.
var children = map[string]func(path string){}

const childVariable = "BOLT_TEST_CHILD"

func TestMain(m *testing.M) {
	if name, path, ok := strings.Cut(os.Getenv(childVariable), " "); ok {
		children[name](path)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child prepares a process that runs one of children.
func child(t testing.TB, name, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Skipf("this program cannot start itself: %v", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childVariable+"="+name+" "+path)
	cmd.Stderr = os.Stderr
	return cmd
}
