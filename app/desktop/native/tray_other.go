//go:build windows || darwin

package native

import "context"

// trayPossible is true: Windows and macOS always have a tray.
func trayPossible() bool { return true }

func trayShown(context.Context) bool { return true }
