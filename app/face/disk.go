package face

import (
	"context"
	"strings"
)

// Disk shows what is on the disks of the computer of the peer, to choose from.
type Disk interface {
	// ListFolder lists a folder, given by its absolute path; "" lists the places to
	// begin at. Hidden files, links and devices are left out. "file-unreadable" if it
	// cannot be read, "denied" if it is outside of what the owner of the peer allows.
	ListFolder(ctx context.Context, folder string) (FolderList, error)
}

// FolderList is what is in a folder.
type FolderList struct {
	Path    string      `json:"path,omitempty"`   // absolute; "" for the places to begin at
	Parent  string      `json:"parent,omitempty"` // absolute; "" leads to the places to begin at
	Entries []DiskEntry `json:"entries"`          // folders first, at most [MaxEntries]
	More    bool        `json:"more,omitempty"`   // there are more than those
}

// MaxEntries bounds [FolderList.Entries].
const MaxEntries = 10_000

// DiskEntry is a file or a folder.
type DiskEntry struct {
	Name   string `json:"name"`
	Path   string `json:"path"` // absolute
	Folder bool   `json:"folder,omitempty"`
	Size   int64  `json:"size,omitempty"` // bytes, of a file
}

// SplitPath splits an absolute path into a folder and the name in it. The path is one of
// the computer of the peer, where another system may run than where this does: one that
// begins with a slash is of Unix, any other one of Windows.
func SplitPath(path string) (folder, name string) {
	separator := `\`
	if strings.HasPrefix(path, "/") {
		separator = "/"
	}
	i := strings.LastIndex(path, separator)
	if i < 0 {
		return "", path
	}
	folder, name = path[:i], path[i+1:]
	if folder == "" || strings.HasSuffix(folder, ":") { // the root, or that of a drive
		folder += separator
	}
	return folder, name
}
