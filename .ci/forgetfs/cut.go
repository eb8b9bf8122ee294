package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// A disk may tear a block: it writes whole sectors.
const (
	blockSize  = 4096
	sectorSize = 512
)

// fate is what a loss of power leaves of everything that was not synced.
type fate struct {
	position int  // operations before the loss
	journal  bool // names are kept in their order, and any fsync keeps all before it, as ext4, XFS and btrfs do
	names    float64
	data     float64 // how likely a later version of a block is on the disk
	torn     bool    // a block may have sectors of two versions
	garbage  bool    // what was never written holds what was on the disk before
	rng      *rand.Rand
}

func (f *fate) String() string {
	return fmt.Sprintf("after operation %d, names kept in order: %t, names %.2f, data %.2f, torn: %t, garbage: %t",
		f.position, f.journal, f.names, f.data, f.torn, f.garbage)
}

// draw chooses a fate, from the place first on. Half of them come close to an operation on which something
// depends: a name, an fsync, or an acknowledgement.
func draw(ops []Op, first int, seed, number uint64) *fate {
	rng := rand.New(rand.NewPCG(seed, number))
	f := &fate{rng: rng, position: first + rng.IntN(len(ops)-first+1), journal: rng.IntN(2) == 0, torn: rng.IntN(2) == 0, garbage: rng.IntN(4) == 0}
	if rng.IntN(2) == 0 {
		var marked []int
		for i, op := range ops[first:] {
			if op.Kind.names() || op.Kind >= SyncFile {
				marked = append(marked, first+i)
			}
		}
		if len(marked) > 0 {
			f.position = min(marked[rng.IntN(len(marked))]+rng.IntN(3), len(ops))
		}
	}
	chances := []float64{0, 0.5, 0.9, 1}
	f.names, f.data = chances[rng.IntN(len(chances))], chances[rng.IntN(len(chances))]
	return f
}

// image is the state of a disk.
type image struct {
	dirs  map[uint64]map[string]uint64
	files map[uint64]*file
	marks []byte
}

type file struct {
	mode    uint32
	data    []byte
	changed int64
	linked  bool // it has, or had, several names
}

// rootNode is the number of the root.
const rootNode = 1

// leave returns what is on the disk after the loss.
func leave(ops []Op, f *fate) *image {
	im := &image{dirs: map[uint64]map[string]uint64{rootNode: {}}, files: map[uint64]*file{}}
	ops = ops[:f.position]
	synced, all := map[uint64]int{}, 0 // by node, the operation after its last fsync
	for i, op := range ops {
		if op.Kind == SyncFile || op.Kind == SyncDir {
			synced[op.Node], all = i+1, i+1
		}
	}
	upTo := all
	if f.names > 0 {
		upTo += int(float64(len(ops)-all) * min(f.names*2*f.rng.Float64(), 1))
	}
	changes := map[uint64][]int{}
	for i, op := range ops {
		switch {
		case op.Kind == Mark:
			im.marks = append(im.marks, op.Data...)
		case op.Kind == Create:
			im.files[op.Node] = &file{mode: op.Mode, changed: op.Time}
			if op.Mode&syscall.S_IFMT == syscall.S_IFDIR {
				im.dirs[op.Node] = map[string]uint64{}
			} else if op.Mode&syscall.S_IFMT == syscall.S_IFLNK {
				im.files[op.Node].data = op.Data
			}
		case op.Kind > Rename && op.Kind < SyncFile:
			changes[op.Node] = append(changes[op.Node], i)
		}
		if !op.Kind.names() {
			continue
		}
		kept := i < upTo
		if !f.journal {
			kept = i < synced[op.Dir] || i < synced[op.ToDir] || f.rng.Float64() < f.names
		}
		if kept {
			im.name(op)
		}
	}
	for i := range ops { // in a fixed order, so that a seed tells all
		if op := ops[i]; op.Kind == Create && len(changes[op.Node]) > 0 {
			im.files[op.Node].change(ops, changes[op.Node], synced[op.Node], f)
		}
	}
	return im
}

// name carries out an operation on names as far as it makes sense: those before it may
// have been lost.
func (im *image) name(op Op) {
	dir, one := im.dirs[op.Dir], im.files[op.Node]
	switch op.Kind {
	case Create, Link:
		one.linked = one.linked || op.Kind == Link
		dir[op.Name] = op.Node
	case Unlink:
		if dir[op.Name] == op.Node {
			delete(dir, op.Name)
		}
	case Rename:
		if dir[op.Name] == op.Node {
			delete(dir, op.Name)
		} else if !one.linked { // an earlier rename of it was lost
			for _, names := range im.dirs {
				for name, node := range names {
					if node == op.Node {
						delete(names, name)
					}
				}
			}
		}
		im.dirs[op.ToDir][op.ToName] = op.Node
	}
}

// change applies to a file what was synced, and of the rest what the fate leaves.
func (one *file) change(ops []Op, which []int, synced int, f *fate) {
	for len(which) > 0 && which[0] < synced {
		one.apply(ops[which[0]])
		which = which[1:]
	}
	if len(which) == 0 {
		return
	}
	pending := make([]Op, len(which))
	sizes, most := []int64{int64(len(one.data))}, int64(len(one.data))
	touching := map[int64][]Op{} // by block, what changes it
	for i, which := range which {
		op := ops[which]
		pending[i] = op
		switch op.Kind {
		case Write:
			end := op.Offset + int64(len(op.Data))
			for b := op.Offset / blockSize; b*blockSize < end; b++ {
				touching[b] = append(touching[b], op)
			}
			sizes = append(sizes, max(sizes[len(sizes)-1], end))
		case Truncate:
			for b := op.Offset / blockSize; b*blockSize < most; b++ {
				touching[b] = append(touching[b], op)
			}
			sizes = append(sizes, op.Offset)
		}
		most = max(most, sizes[len(sizes)-1])
	}
	old := one.data
	one.data = make([]byte, sizes[f.version(len(sizes))])
	for at := int64(0); at < int64(len(one.data)); at += blockSize {
		f.leaveBlock(one.data[at:min(at+blockSize, int64(len(one.data)))], old, at, touching[at/blockSize])
	}
	for _, op := range pending[:f.version(len(pending)+1)] {
		one.attribute(op)
	}
}

// leaveBlock fills in a block, which had old bytes when its file was last synced.
func (f *fate) leaveBlock(to, old []byte, at int64, changes []Op) {
	v := f.version(len(changes) + 1)
	blockAt(to, old, at, changes[:v])
	if f.torn && v > 0 && f.rng.IntN(4) == 0 {
		before := make([]byte, len(to))
		blockAt(before, old, at, changes[:v-1])
		for s := 0; s < len(to); s += sectorSize {
			if f.rng.IntN(2) == 0 {
				end := min(s+sectorSize, len(to))
				copy(to[s:end], before[s:end])
			}
		}
	}
	if f.garbage && v == 0 && at >= int64(len(old)) {
		for i := range to {
			to[i] = byte(f.rng.Uint32())
		}
	}
}

// blockAt fills in a block after some changes; beyond the end of the file it is zero.
func blockAt(to, old []byte, at int64, changes []Op) {
	clear(to)
	if at < int64(len(old)) {
		copy(to, old[at:])
	}
	for _, op := range changes {
		from := op.Offset - at
		switch {
		case op.Kind == Truncate:
			clear(to[min(max(from, 0), int64(len(to))):])
		case from >= 0:
			copy(to[min(from, int64(len(to))):], op.Data)
		default:
			copy(to, op.Data[-from:])
		}
	}
}

// version chooses one of n versions, the last of which is the newest.
func (f *fate) version(n int) int {
	if n == 1 || f.rng.Float64() < f.data {
		return n - 1
	}
	if f.data == 0 && f.rng.IntN(2) == 0 {
		return 0
	}
	return f.rng.IntN(n)
}

// apply carries out what is on the disk for certain.
func (one *file) apply(op Op) {
	switch op.Kind {
	case Write:
		if end := op.Offset + int64(len(op.Data)); end > int64(len(one.data)) {
			one.data = resize(one.data, end)
		}
		copy(one.data[op.Offset:], op.Data)
	case Truncate:
		one.data = resize(one.data, op.Offset)
	}
	one.attribute(op)
}

// attribute carries out what an operation does to the attributes of a file.
func (one *file) attribute(op Op) {
	switch op.Kind {
	case Write, Truncate:
		one.changed = op.Time
	case Touch:
		one.changed = op.Offset
	case Chmod:
		one.mode = op.Mode
	}
}

// write makes the image real, below a folder that it creates.
func (im *image) write(to string) error {
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	return im.writeDir(rootNode, to, map[uint64]string{})
}

func (im *image) writeDir(dir uint64, to string, made map[uint64]string) error {
	for name, id := range im.dirs[dir] {
		one, path := im.files[id], filepath.Join(to, name)
		var err error
		switch first := made[id]; {
		case one.mode&syscall.S_IFMT == syscall.S_IFDIR:
			if err = os.Mkdir(path, 0o700); err == nil {
				err = errors.Join(im.writeDir(id, path, made), os.Chmod(path, os.FileMode(one.mode&0o777)))
			}
		case first != "":
			err = os.Link(first, path)
		case one.mode&syscall.S_IFMT == syscall.S_IFLNK:
			err = os.Symlink(string(one.data), path)
		default:
			made[id] = path
			err = one.write(path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write leaves holes where there are zeros, as a disk that was never written does.
func (one *file) write(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = f.Truncate(int64(len(one.data)))
	for at := 0; at < len(one.data) && err == nil; at += blockSize {
		if block := one.data[at:min(at+blockSize, len(one.data))]; len(bytes.TrimLeft(block, "\x00")) > 0 {
			_, err = f.WriteAt(block, int64(at))
		}
	}
	changed := time.Unix(0, one.changed)
	return errors.Join(err, f.Chmod(os.FileMode(one.mode&0o777)), f.Close(), os.Chtimes(path, changed, changed))
}
