//go:build windows || (darwin && cgo)

package desktop

import "context"

// trayPossible reports whether there may be a tray: Windows and macOS always
// have one.
func trayPossible() bool { return true }

// trayHost reports whether something shows icons of the tray now.
func trayHost(context.Context) bool { return true }
