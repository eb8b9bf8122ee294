package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

type reader struct{}

func (reader) readOnce(string, []byte) (int, Facts, error) { return 0, Facts{}, errors.ErrUnsupported }

func (reader) close() {}

type listing struct {
	dir     *os.File
	entries []fs.DirEntry
}

func list(dir *os.File, n int) (listing, error) {
	entries, err := dir.ReadDir(n)
	return listing{dir, entries}, err
}

func (l listing) len() int { return len(l.entries) }

func (l listing) at(i int) (string, Facts, error) {
	name := l.entries[i].Name()
	info, err := l.entries[i].Info() // which came with the names
	if err != nil {
		return name, Facts{Mode: l.entries[i].Type()}, err
	}
	is := Facts{Size: info.Size(), Modified: info.ModTime().UnixNano(), Mode: info.Mode()}
	if is.Mode.IsRegular() {
		is.Identity, err = identifyPath(filepath.Join(l.dir.Name(), name), info)
		is.Unsure = err != nil
	}
	return name, is, nil
}
