package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
)

const (
	anyFile = 2
	anyDir  = 3
)

// life makes a folder with a file, and syncs only what it is told to.
func life(syncFile, syncDirs bool) []Op {
	ops := []Op{
		{Kind: Create, Node: anyDir, Dir: rootNode, Name: "d", Mode: syscall.S_IFDIR | 0o755},
		{Kind: Create, Node: anyFile, Dir: anyDir, Name: "tmp", Mode: syscall.S_IFREG | 0o644},
		{Kind: Write, Node: anyFile, Data: bytes.Repeat([]byte("a"), 3*blockSize)},
	}
	if syncFile {
		ops = append(ops, Op{Kind: SyncFile, Node: anyFile})
	}
	ops = append(ops, Op{Kind: Rename, Node: anyFile, Dir: anyDir, Name: "tmp", ToDir: anyDir, ToName: "f"})
	if syncDirs {
		ops = append(ops, Op{Kind: SyncDir, Node: anyDir}, Op{Kind: SyncDir, Node: rootNode})
	}
	return append(ops, Op{Kind: Mark, Data: []byte("done")})
}

// outcomes counts what is left under the final name after a life, in many cuts at its end.
func outcomes(t *testing.T, ops []Op) (whole, torn, absent int) {
	t.Helper()
	for n := range uint64(400) {
		f := draw(ops, len(ops), 1, n)
		im := leave(ops, f)
		if string(im.marks) != "done" {
			t.Fatalf("the acknowledgement is %q", im.marks)
		}
		id, there := im.dirs[im.dirs[rootNode]["d"]]["f"]
		switch {
		case !there:
			absent++
		case string(im.files[id].data) == strings.Repeat("a", 3*blockSize):
			whole++
		default:
			torn++
		}
	}
	return whole, torn, absent
}

func TestWhatWasSyncedIsThere(t *testing.T) {
	if whole, torn, absent := outcomes(t, life(true, true)); torn+absent > 0 {
		t.Errorf("%d whole, %d torn, %d absent", whole, torn, absent)
	}
}

func TestWhatWasNotSyncedIsThereOrNot(t *testing.T) {
	if whole, torn, absent := outcomes(t, life(true, false)); whole == 0 || torn > 0 || absent == 0 {
		t.Errorf("without an fsync of the folders: %d whole, %d torn, %d absent", whole, torn, absent)
	}
	if whole, torn, absent := outcomes(t, life(false, true)); whole == 0 || torn == 0 || absent > 0 {
		t.Errorf("without an fsync of the file: %d whole, %d torn, %d absent", whole, torn, absent)
	}
}

// The same numbers leave the same disk, and blocks have no bytes that nobody wrote.
func TestABlockHasSomeVersion(t *testing.T) {
	var ops []Op
	ops = append(ops, Op{Kind: Create, Node: anyFile, Dir: rootNode, Name: "f", Mode: syscall.S_IFREG | 0o644})
	rng := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		b := byte('a' + rng.IntN(26))
		ops = append(ops, Op{Kind: Write, Node: anyFile, Offset: rng.Int64N(20_000), Data: bytes.Repeat([]byte{b}, rng.IntN(9000))})
		if rng.IntN(5) == 0 {
			ops = append(ops, Op{Kind: Truncate, Node: anyFile, Offset: rng.Int64N(25_000)})
		}
		if rng.IntN(9) == 0 {
			ops = append(ops, Op{Kind: SyncFile, Node: anyFile})
		}
	}
	for n := range uint64(300) {
		f, again := draw(ops, 0, 2, n), draw(ops, 0, 2, n)
		f.garbage, again.garbage = false, false
		one, other := leave(ops, f), leave(ops, again)
		if one.files[anyFile] == nil {
			continue
		}
		data := one.files[anyFile].data
		if !bytes.Equal(data, other.files[anyFile].data) {
			t.Fatalf("cut %d is another one at the second time", n)
		}
		for i, b := range data {
			if b != 0 && (b < 'a' || b > 'z') {
				t.Fatalf("cut %d: byte %d is %d", n, i, b)
			}
		}
	}
}
