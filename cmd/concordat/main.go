// Command concordat is a schema registry for Kafka in one program, and the
// commands to look after it. `concordat help` lists them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes.
const (
	exitOK    = 0
	exitError = 1   // the command could not do its work
	exitUsage = 2   // the command line or a setting is wrong
	exitNo    = 100 // the command answered no: the schemas are incompatible
)

// errNo ends a command whose answer, already printed, is no.
var errNo = errors.New("no")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal asks for a graceful end; a second one then finds no
	// handler and ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Environ()))
}

// run carries out one command line and returns the exit code. env holds
// "NAME=value" pairs as os.Environ gives them; files are found relative to the
// working directory.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	call := &call{stdin: stdin, stdout: stdout, stderr: stderr}
	err := call.run(ctx, args, env)
	var usage *usageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNo):
		return exitNo
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "concordat: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "concordat %s: %v\n", call.command.name, err)
		return exitError
	}
}
