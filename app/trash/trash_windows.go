package trash

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

var fileOperation = windows.NewLazySystemDLL("shell32.dll").NewProc("SHFileOperationW")

// Of shellapi.h.
const (
	foDelete          = 3
	fofSilent         = 0x0004
	fofNoConfirmation = 0x0010
	fofAllowUndo      = 0x0040
	fofNoErrorUI      = 0x0400
	// fofWantNukeWarning has the call fail, since nobody is asked, where it would delete
	// for ever.
	fofWantNukeWarning = 0x4000
)

// operation is SHFILEOPSTRUCTW of a 64-bit Windows.
type operation struct {
	window        uintptr
	what          uint32
	from, to      *uint16
	flags         uint16
	aborted       int32
	mappings      uintptr
	progressTitle *uint16
}

// move moves a path to the recycle bin.
func move(path string) error {
	from, err := windows.UTF16FromString(path)
	if err != nil {
		return err
	}
	from = append(from, 0) // it is a list, which ends with an empty one
	op := operation{what: foDelete, from: &from[0], flags: fofSilent | fofNoConfirmation | fofAllowUndo | fofNoErrorUI | fofWantNukeWarning}
	code, _, _ := fileOperation.Call(uintptr(unsafe.Pointer(&op)))
	switch {
	case code != 0:
		return fmt.Errorf("the recycle bin refused it: %w", syscall.Errno(code))
	case op.aborted != 0:
		return errNone
	}
	return nil
}
