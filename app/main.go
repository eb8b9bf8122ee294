// CentralizedP2P: the desktop if built with cgo, headless without.
package main

import (
	"context"
	"os"

	"centralizedp2p/app/command"
)

func main() {
	ctx, _ := command.UntilStopped(context.Background()) // until the very end
	streams, ended := streams()
	code := command.Run(ctx, os.Args[1:], streams, openDesktop)
	ended(code)
	os.Exit(code)
}
