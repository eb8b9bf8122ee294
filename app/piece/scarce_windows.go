package piece

import (
	"errors"
	"slices"
	"syscall"
)

// scarceErrors are what Windows says when handles, memory or sockets are used up.
var scarceErrors = []syscall.Errno{
	4,     // ERROR_TOO_MANY_OPEN_FILES
	8,     // ERROR_NOT_ENOUGH_MEMORY
	14,    // ERROR_OUTOFMEMORY
	1450,  // ERROR_NO_SYSTEM_RESOURCES
	10024, // WSAEMFILE
	10055, // WSAENOBUFS
}

// Scarce reports whether an error says that handles or memory are used up. It proves
// nothing about the file that was to be opened: a moment later it may open.
func Scarce(err error) bool {
	var number syscall.Errno
	return errors.As(err, &number) && slices.Contains(scarceErrors, number)
}

// MaxDescriptors is how many files and sockets this process may have open; 0 if there
// is no limit, or it is not known.
func MaxDescriptors() int { return 0 }
