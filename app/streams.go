//go:build !windows

package main

import (
	"os"

	"golang.org/x/term"

	"centralizedp2p/app/command"
)

// streams are those of the terminal or the pipe that this program was started from.
func streams() (s command.Streams, ended func(code int)) {
	return command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))}, func(int) {}
}
