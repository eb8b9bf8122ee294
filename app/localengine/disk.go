package localengine

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// disk implements [face.Disk].
type disk struct{ *core }

// readAtOnce is how many entries of a folder are read before it is asked whether
// anybody still waits.
const readAtOnce = 1000

// ListFolder lists a folder.
func (d *disk) ListFolder(ctx context.Context, folder string) (face.FolderList, error) {
	if folder == "" {
		return d.places()
	}
	if !filepath.IsAbs(folder) {
		return face.FolderList{}, netproto.Errorf(netproto.CodeInvalid, "the folder must be given by its absolute path")
	}
	list := face.FolderList{Path: filepath.Clean(folder), Entries: []face.DiskEntry{}}
	if parent := filepath.Dir(list.Path); parent != list.Path {
		list.Parent = parent
	}
	dir, err := os.Open(list.Path)
	if err != nil {
		return list, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer dir.Close()
	for !list.More {
		infos, err := dir.Readdir(readAtOnce)
		for _, info := range infos {
			if shown(info) {
				list.Entries = append(list.Entries, entryOf(list.Path, info))
			}
		}
		list.More = len(list.Entries) > face.MaxEntries
		switch {
		case errors.Is(err, io.EOF):
			return sorted(list), nil
		case err != nil:
			return list, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		case ctx.Err() != nil:
			return list, coded(ctx.Err())
		}
	}
	return sorted(list), nil
}

// shown reports whether a person can choose something: a file or a folder that is not
// hidden.
func shown(info fs.FileInfo) bool {
	return !strings.HasPrefix(info.Name(), ".") && (info.IsDir() || info.Mode().IsRegular())
}

func entryOf(folder string, info fs.FileInfo) face.DiskEntry {
	e := face.DiskEntry{Name: info.Name(), Path: filepath.Join(folder, info.Name()), Folder: info.IsDir()}
	if !e.Folder {
		e.Size = info.Size()
	}
	return e
}

// sorted puts folders first, and cuts the list to what is shown.
func sorted(list face.FolderList) face.FolderList {
	slices.SortFunc(list.Entries, func(a, b face.DiskEntry) int {
		if a.Folder != b.Folder {
			if a.Folder {
				return -1
			}
			return 1
		}
		return cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name))
	})
	list.Entries = list.Entries[:min(len(list.Entries), face.MaxEntries)]
	return list
}

// places are those to begin at: the folder for downloads, that of the person, and the
// roots of the disks.
func (d *disk) places() (face.FolderList, error) {
	settings, err := d.settings()
	if err != nil {
		return face.FolderList{}, err
	}
	paths := []string{settings.DownloadDir}
	if home, err := os.UserHomeDir(); err == nil {
		paths = append(paths, home)
	}
	if filepath.Separator == '/' {
		paths = append(paths, "/")
	}
	for letter := 'A'; letter <= 'Z' && filepath.Separator != '/'; letter++ {
		paths = append(paths, string(letter)+`:\`)
	}
	list := face.FolderList{Entries: []face.DiskEntry{}}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			list.Entries = append(list.Entries, face.DiskEntry{Name: path, Path: path, Folder: true})
		}
	}
	return list, nil
}
