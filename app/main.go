// CentralizedP2P: the desktop if built with cgo, headless without.
package main

import (
	"context"
	"os"

	"golang.org/x/term"

	"centralizedp2p/app/command"
)

func main() {
	ctx, stop := command.UntilStopped(context.Background())
	streams := command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))}
	code := command.Run(ctx, os.Args[1:], streams, openDesktop)
	stop()
	os.Exit(code)
}
