package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/seed-9f7c7091/concordat/storage/bolt"
)

var compactCommand = command{
	name:    "compact",
	summary: "rewrite the data file without the room it no longer needs",
	details: `Stop the server first. The file is written anew beside the old one and takes its
place in one step, so room for both is needed.`,
	settings: true,
	run:      runCompact,
}

func runCompact(_ context.Context, c *call) error {
	data := c.load.config.Data
	before, after, err := bolt.Compact(data)
	switch {
	case errors.Is(err, bolt.ErrInUse):
		return fmt.Errorf("%w; stop the server first", err)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(c.stdout, "compacted %s from %s to %s\n", data, megabytes(before), megabytes(after))
	return err
}
