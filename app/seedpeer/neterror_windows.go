package seedpeer

import "golang.org/x/sys/windows"

// Windows has error numbers of its own, which the portable names do not match.
const (
	errAddressInUse   = windows.WSAEADDRINUSE
	errAddressNotHere = windows.WSAEADDRNOTAVAIL
)
