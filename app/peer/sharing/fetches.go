package sharing

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/netproto"
)

const (
	// maxFetchers bounds the peers whose share of a folder is counted.
	maxFetchers = 1000
	// fetchTime is how long a peer that got something of a folder still fetches it: what
	// it gets then is for the folder, and not for another share with the same content.
	fetchTime = 10 * time.Minute
)

// opened notes that a peer reads the list of the folder.
func (f *fetches) opened(peer netproto.PublicKey, now time.Time) {
	if peer != (netproto.PublicKey{}) { // a seed client gets one file at a time
		f.note(peer, fetch{f.got[peer].bytes, true, now})
	}
}

// under reports whether a peer has begun to fetch the folder and has not got all of it.
func (f *fetches) under(peer netproto.PublicKey, now time.Time) bool {
	of := f.got[peer]
	return of.listed && now.Sub(of.last) < fetchTime
}

// add counts bytes sent to a peer, and tells whether they complete a fetch.
func (f *fetches) add(peer netproto.PublicKey, n int64, now time.Time) bool {
	if f.need <= 0 || peer == (netproto.PublicKey{}) {
		return false
	}
	of := f.got[peer]
	if of.bytes += n; of.bytes < f.need {
		f.note(peer, fetch{of.bytes, of.listed, now})
		return false
	}
	delete(f.got, peer)
	return true
}

// note remembers how far a peer is. Who got nothing for the longest time makes room.
func (f *fetches) note(peer netproto.PublicKey, now fetch) {
	if f.got == nil {
		f.got = map[netproto.PublicKey]fetch{}
	}
	if _, known := f.got[peer]; !known && len(f.got) >= maxFetchers {
		oldest, last := peer, now.last
		for key, other := range f.got {
			if !other.last.After(last) {
				oldest, last = key, other.last
			}
		}
		delete(f.got, oldest)
	}
	f.got[peer] = now
}

// Sent counts bytes of a content that went to a peer for the share that holds it;
// whole says that the peer has all of the content now.
//
// A content may be in several shares, and a peer does not say which of them it means. One
// that reads the list of a folder fetches the folder. What else it gets counts for a
// share that a count ends, if there is one, so that each count comes to its end.
func (ss *Shares) Sent(peer netproto.PublicKey, hash netproto.ContentHash, n int, whole bool) {
	now := time.Now()
	lists, holders := ss.holders(hash, peer)
	for _, s := range lists {
		ss.sent(s, int64(n), func() bool {
			s.opened(peer, now)
			return whole && s.need == 0 // its files are empty, and nobody asks for them
		})
	}
	if len(holders) == 0 {
		return
	}
	fetched := slices.DeleteFunc(slices.Clone(holders), func(s *share) bool { return !s.isUnderFetch(peer, now) })
	if len(fetched) == 0 {
		fetched = []*share{slices.MinFunc(holders, compareClaims)}
	}
	for _, s := range fetched {
		ss.sent(s, int64(n), func() bool { return s.record.Folder && s.add(peer, int64(n), now) || !s.record.Folder && whole })
	}
}

// holders returns the shares with a content that a peer may have, each once. The content
// is the list of the folders in lists.
func (ss *Shares) holders(hash netproto.ContentHash, peer netproto.PublicKey) (lists, holders []*share) {
	ss.config.Contents.Select(hash, func(c offer.Content) bool {
		f, ok := c.(*sharedFile)
		switch {
		case !ok || slices.Contains(holders, f.share) || !f.For(peer):
		case f.list != nil:
			lists = append(lists, f.share)
		default:
			holders = append(holders, f.share)
		}
		return false
	})
	return lists, holders
}

func (s *share) isUnderFetch(peer netproto.PublicKey, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.under(peer, now)
}

// compareClaims orders shares with the same content by what a download of it alone
// counts for: those that a count ends come first, of those files, and those that are
// nearest to their end.
func compareClaims(a, b *share) int {
	type claim struct{ uncounted, folder, left int }
	claimOf := func(s *share) (c claim) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.record.Folder {
			c.folder = 1
		}
		if s.record.Visible.Until == 0 {
			c.uncounted = 1
		} else {
			c.left = s.record.Visible.Until - s.record.Fetched
		}
		return c
	}
	x, y := claimOf(a), claimOf(b)
	return cmp.Or(cmp.Compare(x.uncounted, y.uncounted), cmp.Compare(x.folder, y.folder), cmp.Compare(x.left, y.left),
		strings.Compare(a.record.Path, b.record.Path))
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
		s.audience.Store(audienceOf(s.record, s.removed))
		over = s.audience.Load().ended
	}
	s.dirty = true
	s.mu.Unlock()
	if over {
		s.retell()
		ss.unsaved.Store(true)
		ss.poke()
	}
}
