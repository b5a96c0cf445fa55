package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

const forceOption = "--force"

var restoreCommand = command{
	name:    "restore",
	args:    []string{"FILE"},
	summary: "put the backup FILE in the place of the data file",
	details: `Checks the backup before anything is changed. Stop the server first: a data file
in use is never replaced. FILE is - for standard input.`,
	options:  []option{{forceOption, "", "replace a data file that holds something"}},
	settings: true,
	run:      runRestore,
}

func runRestore(_ context.Context, c *call) error {
	backup, conf := c.stdin, &c.load.config
	if name := c.args[0]; name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		backup = io.Reader(f)
	}
	_, force := c.options[forceOption]
	switch err := bolt.Restore(backup, conf.Data, force); {
	case errors.Is(err, bolt.ErrExists):
		return fmt.Errorf("%w; with %s it is replaced and what it holds is lost", err, forceOption)
	case errors.Is(err, bolt.ErrInUse):
		return fmt.Errorf("%w; stop the server first", err)
	case err != nil:
		return err
	}
	_, err := fmt.Fprintf(c.stdout, "restored %s from %s\n", conf.Data, c.args[0])
	return err
}
