package peer

import (
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
)

// endedUploads are kept to be shown.
const endedUploads = 100

// upload is one content on its way to one peer, over any number of connections.
type upload struct {
	list    *uploads
	id      string
	peer    netproto.PublicKey
	hash    netproto.ContentHash
	size    int64
	rate    meter
	mu      sync.Mutex
	streams int
	name    string // of the peer
	address string
	sent    int64
	place   int
	ended   time.Time
}

// uploads are those under way and the last ones that ended.
type uploads struct {
	engine *Engine
	mu     sync.Mutex
	list   []*upload
}

// enter begins, or goes on with, the upload of a content to a peer.
func (us *uploads) enter(c *conn, hash netproto.ContentHash, size int64) *upload {
	us.mu.Lock()
	defer us.mu.Unlock()
	for _, u := range us.list {
		if u.peer == c.key && u.hash == hash && u.enter(c) {
			return u
		}
	}
	u := &upload{list: us, id: uuid.NewString(), peer: c.key, hash: hash, size: size, streams: 1, name: c.name, address: c.address()}
	us.list = append(us.list, u)
	us.trim()
	return u
}

// trim forgets the oldest that ended without a byte, then the oldest ended.
func (us *uploads) trim() {
	for excess := len(us.list) - endedUploads; excess > 0; excess-- {
		i := slices.IndexFunc(us.list, func(u *upload) bool { return u.isEnded() })
		if i < 0 {
			return
		}
		us.list = slices.Delete(us.list, i, i+1)
	}
}

func (u *upload) isEnded() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.streams == 0
}

// enter takes a further stream; an upload that ended long ago is over.
func (u *upload) enter(c *conn) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.streams == 0 && time.Since(u.ended) > time.Minute {
		return false
	}
	u.streams++
	u.address = c.address()
	return true
}

func (u *upload) leave() {
	u.mu.Lock()
	if u.streams--; u.streams == 0 {
		u.ended = time.Now()
		u.place = 0
	}
	u.mu.Unlock()
	u.list.engine.notify()
}

func (u *upload) queued(place int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.place = place
}

func (u *upload) add(c *conn, n int) {
	u.rate.add(n)
	c.engine.upMeter.add(n)
	u.mu.Lock()
	before := u.sent
	u.sent += int64(n)
	u.place = 0
	whole := u.size > 0 && before/u.size < u.sent/u.size
	u.mu.Unlock()
	c.engine.shares.count(u.peer, u.hash, n, whole)
	c.engine.notify()
}

// Upload is a content on its way to a peer.
type Upload struct {
	ID      string
	Hash    netproto.ContentHash
	Peer    string // what the peer calls itself
	Address string // ip:port
	Size    int64  // bytes of the content
	Sent    int64  // bytes to this peer
	Rate    int64  // bytes a second
	Place   int    // in the queue for a slot, from 1; 0 = served
	Ended   bool
}

// Uploads are those under way, then the last ones that ended, newest first.
func (e *Engine) Uploads() []Upload {
	e.uploads.mu.Lock()
	list := slices.Clone(e.uploads.list)
	e.uploads.mu.Unlock()
	var running, ended []Upload
	for _, u := range slices.Backward(list) {
		s := u.snapshot()
		switch {
		case !s.Ended:
			running = append(running, s)
		case s.Sent > 0:
			ended = append(ended, s)
		}
	}
	return append(running, ended...)
}

func (u *upload) snapshot() Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	return Upload{ID: u.id, Hash: u.hash, Peer: u.name, Address: u.address, Size: u.size, Sent: u.sent, Rate: u.rate.rate(), Place: u.place, Ended: u.streams == 0}
}
