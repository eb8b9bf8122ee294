// Package oserror says what an error of the operating system means, on every system.
// Windows has numbers of its own for what the portable names of package syscall, such as
// syscall.ENOSPC, mean elsewhere: there, those names match no error that it ever returns.
package oserror

import (
	"errors"
	"slices"
	"syscall"
)

var (
	noSpace  = append(windowsNoSpace, syscall.ENOSPC, syscall.EDQUOT)
	scarce   = append(windowsScarce, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOBUFS)
	damaged  = append(windowsDamaged, syscall.EIO, syscall.ENOTDIR, syscall.ELOOP, syscall.ENXIO)
	readOnly = append(windowsReadOnly, syscall.EROFS)
)

// NoSpace reports whether a disk is full, or the part of it that a person may use.
func NoSpace(err error) bool { return isAny(err, noSpace) }

// Scarce reports whether descriptors or memory are used up. It proves nothing about the
// file or address that was to be opened: a moment later it may open.
func Scarce(err error) bool { return isAny(err, scarce) }

// Damaged reports whether a disk cannot read what it has, is gone, or has something else
// in place of a folder on the way to a file.
func Damaged(err error) bool { return isAny(err, damaged) }

// ReadOnly reports whether a disk takes no writes.
func ReadOnly(err error) bool { return isAny(err, readOnly) }

func isAny(err error, numbers []syscall.Errno) bool {
	return err != nil && slices.ContainsFunc(numbers, func(number syscall.Errno) bool { return errors.Is(err, number) })
}
