package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// newLogger makes the log that the settings describe. People at a terminal get
// text, everything else gets JSON, unless log.format says which.
func newLogger(w io.Writer, c *config) (logger *slog.Logger, isText bool) {
	isText = c.LogFormat == "text" || c.LogFormat == "auto" && isTerminal(w)
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if isText {
		return slog.New(slog.NewTextHandler(w, options)), true
	}
	return slog.New(slog.NewJSONHandler(w, options)), false
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
