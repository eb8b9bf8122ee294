//go:build !windows

package main

import (
	"os"

	"golang.org/x/term"

	"centralizedp2p/app/command"
)

// streams are those of the terminal or the pipe that this program was started from. A
// stdout that is closed takes everything: Go's runtime opens /dev/null in its place, for
// reading and writing. Whoever starts this program with its output thrown away on purpose
// often does the same, such as Python's DEVNULL and daemon(3), so the two cannot be told
// apart.
func streams() (s command.Streams, ended func(code int)) {
	return command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))}, func(int) {}
}
