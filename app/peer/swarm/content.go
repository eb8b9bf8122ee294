package swarm

import (
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// A job as an [offer.Content]: what other peers may read of it. It is offered once
// the size is certain, since they rely on it.

// Length is the size, in bytes; -1 while it is uncertain.
func (c *content) Length() int64 {
	c.shared.RLock()
	defer c.shared.RUnlock()
	if !c.sure || c.m == nil {
		return -1
	}
	return c.m.Size
}

// Manifest is nil before it is known.
func (c *content) Manifest() *piece.Manifest {
	c.shared.RLock()
	defer c.shared.RUnlock()
	return c.m
}

// Whole reports whether the content is published.
func (c *content) Whole() bool {
	c.shared.RLock()
	defer c.shared.RUnlock()
	return c.done != nil
}

// Resource is how the content is announced; nil unless the person asked for it.
func (c *content) Resource() *netproto.Resource {
	c.shared.RLock()
	defer c.shared.RUnlock()
	return c.as
}

// For is true for everybody, unless the download is private.
func (j *job) For(netproto.PublicKey) bool { return !j.attempt.task.Private }

// Before prefers whole downloads to unfinished ones. A download is for everybody, so it
// goes before a share that is not.
func (c *content) Before(other offer.Content) bool {
	as, otherAs := c.Resource(), other.Resource()
	if _, ok := other.(*job); !ok {
		return as != nil && otherAs != nil && otherAs.Hidden
	}
	return as != nil && (otherAs == nil || !as.Part && otherAs.Part)
}

// Have is empty when the attempt has let go of the content.
func (c *content) Have() piece.Bits {
	c.shared.RLock()
	defer c.shared.RUnlock()
	switch {
	case c.done != nil:
		return piece.AllBits(c.m.Pieces())
	case c.part != nil:
		return c.part.Have()
	}
	return nil
}

// Open returns a reader of what is verified now and later.
func (j *job) Open() (offer.Reader, error) {
	return &contentReader{content: &j.content, files: j.attempt.swarms.config.Files}, nil
}

// Fetching returns the pieces that a whole source was asked for.
func (j *job) Fetching() []uint32 {
	a := j.attempt
	a.mu.Lock()
	defer a.unlock()
	var pieces []uint32
	for i, r := range j.owners {
		if r != nil && r.lane.served && len(pieces) < netproto.MaxFetchingPieces && !r.stream.lacks() {
			pieces = append(pieces, uint32(i))
		}
	}
	return pieces
}

// Broken stops offering a published file that the person changed. A read of a piece
// that is not here yet proves nothing.
func (j *job) Broken(error) {
	if j.Whole() {
		j.attempt.swarms.config.Contents.Remove(j.hash, j)
	}
}

// contentReader reads verified pieces of the unfinished file, and of the published
// one as soon as it exists. One goroutine reads; another may close it.
type contentReader struct {
	content *content
	files   *offer.Files
	offer.Late
}

// ReadAt reads within verified pieces. The error has the code "gone" for others.
func (r *contentReader) ReadAt(b []byte, offset int64) (int, error) {
	r.content.shared.RLock()
	part, done := r.content.part, r.content.done
	r.content.shared.RUnlock()
	switch {
	case done != nil:
		file, err := r.Open(r.files, done.path, done.state)
		if err != nil {
			return 0, err
		}
		return file.ReadAt(b, offset)
	case part != nil:
		return part.ReadAt(b, offset)
	}
	return 0, netproto.Errorf(netproto.CodeGone, "the download was stopped")
}

// offer lets other peers read a job, and announces to the trackers what the person
// asked for: a folder by its list, once that says how large the folder is. The
// caller holds the lock.
func (j *job) offer() {
	a := j.attempt
	var as *netproto.Resource
	size := j.Length()
	if a.task.Folder {
		size = a.folderSize
	}
	if j.hash == a.task.Hash && !a.quiet && !a.task.Private && size >= 0 {
		r := netproto.Resource{Hash: j.hash, Size: size, Name: netproto.SafeName(a.task.Name), Folder: a.task.Folder, Part: true}
		if r.MIME = offer.MediaType(r.Name); r.Folder {
			r.MIME = netproto.FolderMIME
		}
		as = &r
	}
	j.shared.Lock()
	j.as = as
	j.shared.Unlock()
	a.swarms.config.Contents.Add(j.hash, j)
}

// offerFinished offers a whole file, by its name in the attempt's root.
func (j *job) offerFinished(m *piece.Manifest, name string) {
	a := j.attempt
	state, err := piece.StateOf(a.task.local(name))
	if err != nil {
		a.swarms.config.Log.Info("a finished file is not offered", "path", a.task.local(name), "error", err)
		return
	}
	j.offerAs(m, name, state)
}

// offerAs offers a whole file in the state in which it was left.
func (j *job) offerAs(m *piece.Manifest, name string, state piece.State) {
	a := j.attempt
	a.remember(name, state, m)
	file := a.task.local(name)
	a.mu.Lock()
	defer a.unlock()
	j.shared.Lock()
	j.m, j.sure, j.done = m, true, &finished{file, state}
	j.shared.Unlock()
	j.offer()
	a.published = append(a.published, j)
}

// tellSwarm tells the connected peers in the swarm of a content that it can be read
// here from now on.
func (ss *Swarms) tellSwarm(hash netproto.ContentHash) {
	f := netproto.Peers{Hash: hash, Port: uint16(ss.config.Port())}
	told := map[netproto.PublicKey]struct{}{}
	for _, c := range ss.config.Conns.All() {
		if _, twice := told[c.Key]; !twice && c.InSwarm(hash) {
			told[c.Key] = struct{}{}
			c.Send(f)
		}
	}
}

// forgetPublished stops offering published files: from now on the shares do.
func (a *Attempt) forgetPublished() {
	a.mu.Lock()
	published := a.published
	a.published = nil
	a.unlock()
	for _, j := range published {
		a.swarms.config.Contents.Remove(j.hash, j)
	}
}

// manifestHere returns the manifest of a content that is whole on this computer; nil
// if there is none.
func (ss *Swarms) manifestHere(hash netproto.ContentHash) *piece.Manifest {
	if c := ss.config.Contents.Find(hash); c != nil && c.Whole() {
		return c.Manifest()
	}
	return nil
}
