// CentralizedP2P: the desktop if built with cgo, headless without.
package main

import (
	"context"
	"os"

	"centralizedp2p/app/command"
)

func main() {
	ctx, stop := command.UntilStopped(context.Background())
	streams, ended := streams()
	code := command.Run(ctx, os.Args[1:], streams, openDesktop)
	stop()
	ended(code)
	os.Exit(code)
}
