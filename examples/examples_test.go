package examples_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-9f7c7091/concordat/concordattest"
)

// Programs of both versions write; programs of both versions read it all.
func TestExampleProduceAndConsume(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds two programs")
	}
	reg := concordattest.Start(t, concordattest.WithKafka())
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", folder+string(filepath.Separator), "./produce", "./consume")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program := func(name, version string) *exec.Cmd {
		c := exec.CommandContext(ctx, filepath.Join(folder, name), "-v", version)
		c.Env = append(os.Environ(), "REGISTRY="+reg.URL, "KAFKA="+reg.Brokers()[0])
		c.Stderr = os.Stderr
		return c
	}
	for _, test := range []struct{ version, want string }{
		{"1", "0: {Name:Ada SSN:078-05-1120} is 00000000010641646116" + fmt.Sprintf("%x", "078-05-1120") + "\n" +
			"1: {Name:Grace SSN:219-09-9999} is 00000000010a477261636516" + fmt.Sprintf("%x", "219-09-9999") + "\n"},
		{"2", "2: {Name:Barbara NationalID:457-55-5462} is 00000000020e4261726261726116" + fmt.Sprintf("%x", "457-55-5462") + "\n" +
			"3: {Name:Radia NationalID:123-45-6789} is 00000000020a526164696116" + fmt.Sprintf("%x", "123-45-6789") + "\n"},
	} {
		if out, err := program("produce", test.version).Output(); err != nil || string(out) != test.want {
			t.Errorf("produce -v %s: %v\n%s", test.version, err, out)
		}
	}
	for _, test := range []struct {
		version string
		want    []string
	}{
		{"1", []string{"0: {Name:Ada SSN:078-05-1120}", "1: {Name:Grace SSN:219-09-9999}", "2: {Name:Barbara SSN:457-55-5462}", "3: {Name:Radia SSN:123-45-6789}"}},
		{"2", []string{"0: {Name:Ada NationalID:078-05-1120}", "1: {Name:Grace NationalID:219-09-9999}", "2: {Name:Barbara NationalID:457-55-5462}", "3: {Name:Radia NationalID:123-45-6789}"}},
	} {
		c := program("consume", test.version)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for _, want := range test.want {
			if !lines.Scan() || lines.Text() != want {
				t.Errorf("consume -v %s: %q, not %q", test.version, lines.Text(), want)
			}
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("consume -v %s: %v", test.version, err)
		}
	}
}
