package web

import (
	"fmt"
	"strings"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Offering is what a link hands out: one file, or several as a ZIP.
type Offering struct {
	Name  string // of the file, the folder, or the first of several things
	Files []File
}

// File is a file of an offering, or an empty folder.
type File struct {
	Path string // slash-separated; the name alone if it is in no folder
	Size int64
	Hash netproto.ContentHash
	Dir  bool // an empty folder: no size, no hash
}

// mostFiles bounds an offering; a shared folder has fewer.
const mostFiles = 1 << 20

// NewOffering checks what a link would hand out. The error has the code "too-large" if
// it is too much for one link.
func NewOffering(name string, files []File) (Offering, error) {
	o := Offering{Name: netproto.SafeName(name), Files: files}
	if len(files) == 0 {
		return o, netproto.Errorf(netproto.CodeInvalid, "a link offers at least one file")
	}
	if len(files) > mostFiles {
		return o, netproto.Errorf(netproto.CodeTooLarge, "a link offers at most %d files", mostFiles)
	}
	var size int64
	for _, f := range files {
		if err := netproto.CheckPath(f.Path); err != nil {
			return o, netproto.Errorf(netproto.CodeInvalid, "%w", err)
		}
		if f.Size < 0 || f.Size > netproto.MaxContentSize || f.Dir && f.Size != 0 {
			return o, netproto.Errorf(netproto.CodeTooLarge, "%s has %d bytes", f.Path, f.Size)
		}
		if size += f.Size; size > netproto.MaxContentSize {
			return o, netproto.Errorf(netproto.CodeTooLarge, "a link offers at most %d TiB", int64(netproto.MaxContentSize>>40))
		}
	}
	return o, nil
}

// Single reports whether it is one file, which needs no ZIP.
func (o Offering) Single() bool {
	return len(o.Files) == 1 && !o.Files[0].Dir && !strings.Contains(o.Files[0].Path, "/")
}

// Size is how many bytes the files have together.
func (o Offering) Size() int64 {
	var size int64
	for _, f := range o.Files {
		size += f.Size
	}
	return size
}

// tag names the bytes of the ZIP, for whoever continues a broken download.
func (o Offering) tag(made time.Time) string {
	h := piece.NewHasher(0)
	fmt.Fprintf(h, "zip 1 %d\n", made.Unix())
	for _, f := range o.Files {
		fmt.Fprintf(h, "%q %d %s\n", f.Path, f.Size, f.Hash)
	}
	return h.Root().String()
}
