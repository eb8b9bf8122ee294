// Package filelist keeps which files of a folder are still to be fetched, and in which order.
// Files with the same content are one thing to do. The list of a folder may have a million
// files: what is not begun yet takes a few bytes for each.
package filelist

import (
	"bytes"
	"cmp"
	"slices"

	"centralizedp2p/netproto"
)

// Todo are the files of a list that were not begun. One goroutine at a time may use it.
type Todo struct {
	wanted []netproto.FolderEntry
	firsts []uint32 // the files to fetch, in wanted, each the first of its content
	twins  []uint32 // for each file of wanted, the next one with the same content; 0 = none
	looked string   // the path that was preferred last
}

// New returns what is to be fetched of a list in the order of [netproto.ComparePaths], which
// it keeps. here says which of them are there already; it may be nil. A content with two
// sizes is an error of the list.
func New(wanted []netproto.FolderEntry, here []bool) (*Todo, error) {
	t := &Todo{wanted: wanted}
	byHash := make([]uint32, 0, len(wanted))
	for i := range wanted {
		if !wanted[i].Dir && (here == nil || !here[i]) {
			byHash = append(byHash, uint32(i))
		}
	}
	slices.SortFunc(byHash, func(i, k uint32) int {
		return cmp.Or(bytes.Compare(wanted[i].Hash[:], wanted[k].Hash[:]), cmp.Compare(i, k))
	})
	t.firsts = byHash[:0]
	for n, last := 0, uint32(0); n < len(byHash); n++ {
		i := byHash[n]
		if n == 0 || wanted[i].Hash != wanted[last].Hash {
			t.firsts = append(t.firsts, i)
			last = i
			continue
		}
		if wanted[i].Size != wanted[last].Size {
			return nil, netproto.Errorf(netproto.CodeProtocol, "the folder lists one content with two sizes: %s", wanted[i].Path)
		}
		if t.twins == nil {
			t.twins = make([]uint32, len(wanted))
		}
		t.twins[last] = i
		last = i
	}
	slices.Sort(t.firsts)
	return t, nil
}

// Len is how many contents are to be fetched.
func (t *Todo) Len() int { return len(t.firsts) }

// Bytes is how much the files will take on the disk. begun, if not nil, says how many bytes
// of a content are there already, beside the first of its files.
func (t *Todo) Bytes(begun func(netproto.FolderEntry) int64) (need int64) {
	for _, first := range t.firsts {
		for i, ok := first, true; ok; i, ok = t.twin(i) {
			need += t.wanted[i].Size
		}
		if begun != nil {
			need -= begun(t.wanted[first])
		}
	}
	return need
}

// twin is the next file with the same content.
func (t *Todo) twin(i uint32) (next uint32, ok bool) {
	if t.twins == nil {
		return 0, false
	}
	next = t.twins[i]
	return next, next != 0
}

// Prefer puts the content of a file to the front, and reports whether it was still to do.
// Asked for the same file again, it does nothing: that one was begun in the meantime.
func (t *Todo) Prefer(path string) bool {
	if path == t.looked {
		return false
	}
	t.looked = path
	i, listed := slices.BinarySearchFunc(t.wanted, path, func(e netproto.FolderEntry, p string) int { return netproto.ComparePaths(e.Path, p) })
	if !listed {
		return false
	}
	hash := t.wanted[i].Hash
	at := slices.IndexFunc(t.firsts, func(first uint32) bool { return t.wanted[first].Hash == hash })
	if at < 0 {
		return false
	}
	first := t.firsts[at]
	copy(t.firsts[1:at+1], t.firsts[:at])
	t.firsts[0] = first
	return true
}

// Take returns the file whose turn it is, and the paths of others with the same content.
// There must be one.
func (t *Todo) Take() (file netproto.FolderEntry, others []string) {
	first := t.firsts[0]
	t.firsts = t.firsts[1:]
	for i, ok := t.twin(first); ok; i, ok = t.twin(i) {
		others = append(others, t.wanted[i].Path)
	}
	return t.wanted[first], others
}
