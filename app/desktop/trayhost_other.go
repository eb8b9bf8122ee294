//go:build windows || (darwin && cgo)

package desktop

import "context"

// trayPossible tells that there is a tray: Windows and macOS always have one.
func trayPossible() bool { return true }

// trayHost tells that it is there now.
func trayHost(context.Context) bool { return true }
