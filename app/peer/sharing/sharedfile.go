package sharing

import (
	"encoding/hex"
	"strings"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// path is where the file is on this computer.
func (f *sharedFile) path() string {
	if f.list != nil {
		return f.share.shares.config.Library.FolderFile(f.Hash())
	}
	return f.share.pathOf(f.rel)
}

// Resource is how the file is announced.
func (f *sharedFile) Resource() *netproto.Resource {
	a := f.share.audience.Load()
	if f.list != nil && f.list.old || a.over(time.Now()) {
		return nil
	}
	if f.list != nil {
		r := f.list.resource
		r.Hidden = a.visible.Hidden()
		return &r
	}
	name := f.share.record.Name
	if f.rel != "" {
		name = netproto.SafeName(f.rel[strings.LastIndexByte(f.rel, '/')+1:])
	}
	r := &netproto.Resource{Hash: f.Hash(), Size: f.state.Size, Name: name, MIME: offer.MediaType(name), Hidden: a.visible.Hidden()}
	if f.has && !r.Hidden { // only seed clients need it
		r.MD5 = hex.EncodeToString(f.md5[:])
	}
	return r
}

// For is true for those who may have the share.
func (f *sharedFile) For(key netproto.PublicKey) bool {
	return f.share.audience.Load().has(key, time.Now())
}

// attribute is what is sent of the file besides its bytes; nothing of a nil one.
func (f *sharedFile) attribute() netproto.Attribute {
	if f == nil {
		return netproto.Attribute{}
	}
	return netproto.Attribute{Modified: f.state.Modified, Executable: f.exec}
}

// Before prefers what everybody may have, and then what is shared to a download; what
// whoever has the link may have to what is for chosen people, since the tracker tells the
// name to whoever knows the hash; and of equal files the first by path, so that it is
// always the same one.
func (f *sharedFile) Before(other offer.Content) bool {
	visible := f.share.audience.Load().visible
	g, shared := other.(*sharedFile)
	if !shared {
		r := other.Resource()
		return !visible.Hidden() || r == nil || r.Hidden
	}
	switch v := g.share.audience.Load().visible; {
	case visible.Hidden() != v.Hidden():
		return v.Hidden()
	case visible.To != v.To:
		return v.To == library.VisibleKeys
	}
	if c := strings.Compare(f.share.record.Path, g.share.record.Path); c != 0 {
		return c < 0
	}
	return f.rel < g.rel
}

// Length is in bytes.
func (f *sharedFile) Length() int64 { return f.state.Size }

// Whole is always true.
func (f *sharedFile) Whole() bool { return true }

// Manifest comes from the library: thousands of shares need not keep theirs
// in memory.
func (f *sharedFile) Manifest() *piece.Manifest {
	if netproto.PieceCount(f.state.Size) == 1 {
		return &piece.Manifest{Hash: f.Hash(), Size: f.state.Size}
	}
	config := &f.share.shares.config
	m, err := config.Library.Manifest(f.Hash())
	if err != nil || m.Size != f.state.Size {
		config.Log.Error("the manifest of a share cannot be used", "hash", f.Hash(), "error", err)
		return nil
	}
	return m
}

// Have has all pieces.
func (f *sharedFile) Have() piece.Bits { return piece.AllBits(netproto.PieceCount(f.state.Size)) }

// Open opens the file, in the state in which it was hashed.
func (f *sharedFile) Open() (offer.Reader, error) {
	reader, err := f.share.shares.config.Open(f.path(), f.state)
	if err == nil && f.list != nil {
		reader = f.list.read(reader)
	}
	return reader, err
}

// Attributes are those of a folder's files, packed in the order of its list; none if
// this is no list.
func (f *sharedFile) Attributes() []byte {
	if f.list == nil {
		return nil
	}
	return f.list.attributes
}

// Broken withdraws the file at once and has the share scanned again.
func (f *sharedFile) Broken(err error) {
	f.share.shares.config.Log.Info("a shared file changed", "path", f.path(), "error", err)
	f.share.drop(f)
	f.share.recheck()
}
