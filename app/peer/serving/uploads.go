package serving

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"centralizedp2p/netproto"
)

const (
	// endedUploads is how many ended uploads are kept, to be shown.
	endedUploads = 100
	// resumeTime is how soon a peer must return for an ended upload to go on.
	resumeTime = time.Minute
	// seedName stands for the name of a seed client, which has none.
	seedName = "Seed client"
)

// enter begins the upload of a content to a peer, or goes on with it.
func (s *Server) enter(key uploadKey, name, address string, size int64) *upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.byKey[key]; u != nil && u.enter(address) {
		return u
	}
	u := s.begin(key, size)
	u.streams, u.name, u.address = 1, name, address
	return u
}

// begin makes an upload; the caller holds the lock.
func (s *Server) begin(key uploadKey, size int64) *upload {
	s.count++
	u := &upload{server: s, id: strconv.FormatUint(s.count, 10), number: s.count, key: key, size: size}
	s.byKey[key] = u
	return u
}

// end keeps an upload that is over if the peer got bytes, and forgets the oldest one
// if there are too many. The upload may have gone on before end is called; then it
// ends again later.
func (s *Server) end(u *upload) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.mu.Lock()
	over, kept, sent := u.streams == 0, u.kept, u.sent.Load() > 0
	if over && sent {
		u.kept = true
	}
	u.mu.Unlock()
	switch {
	case !over || kept:
		return
	case !sent:
		s.forget(u)
		return
	}
	s.ended = append(s.ended, u)
	if len(s.ended) <= endedUploads {
		return
	}
	oldest := s.ended[0]
	s.ended = slices.Delete(s.ended, 0, 1)
	oldest.mu.Lock()
	oldest.kept = false
	over = oldest.streams == 0
	oldest.mu.Unlock()
	if over {
		s.forget(oldest)
	}
}

// forget drops an upload unless another one has taken its place; the caller holds the
// lock.
func (s *Server) forget(u *upload) {
	if s.byKey[u.key] == u {
		delete(s.byKey, u.key)
	}
}

// enter adds a stream; it reports false if the upload ended long ago.
func (u *upload) enter(address string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.streams == 0 && time.Since(u.ended) > resumeTime {
		return false
	}
	u.streams++
	u.address = address
	return true
}

// leave ends a stream. The caller holds the lock of a connection, so leave must not
// wait.
func (u *upload) leave() {
	u.mu.Lock()
	u.streams--
	over := u.streams == 0
	if over {
		u.ended = time.Now()
		u.place.Store(0)
	}
	u.mu.Unlock()
	if over {
		u.server.end(u)
	}
	u.server.config.Notify()
}

func (u *upload) queued(place int) { u.place.Store(int32(place)) }

// add counts n bytes of content that are being written.
func (u *upload) add(n int) {
	u.rate.Add(n)
	u.server.config.Traffic.UpMeter.Add(n)
	if u.place.Load() != 0 {
		u.place.Store(0)
	}
	u.untold.Add(int64(n)) // before sent: with the last of them all others are told
	now := u.sent.Add(int64(n))
	if u.size > 0 && (now-int64(n))/u.size < now/u.size {
		u.tell(true)
	}
	u.server.config.Sent(u.key.peer, n)
	u.server.config.Notify()
}

// tell counts for the content what was sent since it was told last: that takes locks that
// all connections share. whole says that the peer has all of it now.
func (u *upload) tell(whole bool) {
	if n := u.untold.Swap(0); n > 0 || whole {
		u.server.config.Had(u.key.peer, u.key.hash, int(n), whole)
	}
}

// CountSeed counts a content of some bytes that a seed client got as a whole. It is
// shown as an ended upload; repeated uploads of a content to one address add up.
func (s *Server) CountSeed(hash netproto.ContentHash, to netip.AddrPort, bytes int) {
	s.config.Traffic.UpMeter.Add(bytes)
	s.config.Sent(netproto.PublicKey{}, bytes)
	s.config.Had(netproto.PublicKey{}, hash, bytes, true)
	s.mu.Lock()
	address := to.Addr().Unmap().String()
	key := uploadKey{hash: hash, address: address}
	u := s.byKey[key]
	if u == nil {
		u = s.begin(key, int64(bytes))
		u.name, u.address = seedName, address
	}
	u.sent.Add(int64(bytes))
	u.mu.Lock()
	u.ended = time.Now()
	u.mu.Unlock()
	s.mu.Unlock()
	s.end(u)
	s.config.Notify()
}

// Upload is a content on its way to a peer.
type Upload struct {
	ID      string
	Hash    netproto.ContentHash
	Peer    string             // what the peer calls itself
	Key     netproto.PublicKey // of the peer; zero for seed clients
	Address string             // ip:port
	Size    int64              // bytes of the content
	Sent    int64              // bytes to this peer
	Rate    int64              // bytes a second
	Place   int                // in the queue for a slot, from 1; 0 = served
	Ended   bool
}

// List returns the uploads under way and then the last ones that ended, each newest first.
func (s *Server) List() []Upload {
	var running, ended []Upload
	for _, u := range s.list() {
		switch now := u.snapshot(); {
		case !now.Ended:
			running = append(running, now)
		case now.Sent > 0:
			ended = append(ended, now)
		}
	}
	return append(running, ended...)
}

// maxStops bounds the uploads that stay stopped; only a person stops them.
const maxStops = 1000

// Stop ends uploads until the next start: their peers get nothing more of those
// contents. Those that ended already are skipped.
func (s *Server) Stop(ids ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, u := range s.byKey {
		if slices.Contains(ids, u.id) && key.address == "" && !u.snapshot().Ended && len(s.stops) < maxStops {
			s.stops[key] = struct{}{}
			u.stopped.Store(true)
		}
	}
}

// stopped reports whether the person stopped an upload.
func (s *Server) stopped(key uploadKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, is := s.stops[key]
	return is
}

// Running returns the number of uploads that are served now. It is cheaper than
// [Server.List].
func (s *Server) Running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, u := range s.byKey {
		u.mu.Lock()
		if u.streams > 0 && u.place.Load() == 0 {
			n++
		}
		u.mu.Unlock()
	}
	return n
}

// list returns all uploads, the newest first.
func (s *Server) list() []*upload {
	s.mu.Lock()
	list := slices.Clone(s.ended)
	for _, u := range s.byKey {
		if !u.isKept() {
			list = append(list, u)
		}
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b *upload) int { return cmp.Compare(b.number, a.number) })
	return list
}

func (u *upload) isKept() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.kept
}

func (u *upload) snapshot() Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	return Upload{ID: u.id, Hash: u.key.hash, Peer: u.name, Key: u.key.peer, Address: u.address, Size: u.size, Sent: u.sent.Load(), Rate: u.rate.Rate(),
		Place: int(u.place.Load()), Ended: u.streams == 0}
}
