package disk

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestWhatTheSystemMakesUpIsOnNoDisk(t *testing.T) {
	if !MadeUp("/proc/version") || !MadeUp("/sys") {
		t.Error("/proc and /sys are taken for disks")
	}
}

func TestAHoleTakesNoSpaceAndIsReadAsZeros(t *testing.T) {
	const step, steps = 256 << 10, 8
	root := openRoot(t, t.TempDir())
	file, err := root.Create("a")
	must(t, err)
	defer file.Close()
	must(t, file.Truncate(step*steps))
	occupied := func() int64 {
		info, err := file.Stat()
		must(t, err)
		return Occupied(root, "a", info)
	}
	if !HasHoles(file) || Written(file, 0, step) || occupied() >= step {
		t.Fatalf("what nobody wrote takes %d bytes", occupied())
	}
	_, err = file.Write(bytes.Repeat([]byte{1}, step*steps))
	must(t, err)
	must(t, file.Sync())
	if HasHoles(file) || !Written(file, 0, step*steps) {
		t.Fatal("what was written has holes")
	}
	if err := PunchHole(file, step, step); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this file system has no holes")
	} else if err != nil {
		t.Fatal(err)
	}
	if !HasHoles(file) || Written(file, 0, step*steps) || !Written(file, 2*step, step) {
		t.Errorf("the hole is not there: %d bytes are taken", occupied())
	}
	got, err := os.ReadFile(filepath.Join(root.Name(), "a"))
	must(t, err)
	if len(got) != step*steps || !bytes.Equal(got[step:2*step], make([]byte, step)) || got[step-1] != 1 || got[2*step] != 1 {
		t.Error("it is not read as zeros, or as too many")
	}
}

func TestReservedSpaceIsTaken(t *testing.T) {
	root := openRoot(t, t.TempDir())
	file, err := root.Create("a")
	must(t, err)
	defer file.Close()
	must(t, Preallocate(file, 1<<20))
	info, err := file.Stat()
	must(t, err)
	if n := Occupied(root, "a", info); n < 1<<20 {
		t.Errorf("%d bytes are reserved", n)
	}
}
