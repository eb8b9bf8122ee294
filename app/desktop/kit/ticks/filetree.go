//go:build !darwin || cgo

// Package ticks is for choosing among files: which files of a folder are ticked, and a
// row with a box to tick.
package ticks

import (
	"strings"

	"centralizedp2p/netproto"
)

// File is a file, or an empty folder, for a Tree.
type File struct {
	Path string // slash-separated
	Dir  bool
	Size int64 // bytes
	Here bool  // on this computer; it is not ticked at first
}

// Tree holds the files of a folder, each of them ticked or not.
type Tree struct {
	Root   *Branch // the folder itself
	byPath map[string]*Branch
}

// Branch is a folder or a file in a Tree. Its numbers cover the files below
// it; a file counts itself.
type Branch struct {
	Path   string // slash-separated; "" is the root
	Name   string // of the last folder or file in Path, made safe to show
	File   bool
	Here   bool  // of a file
	Size   int64 // bytes
	Files  int
	Ticked int   // files
	Chosen int64 // bytes of the ticked files

	parent   *Branch
	children []*Branch
}

// NewTree builds the tree of a folder. Every file that is not here is ticked.
func NewTree(files []File) *Tree {
	t := &Tree{Root: &Branch{}}
	t.byPath = map[string]*Branch{"": t.Root}
	for _, f := range files {
		b := t.add(f.Path)
		if f.Dir {
			continue
		}
		b.File, b.Here, b.Size, b.Files = true, f.Here, f.Size, 1
		for up := b.parent; up != nil; up = up.parent {
			up.Size += f.Size
			up.Files++
		}
		if !f.Here {
			t.Tick(b, true)
		}
	}
	return t
}

func (t *Tree) add(path string) *Branch {
	if b := t.byPath[path]; b != nil {
		return b
	}
	parent, name := t.Root, path
	if slash := strings.LastIndexByte(path, '/'); slash >= 0 {
		parent, name = t.add(path[:slash]), path[slash+1:]
	}
	b := &Branch{Path: path, Name: netproto.Printable(name), parent: parent}
	parent.children = append(parent.children, b)
	t.byPath[path] = b
	return b
}

// Branch returns the branch at a path; it must be in the tree.
func (t *Tree) Branch(path string) *Branch { return t.byPath[path] }

// Children returns the paths of the branches directly below one.
func (t *Tree) Children(path string) []string {
	children := t.byPath[path].children
	paths := make([]string, len(children))
	for i, child := range children {
		paths[i] = child.Path
	}
	return paths
}

// Tick ticks a file, or all files below a folder, or unticks them.
func (t *Tree) Tick(b *Branch, ticked bool) {
	if !b.File {
		for _, child := range b.children {
			t.Tick(child, ticked)
		}
		return
	}
	if (b.Ticked == 1) == ticked {
		return
	}
	count, size := 1, b.Size
	if !ticked {
		count, size = -1, -b.Size
	}
	for up := b; up != nil; up = up.parent {
		up.Ticked += count
		up.Chosen += size
	}
}

// TickedPaths returns the paths of the ticked files; nil if all are ticked.
func (t *Tree) TickedPaths() []string {
	if t.Root.Ticked == t.Root.Files {
		return nil
	}
	var paths []string
	var walk func(*Branch)
	walk = func(b *Branch) {
		if b.File && b.Ticked == 1 {
			paths = append(paths, b.Path)
		}
		for _, child := range b.children {
			walk(child)
		}
	}
	walk(t.Root)
	return paths
}

// HereBelow counts the files of the branch that are on this computer.
func (b *Branch) HereBelow() int {
	if b.File && b.Here {
		return 1
	}
	n := 0
	for _, child := range b.children {
		n += child.HereBelow()
	}
	return n
}
