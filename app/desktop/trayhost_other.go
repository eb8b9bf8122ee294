//go:build windows || (darwin && cgo)

package desktop

import "context"

// trayHost tells that there is a tray: Windows and macOS always have one.
func trayHost(context.Context) bool { return true }
