//go:build !darwin || cgo

package desktop

import (
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// branch is a folder, or a file, in the tree of a folder that was found.
type branch struct {
	path     string // slash-separated; "" is the folder itself
	name     string
	file     bool
	here     bool // a file that is on this computer already
	size     int64
	files    int // below it; 1 for a file
	chosen   int // files below it that are to be downloaded
	chosenOf int64
	parent   *branch
	children []*branch
}

// choice is the tree of a folder with the files that are to be downloaded.
type choice struct {
	root   *branch
	byPath map[string]*branch
}

// newChoice builds the tree. Everything that is not here already is chosen.
func newChoice(files []face.FolderFile) *choice {
	c := &choice{root: &branch{}}
	c.byPath = map[string]*branch{"": c.root}
	for _, f := range files {
		b := c.add(f.Path)
		if f.Dir {
			continue
		}
		b.file, b.here, b.size, b.files = true, f.Here, f.Size, 1
		for up := b.parent; up != nil; up = up.parent {
			up.size += f.Size
			up.files++
		}
		if !f.Here {
			c.set(b, true)
		}
	}
	return c
}

func (c *choice) add(path string) *branch {
	if b := c.byPath[path]; b != nil {
		return b
	}
	parent, name := c.root, path
	if slash := strings.LastIndexByte(path, '/'); slash >= 0 {
		parent, name = c.add(path[:slash]), path[slash+1:]
	}
	b := &branch{path: path, name: netproto.Printable(name), parent: parent}
	parent.children = append(parent.children, b)
	c.byPath[path] = b
	return b
}

// set chooses a file or all files below a folder, or takes the choice back.
func (c *choice) set(b *branch, chosen bool) {
	if !b.file {
		for _, child := range b.children {
			c.set(child, chosen)
		}
		return
	}
	if (b.chosen == 1) == chosen {
		return
	}
	count, size := 1, b.size
	if !chosen {
		count, size = -1, -b.size
	}
	for up := b; up != nil; up = up.parent {
		up.chosen += count
		up.chosenOf += size
	}
}

// paths are those of the chosen files; nil when all are.
func (c *choice) paths() []string {
	if c.root.chosen == c.root.files {
		return nil
	}
	var paths []string
	var walk func(*branch)
	walk = func(b *branch) {
		if b.file && b.chosen == 1 {
			paths = append(paths, b.path)
		}
		for _, child := range b.children {
			walk(child)
		}
	}
	walk(c.root)
	return paths
}

// here is how many files below the branch are on this computer.
func (b *branch) hereBelow() int {
	if b.file && b.here {
		return 1
	}
	n := 0
	for _, child := range b.children {
		n += child.hereBelow()
	}
	return n
}
