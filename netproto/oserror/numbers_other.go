//go:build !windows

package oserror

import "syscall"

var windowsNoSpace, windowsScarce, windowsDamaged, windowsReadOnly []syscall.Errno
