//go:build unix

package instance

import (
	"os"
	"testing"
)

func TestOnlyThePersonWhoseWindowItIsMayReachIt(t *testing.T) {
	dir := profile(t)
	listen(t, dir)
	info, err := os.Stat(Socket(dir))
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("the socket has the mode %o", mode)
	}
}
