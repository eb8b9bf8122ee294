package peer

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// endedUploads are kept to be shown.
const endedUploads = 100

// upload is one content on its way to one peer, over any number of connections.
type upload struct {
	list   *uploads
	id     string
	number uint64 // in the order of their begins
	key    uploadKey
	size   int64
	rate   meter

	mu      sync.Mutex
	streams int
	kept    bool   // among those that ended
	name    string // of the peer
	address string
	sent    int64
	place   int
	ended   time.Time
}

// uploads are those under way and the last ones that ended. A folder of many
// files, or a peer that opens whatever there is, makes many.
type uploads struct {
	engine *Engine
	mu     sync.Mutex
	byKey  map[uploadKey]*upload
	ended  []*upload // in the order in which they ended; some may go on meanwhile
	count  uint64    // of all ever
}

// uploadKey is what tells one upload from another.
type uploadKey struct {
	peer    netproto.PublicKey // zero of seed clients
	hash    netproto.ContentHash
	address string // of seed clients, which have nothing else
}

// enter begins, or goes on with, the upload of a content to a peer.
func (us *uploads) enter(c *conn, hash netproto.ContentHash, size int64) *upload {
	us.mu.Lock()
	defer us.mu.Unlock()
	key := uploadKey{peer: c.key, hash: hash}
	if u := us.byKey[key]; u != nil && u.enter(c) {
		return u
	}
	u := us.begin(key, size)
	u.streams, u.name, u.address = 1, c.name, c.address()
	return u
}

// begin makes an upload; the caller holds the lock.
func (us *uploads) begin(key uploadKey, size int64) *upload {
	us.count++
	u := &upload{list: us, id: strconv.FormatUint(us.count, 10), number: us.count, key: key, size: size}
	us.byKey[key] = u
	return u
}

// end keeps an upload that ended, if bytes went to the peer, and forgets the
// oldest one for it.
func (us *uploads) end(u *upload) {
	us.mu.Lock()
	defer us.mu.Unlock()
	u.mu.Lock()
	over, sent, kept := u.streams == 0, u.sent > 0, u.kept
	u.kept = sent
	u.mu.Unlock()
	switch {
	case !over || kept:
		return
	case !sent:
		us.forget(u)
		return
	}
	us.ended = append(us.ended, u)
	if len(us.ended) <= endedUploads {
		return
	}
	oldest := us.ended[0]
	us.ended = slices.Delete(us.ended, 0, 1)
	oldest.mu.Lock()
	oldest.kept = false
	over = oldest.streams == 0
	oldest.mu.Unlock()
	if over {
		us.forget(oldest)
	}
}

// forget drops an upload, unless another one took its place; the caller holds
// the lock.
func (us *uploads) forget(u *upload) {
	if us.byKey[u.key] == u {
		delete(us.byKey, u.key)
	}
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
	u.streams--
	over := u.streams == 0
	if over {
		u.ended = time.Now()
		u.place = 0
	}
	u.mu.Unlock()
	if over {
		u.list.end(u)
	}
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
	c.engine.shares.count(u.key.peer, u.key.hash, n, whole)
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
	us := e.uploads
	us.mu.Lock()
	list := slices.Clone(us.ended)
	for _, u := range us.byKey {
		if !u.isKept() {
			list = append(list, u)
		}
	}
	us.mu.Unlock()
	slices.SortFunc(list, func(a, b *upload) int { return cmp.Compare(b.number, a.number) })
	var running, ended []Upload
	for _, u := range list {
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

func (u *upload) isKept() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.kept
}

func (u *upload) snapshot() Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	return Upload{ID: u.id, Hash: u.key.hash, Peer: u.name, Address: u.address, Size: u.size, Sent: u.sent, Rate: u.rate.rate(), Place: u.place, Ended: u.streams == 0}
}
