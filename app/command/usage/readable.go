package usage

import (
	"errors"
	"io/fs"
	"os"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// Readable checks whether a path can be shared, before anything starts.
func Readable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unreadable(path, err)
	}
	if !info.IsDir() && !info.Mode().IsRegular() {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is neither a file nor a folder", path)
	}
	f, err := readfile.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	return f.Close()
}

func unreadable(path string, err error) error {
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err // the sentence names the path already
	}
	return netproto.Errorf(netproto.CodeFileUnreadable, "%s: %w", path, err)
}
