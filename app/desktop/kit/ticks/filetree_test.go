//go:build !darwin || cgo

package ticks

import (
	"slices"
	"testing"
)

func TestFilesOfAFolderAreTickedByBranches(t *testing.T) {
	var files []File
	for _, path := range []string{"a/b/1", "a/b/2", "a/3", "c"} {
		files = append(files, File{Path: path, Size: 5})
	}
	tree := NewTree(files)
	if tree.Root.Ticked != 4 || tree.TickedPaths() != nil {
		t.Errorf("at first %d are ticked, paths %v", tree.Root.Ticked, tree.TickedPaths())
	}
	tree.Tick(tree.Branch("a/b"), false)
	if got := tree.TickedPaths(); !slices.Equal(got, []string{"a/3", "c"}) || tree.Root.Chosen != 10 || tree.Branch("a").Ticked != 1 {
		t.Errorf("without a/b: %v, %d bytes", got, tree.Root.Chosen)
	}
	tree.Tick(tree.Branch("a"), true)
	if tree.TickedPaths() != nil {
		t.Errorf("with a again: %v", tree.TickedPaths())
	}
}
