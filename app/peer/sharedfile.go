package peer

import (
	"mime"
	"path/filepath"
	"strings"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// sharedFile is a whole content in a file that does not change. There may be a
// million of them, so it holds no more than it must.
type sharedFile struct {
	share *share // whose it is; never nil
	rel   string // slash-separated path in a shared folder; "" for a shared file, and for the list of a folder
	state piece.State
	hash  netproto.ContentHash
	md5   string             // hex; contents for seed clients only
	list  *netproto.Resource // how the folder is announced, if this is its list
	round uint32             // the last scan that found it; the share's lock guards it
	at    int                // among the offers of its content; their lock guards it
}

// path is where the file is on this computer.
func (f *sharedFile) path() string {
	if f.list != nil {
		return f.share.engine.library.FolderFile(f.hash)
	}
	return f.share.pathOf(f.rel)
}

// resource is how the file is announced.
func (f *sharedFile) resource() *netproto.Resource {
	if f.list != nil {
		return f.list
	}
	name := f.share.record.Name
	if f.rel != "" {
		name = netproto.SafeName(f.rel[strings.LastIndexByte(f.rel, '/')+1:])
	}
	return &netproto.Resource{Hash: f.hash, Size: f.state.Size, Name: name, MIME: mediaType(name), MD5: f.md5}
}

// mediaType is that of a name's extension, without parameters.
func mediaType(name string) string {
	t, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(filepath.Ext(name))), ";")
	if len(t) > netproto.MaxMIMEBytes {
		return ""
	}
	return t
}

func (f *sharedFile) length() int64 { return f.state.Size }

func (f *sharedFile) whole() bool { return true }

// manifest comes from the library: thousands of shares need not keep theirs
// in memory.
func (f *sharedFile) manifest() *piece.Manifest {
	if netproto.PieceCount(f.state.Size) == 1 {
		return &piece.Manifest{Hash: f.hash, Size: f.state.Size}
	}
	e := f.share.engine
	m, err := e.library.Manifest(f.hash)
	if err != nil || m.Size != f.state.Size {
		e.log.Error("the manifest of a share cannot be used", "hash", f.hash, "error", err)
		return nil
	}
	return m
}

func (f *sharedFile) have() piece.Bits { return piece.AllBits(netproto.PieceCount(f.state.Size)) }

func (f *sharedFile) open() (reader, error) { return piece.OpenFile(f.path(), f.state) }

// broken withdraws the file at once; the share is then looked at again.
func (f *sharedFile) broken(err error) {
	f.share.engine.log.Info("a shared file changed", "path", f.path(), "error", err)
	f.share.drop(f)
	f.share.recheck()
}
