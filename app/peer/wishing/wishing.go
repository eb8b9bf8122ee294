// Package wishing keeps searches that go on, and contents that are waited for. It leaves
// them at the trackers, which tell it what fits; trackers that keep no wishes are
// searched every few minutes. What fits is remembered with its wish, and downloaded if
// the person said so.
package wishing

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

// Bounds of what is remembered of a wish.
const (
	maxFound   = 100
	maxSeen    = 1000
	maxLooked  = 32 // trackers
	maxFetched = 20 // downloads for one wish in a day: others choose the names that fit
)

// Timing says how long wishes wait.
type Timing struct {
	Search time.Duration // how often a tracker that keeps no wishes is searched
	Again  time.Duration // how often one that does is searched: it may have left out some
	Look   time.Duration // how often it is asked whether it still keeps them: it forgets them when it restarts
	Retry  time.Duration // after a tracker failed
}

// StandardTiming is for everyday use.
var StandardTiming = Timing{Search: 4 * time.Minute, Again: time.Hour, Look: 4 * time.Minute, Retry: 30 * time.Second}

// Tracker is a tracker as wishes need it.
type Tracker interface {
	Address() string
	Search(ctx context.Context, request netproto.SearchRequest) (netproto.SearchResponse, error)
	Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error)
	SetWishes(ctx context.Context, wishes []netproto.Wish) error
	// Finds returns how many wishes the tracker keeps, and what fits them.
	Finds(ctx context.Context, after uint64) (kept int, found []netproto.Find, err error)
}

// Config is what wishes need of the peer.
type Config struct {
	Library  *library.Library
	Log      *slog.Logger
	Timing   Timing
	Download func(w library.Wish, f library.Found) error
	Offered  func(hash netproto.ContentHash) bool // it is shared from here
	Used     func(tracker string) bool            // the tracker at that address is used; it must not wait
	Notify   func()                               // something that a person sees has changed
}

// Wishes are all wishes of this peer. All methods are safe for concurrent use.
type Wishes struct {
	config Config
	poke   chan struct{} // of capacity 1

	mu       sync.Mutex
	wishes   []library.Wish // the oldest first
	changes  int            // of what trackers know about wishes
	trackers map[string]*stand
}

// stand is how things stand with a tracker that was joined.
type stand struct {
	tracker  Tracker
	keeps    bool      // wishes; only Joined and the goroutine of Run touch it
	told     int       // changes that it knows; -1 is none
	left     int       // wishes that it was told of
	finds    bool      // some wait there, or it may have forgotten the wishes
	looked   time.Time // when it last said how many it keeps
	after    uint64    // the last find that was taken
	searched time.Time // when it was last searched
	retry    time.Time // before that, it is left alone
}

// New reads the wishes.
func New(c Config) (*Wishes, error) {
	known, err := c.Library.Wishes()
	if err != nil {
		return nil, err
	}
	return &Wishes{config: c, poke: make(chan struct{}, 1), wishes: known, trackers: map[string]*stand{}}, nil
}

// List returns copies of all wishes, the newest first.
func (w *Wishes) List() []library.Wish {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := make([]library.Wish, 0, len(w.wishes))
	for _, wish := range slices.Backward(w.wishes) {
		wish.Found, wish.Seen = slices.Clone(wish.Found), nil
		list = append(list, wish)
	}
	return list
}

// Unseen returns how many finds the person has not seen yet.
func (w *Wishes) Unseen() (count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, wish := range w.wishes {
		for _, f := range wish.Found {
			if f.New {
				count++
			}
		}
	}
	return count
}

// Add keeps a wish and returns its number; the same wish again keeps its number. The
// error is "invalid" for one that no tracker takes, and "full" beyond netproto.MaxWishes.
func (w *Wishes) Add(wish library.Wish) (uint64, error) {
	if err := wish.Check(); err != nil {
		return 0, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.wishes, func(o library.Wish) bool { o.ID = wish.ID; return o.Wish == wish.Wish })
	if i < 0 && len(w.wishes) >= netproto.MaxWishes {
		return 0, netproto.Errorf(netproto.CodeFull, "%d wishes are kept, which is the most: remove one", netproto.MaxWishes)
	}
	if i >= 0 {
		known := w.wishes[i]
		known.Download, known.Folder = wish.Download, cmp.Or(wish.Folder, known.Folder)
		wish = known
	} else {
		wish.Number, wish.Since = 0, time.Now()
	}
	number, err := w.config.Library.SaveWish(wish)
	if err != nil {
		return 0, err
	}
	if wish.Number = number; i >= 0 {
		w.wishes[i] = wish
		w.config.Notify()
		return number, nil
	}
	w.wishes = append(w.wishes, wish)
	w.changed()
	return number, nil
}

// changed has the trackers told. The caller holds the lock.
func (w *Wishes) changed() {
	w.changes++
	w.wake()
	w.config.Notify()
}

func (w *Wishes) wake() {
	select {
	case w.poke <- struct{}{}:
	default:
	}
}

// Remove ends wishes; what was found stays where it is. It fails with "not-found" if one
// of them is not there.
func (w *Wishes) Remove(numbers ...uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, number := range numbers {
		i := slices.IndexFunc(w.wishes, func(o library.Wish) bool { return o.Number == number })
		if i < 0 {
			return netproto.Errorf(netproto.CodeNotFound, "there is no wish %d", number)
		}
		if err := w.config.Library.RemoveWish(number); err != nil {
			return err
		}
		w.wishes = slices.Delete(slices.Clone(w.wishes), i, i+1)
	}
	w.changed()
	return nil
}

// See notes that the person has seen what was found.
func (w *Wishes) See() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, wish := range w.wishes {
		if !slices.ContainsFunc(wish.Found, func(f library.Found) bool { return f.New }) {
			continue
		}
		wish.Found = slices.Clone(wish.Found)
		for k := range wish.Found {
			wish.Found[k].New = false
		}
		if _, err := w.config.Library.SaveWish(wish); err != nil {
			return err
		}
		w.wishes[i] = wish
	}
	return nil
}

// Joined notes that a tracker was joined. It knows no wishes of before then.
func (w *Wishes) Joined(t Tracker, keeps bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trackers[t.Address()] = &stand{tracker: t, keeps: keeps, told: -1}
	w.wake()
}

// Waiting notes that finds wait at a tracker, or that it may have forgotten the wishes. It does
// not wait.
func (w *Wishes) Waiting(t Tracker) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.trackers[t.Address()]; s != nil {
		s.finds = true
		w.wake()
	}
}

// Run tells the trackers and asks them until ctx ends.
func (w *Wishes) Run(ctx context.Context) error {
	tick := pulse.NewTicker(min(w.config.Timing.Retry, w.config.Timing.Search))
	defer tick.Stop()
	for {
		w.round(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-w.poke:
		case <-tick.C:
		}
	}
}

// round asks each tracker what is due.
func (w *Wishes) round(ctx context.Context) {
	w.mu.Lock()
	var all []*stand
	for address, s := range w.trackers {
		if w.config.Used(address) {
			all = append(all, s)
		} else {
			delete(w.trackers, address)
		}
	}
	w.mu.Unlock()
	for _, s := range all {
		if err := w.visit(ctx, s); err != nil && ctx.Err() == nil {
			w.config.Log.Debug("a tracker was not asked about wishes", "tracker", s.tracker.Address(), "error", err)
			w.mu.Lock()
			s.retry = time.Now().Add(w.config.Timing.Retry)
			w.mu.Unlock()
		}
	}
}

// visit does what is due at a tracker.
func (w *Wishes) visit(ctx context.Context, s *stand) error {
	w.mu.Lock()
	now := time.Now()
	every := w.config.Timing.Search
	if s.keeps {
		every = w.config.Timing.Again
	}
	early := now.Before(s.retry)
	due := now.Sub(s.searched) >= every
	take := s.finds || s.left > 0 && (due || now.Sub(s.looked) >= w.config.Timing.Look)
	changes, told := w.changes, s.told
	wishes := slices.Clone(w.wishes)
	w.mu.Unlock()
	if early || len(wishes) == 0 && told < 0 {
		return nil
	}
	if take && s.keeps && told >= 0 { // before it is told anew: it would then count its finds from the beginning
		kept, err := w.take(ctx, s)
		if err != nil {
			return err
		}
		take = false
		if kept != s.left {
			w.config.Log.Info("a tracker has forgotten the wishes", "tracker", s.tracker.Address(), "kept", kept, "left", s.left)
			s.after, told, due = 0, -1, true // what was announced meanwhile is searched for
		}
	}
	tell := due || told != changes
	if tell && s.keeps {
		left := make([]netproto.Wish, len(wishes))
		for i, wish := range wishes {
			left[i] = wish.Wish
			left[i].ID = uint32(wish.Number)
		}
		err := s.tracker.SetWishes(ctx, left)
		if code := netproto.CodeOf(err); code == netproto.CodeInvalid || code == netproto.CodeFull {
			w.config.Log.Info("a tracker does not keep the wishes, so it is searched", "tracker", s.tracker.Address(), "error", err)
			tell, s.keeps, s.left = false, false, 0
		} else if err != nil {
			return err
		} else {
			s.left = len(left)
		}
	}
	for _, wish := range wishes {
		if due || !slices.Contains(wish.Looked, s.tracker.Address()) {
			if err := w.search(ctx, s.tracker, wish); err != nil {
				return err
			}
		}
	}
	if take || tell && s.keeps {
		if _, err := w.take(ctx, s); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.told = changes; due {
		s.searched = now
	}
	return nil
}

// take fetches what a tracker found, and returns how many wishes it keeps.
func (w *Wishes) take(ctx context.Context, s *stand) (kept int, err error) {
	w.mu.Lock()
	s.finds = false
	after := s.after
	w.mu.Unlock()
	kept, finds, err := s.tracker.Finds(ctx, after)
	if err != nil {
		w.mu.Lock()
		s.finds = true
		w.mu.Unlock()
		return 0, err
	}
	for _, f := range finds {
		after = max(after, f.Number)
		w.fulfil(uint64(f.Wish), f.Hit)
	}
	w.mu.Lock()
	s.after, s.looked = after, time.Now()
	w.mu.Unlock()
	if len(finds) > 0 {
		_, _, err = s.tracker.Finds(ctx, after) // so that they no longer wait
	}
	return kept, err
}

// search asks a tracker what fits now. What was there before the wish is no news.
func (w *Wishes) search(ctx context.Context, t Tracker, wish library.Wish) error {
	if !wish.Hash.IsZero() {
		found, err := t.Resource(ctx, wish.Hash)
		if netproto.CodeOf(err) == netproto.CodeNotFound {
			return nil
		}
		if err == nil {
			w.fulfil(wish.Number, found.Hit)
		}
		return err
	}
	page, err := t.Search(ctx, netproto.SearchRequest{Words: wish.Words, Type: string(wish.Type), MinSize: wish.MinSize, MaxSize: wish.MaxSize,
		Owner: wish.Owner, Sort: netproto.SortNewest, Limit: netproto.MaxPage})
	if code := netproto.CodeOf(err); code == netproto.CodeNotFound || code == netproto.CodeInvalid {
		return nil // its owner is offline, or this tracker understands other words
	}
	if err != nil {
		return err
	}
	if !slices.Contains(wish.Looked, t.Address()) {
		w.look(wish.Number, t.Address(), page.Items)
	}
	for _, hit := range page.Items {
		w.fulfil(wish.Number, hit)
	}
	return nil
}

// look notes what was at a tracker before a wish.
func (w *Wishes) look(number uint64, tracker string, hits []netproto.Hit) {
	w.change(number, func(wish *library.Wish) bool {
		looked := append(slices.Clone(wish.Looked), tracker)
		wish.Looked = looked[max(0, len(looked)-maxLooked):]
		for _, hit := range hits {
			if !hit.Added.After(wish.Since) && !slices.Contains(wish.Seen, hit.Hash) {
				wish.Seen = append(wish.Seen, hit.Hash)
			}
		}
		return true
	})
}

// fulfil notes that something fits a wish, unless that is known.
func (w *Wishes) fulfil(number uint64, hit netproto.Hit) {
	if w.config.Offered(hit.Hash) {
		return
	}
	found := library.Found{Hash: hit.Hash, Name: hit.Name, Size: hit.Size, Folder: hit.Folder, At: time.Now(), New: true}
	wish, fresh := w.change(number, func(wish *library.Wish) bool {
		if slices.Contains(wish.Seen, hit.Hash) || !wish.Hash.IsZero() && wish.Hash != hit.Hash {
			return false
		}
		wish.Seen = append(wish.Seen, hit.Hash)
		wish.Found = append([]library.Found{found}, wish.Found[:min(len(wish.Found), maxFound-1)]...)
		if !wish.Hash.IsZero() && wish.Name == "" {
			wish.Name = hit.Name
		}
		return true
	})
	if !fresh {
		return
	}
	if wish.Download && wish.FoundSince(found.At.Add(-24*time.Hour)) <= maxFetched {
		if err := w.config.Download(wish, found); err != nil {
			w.config.Log.Warn("what fits a wish is not downloaded", "error", err)
		}
	}
	w.config.Notify()
}

// change changes a copy of a wish and keeps it.
func (w *Wishes) change(number uint64, do func(*library.Wish) bool) (changed library.Wish, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.wishes, func(o library.Wish) bool { return o.Number == number })
	if i < 0 {
		return changed, false
	}
	changed = w.wishes[i]
	changed.Seen = slices.Clone(changed.Seen)
	if !do(&changed) {
		return changed, false
	}
	if more := len(changed.Seen) - maxSeen; more > 0 {
		changed.Seen = slices.Delete(changed.Seen, 0, more)
	}
	if _, err := w.config.Library.SaveWish(changed); err != nil {
		w.config.Log.Warn("what fits a wish is not remembered", "error", err)
	}
	w.wishes[i] = changed
	return changed, true
}
