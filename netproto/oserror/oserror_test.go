package oserror

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"syscall"
	"testing"
)

// The numbers are those of the headers of Windows and of Linux, not names that could be
// wrong in the same way as the code.
func TestTheNumbersOfThisSystemAreUnderstood(t *testing.T) {
	kinds := map[string]func(error) bool{"no space": NoSpace, "scarce": Scarce, "damaged": Damaged, "read-only": ReadOnly}
	numbers := map[string]map[string][]syscall.Errno{
		"linux": {"no space": {28, 122}, "scarce": {24, 23, 12, 105}, "damaged": {5, 20, 40, 6}, "read-only": {30}, "": {2, 13, 17, 111}},
		"windows": {"no space": {112, 39, 1295}, "scarce": {4, 8, 14, 1450, 10024, 10055}, "damaged": {23, 27, 30, 1117, 1392, 1393, 21, 1167, 267, 1921},
			"read-only": {19}, "": {2, 5, 32, 183, 10061}},
	}[runtime.GOOS]
	if numbers == nil {
		t.Skip("the numbers of this system are those of package syscall")
	}
	for is, list := range numbers {
		for _, number := range list {
			err := fmt.Errorf("saving: %w", errors.Join(fs.ErrClosed, &fs.PathError{Op: "write", Path: "x", Err: number}))
			for kind, tells := range kinds {
				if tells(err) != (kind == is) {
					t.Errorf("%d (%v) is %q: %s says %v", number, number, is, kind, tells(err))
				}
			}
		}
	}
	for kind, tells := range kinds {
		if tells(nil) {
			t.Errorf("no error is %s", kind)
		}
	}
}
