package sharing

import (
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// audience is who may have a share. It is replaced and never changed, since the
// register asks for it with its lock held.
type audience struct {
	visible library.Visible
	keys    map[netproto.PublicKey]struct{}
	ended   bool // it was fetched as often as it may be, or taken back
}

func audienceOf(record library.Share, removed bool) *audience {
	a := &audience{visible: record.Visible, ended: removed || record.Visible.Over(record.Fetched, time.Time{})}
	if record.Visible.To == library.VisibleKeys {
		a.keys = make(map[netproto.PublicKey]struct{}, len(record.Visible.Keys))
		for _, key := range record.Visible.Keys {
			a.keys[key] = struct{}{}
		}
	}
	return a
}

// over reports whether nobody may have the share any longer.
func (a *audience) over(now time.Time) bool {
	return a.ended || !a.visible.Expires.IsZero() && !now.Before(a.visible.Expires)
}

// has reports whether the owner of a key may have the share. Seed clients, with the zero
// key, have no links.
func (a *audience) has(key netproto.PublicKey, now time.Time) bool {
	if a.over(now) {
		return false
	}
	switch a.visible.To {
	case library.VisibleEverybody:
		return true
	case library.VisibleLink:
		return key != (netproto.PublicKey{})
	}
	_, chosen := a.keys[key]
	return chosen
}

// SetVisible changes who may have shares, and until when, and remembers it. Unknown ids
// are ignored.
func (ss *Shares) SetVisible(visible library.Visible, ids ...string) error {
	for _, id := range ids {
		s := ss.byID(id)
		if s == nil {
			continue
		}
		s.setVisible(visible, 0)
		s.mu.Lock()
		record, save := s.record, s.remember && !s.removed
		s.mu.Unlock()
		if save {
			if err := ss.config.Library.SaveShare(record); err != nil {
				return err
			}
		}
	}
	ss.poke() // it may expire sooner
	ss.config.Step()
	return nil
}

// setVisible is not remembered yet. For count, see Options.
func (s *share) setVisible(visible library.Visible, count int) {
	visible.Keys = slices.Clone(visible.Keys)
	s.mu.Lock()
	visible = visible.More(count, s.record.Fetched)
	same := s.record.Visible.Equal(visible)
	s.record.Visible = visible
	s.audience.Store(audienceOf(s.record, s.removed))
	s.mu.Unlock()
	if !same {
		s.retell()
	}
}

// retell announces everything in the share as it is now, or withdraws it. What others
// are reading goes on only if they may still have it: see the For of what they read.
func (s *share) retell() {
	contents := s.shares.config.Contents
	s.offering.Lock()
	defer s.offering.Unlock()
	for _, f := range s.files {
		contents.Add(f.Hash(), f)
	}
	if s.list != nil {
		contents.Add(s.list.Hash(), s.list)
	}
	s.shares.config.Notify()
}

// endExpired withdraws the shares whose time is over, and returns how long to wait for
// the next one.
func (ss *Shares) endExpired(now time.Time) time.Duration {
	wait := ss.config.Timing.Rescan
	for _, s := range ss.copies() {
		a := s.audience.Load()
		if a.visible.Expires.IsZero() {
			continue
		}
		if left := a.visible.Expires.Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		if s.expired.Swap(a) != a {
			s.retell()
			ss.config.Step()
		}
	}
	return wait
}
