package sharing

import (
	"centralizedp2p/netproto"
)

// maxFetchers bounds the peers of which it is known how much of a folder they got.
const maxFetchers = 1000

// add counts bytes sent to a peer, and tells whether they complete a fetch.
func (f *fetches) add(peer netproto.PublicKey, n int64) bool {
	if f.need <= 0 || peer == (netproto.PublicKey{}) { // a seed client gets one file at a time
		return false
	}
	if f.got == nil || len(f.got) >= maxFetchers {
		f.got = map[netproto.PublicKey]int64{}
	}
	sum := f.got[peer] + n
	if sum < f.need {
		f.got[peer] = sum
		return false
	}
	delete(f.got, peer)
	return true
}

// Sent counts bytes of a content that went to a peer for the share that holds it;
// whole says that the peer has all of the content now.
func (ss *Shares) Sent(peer netproto.PublicKey, hash netproto.ContentHash, n int, whole bool) {
	f, ok := ss.config.Contents.FindFor(hash, peer).(*sharedFile)
	if !ok {
		return
	}
	s := f.share
	ss.sent(s, int64(n), func() bool {
		return !s.record.Folder && whole || s.record.Folder && f.list == nil && s.fetches.add(peer, int64(n))
	})
}

// Handed counts bytes of a share that went to a browser; whole says that the browser has
// all of it now.
func (ss *Shares) Handed(id string, n int64, whole bool) {
	if s := ss.byID(id); s != nil {
		ss.sent(s, n, func() bool { return whole })
	}
}

// sent counts bytes of a share; fetched is asked with its lock held whether they complete
// a download.
func (ss *Shares) sent(s *share, n int64, fetched func() bool) {
	s.mu.Lock()
	s.record.Sent += n
	over := false
	if fetched() {
		s.record.Fetched++
		s.audience.Store(audienceOf(s.record))
		over = s.audience.Load().counted
	}
	s.dirty = true
	s.mu.Unlock()
	if over {
		s.retell()
		ss.unsaved.Store(true)
		ss.poke()
	}
}
