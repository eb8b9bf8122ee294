//go:build !windows

package seedpeer

import "syscall"

const (
	errAddressInUse   = syscall.EADDRINUSE
	errAddressNotHere = syscall.EADDRNOTAVAIL
)
