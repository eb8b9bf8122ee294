package sharing

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"centralizedp2p/app/ignore"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/flow"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/pulse"
)

const (
	// scansAtOnce is the number of shares that are scanned side by side; those
	// with much to hash take turns.
	scansAtOnce = 4
	// A folder that goes on changing is scanned for a small part of the time only:
	// a scan of one second is followed by ten of rest, and by twenty before the next
	// one that nothing asked for.
	restFactor   = 10
	rescanFactor = 20
	// patienceFactor times the rest of a file is how long a share may go on
	// changing before it is scanned all the same.
	patienceFactor = 15
)

// maxRemoved bounds how many taken-back shares can be brought back as they were.
const maxRemoved = 100

// New returns no shares yet; [Shares.Run] looks at them.
func New(config Config, settings library.Settings) *Shares {
	ss := &Shares{config: config, wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), due: map[*share]*due{}, surveys: map[string]*survey{}}
	ss.watcher.Limit = config.WatchLimit
	ss.apply(settings)
	return ss
}

// Apply takes over settings that are valid.
func (ss *Shares) Apply(settings library.Settings) {
	if ss.apply(settings) {
		for _, s := range ss.copies() {
			s.recheck()
		}
	}
}

// apply tells whether other things are ignored now.
func (ss *Shares) apply(s library.Settings) bool {
	ss.gentle.Store(s.GentleHashing)
	ss.mu.Lock()
	same := slices.Equal(ss.patterns, s.Ignore)
	ss.patterns = slices.Clone(s.Ignore)
	ss.mu.Unlock()
	if same {
		return false
	}
	patterns, err := ignore.Parse(s.Ignore)
	if err != nil { // the settings were validated
		ss.config.Log.Error("the ignore patterns cannot be used", "error", err)
		return false
	}
	ss.ignored.Store(patterns)
	return true
}

// everything notes that all shares that the library remembers are in the list.
func (ss *Shares) everything() {
	ss.mu.Lock()
	ss.all = true
	ss.mu.Unlock()
	ss.poke()
}

func (ss *Shares) copies() []*share {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return slices.Clone(ss.list)
}

// add begins a share, or finds the existing one. One that was taken back before comes
// back with its id and its counts. Of the options, it looks at who may have it and whether
// it is remembered.
func (ss *Shares) add(record library.Share, options Options) (*share, bool) {
	s, known := ss.enter(record, options)
	if known && options.Visible != nil {
		s.setVisible(*options.Visible, options.Count)
	}
	return s, known
}

func (ss *Shares) enter(record library.Share, options Options) (*share, bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	same := func(other *library.Share) bool { // reads only fields that never change, so share.mu is not needed
		return other.Path == record.Path && slices.Equal(other.Except, record.Except) &&
			slices.Equal(other.Allow, record.Allow) && other.AllowAll == record.AllowAll && other.Request == record.Request
	}
	for _, s := range ss.list {
		if same(&s.record) {
			return s, true
		}
	}
	if i := slices.IndexFunc(ss.removed, func(r library.Share) bool { return same(&r) }); i >= 0 {
		record = ss.removed[i]
		ss.removed = slices.Delete(ss.removed, i, i+1)
	}
	if options.Visible != nil {
		record.Visible = options.Visible.More(options.Count, record.Fetched)
	}
	s := &share{shares: ss, record: record, remember: options.Remember, state: StateWaiting, rate: &flow.Meter{},
		files: map[string]*sharedFile{}, leave: newLeaveOut(record, nil)}
	s.audience.Store(audienceOf(record, false))
	ss.list = append(ss.list, s)
	ss.due[s] = &due{}
	return s, false
}

func (ss *Shares) remove(s *share) {
	record := s.snapshot().Share
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.list = slices.DeleteFunc(ss.list, func(other *share) bool { return other == s })
	delete(ss.due, s)
	ss.endLooking()
	if ss.removed = append(ss.removed, record); len(ss.removed) > maxRemoved {
		ss.removed = ss.removed[1:]
	}
}

// forget keeps a share that was taken back from coming back: it goes on at another path,
// and its counts with it.
func (ss *Shares) forget(id string) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.removed = slices.DeleteFunc(ss.removed, func(r library.Share) bool { return r.ID == id })
}

func (ss *Shares) byID(id string) *share {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for _, s := range ss.list {
		if s.record.ID == id {
			return s
		}
	}
	return nil
}

// recheck asks for a scan of the share; it does not wait.
func (s *share) recheck() { s.shares.schedule(s, time.Now()) }

// schedule asks for a scan at a time, or earlier.
func (ss *Shares) schedule(s *share, when time.Time) {
	ss.mu.Lock()
	if d := ss.due[s]; d != nil && (d.when.IsZero() || when.Before(d.when)) {
		d.when = when
	}
	ss.mu.Unlock()
	ss.poke()
}

func (ss *Shares) poke() {
	select {
	case ss.wake <- struct{}{}:
	default:
	}
}

// stir asks for a scan when the share has come to rest, or has not for long.
func (ss *Shares) stir(s *share) {
	now, rest := time.Now(), ss.config.Timing.Rest
	ss.mu.Lock()
	defer ss.mu.Unlock()
	d := ss.due[s]
	if d == nil {
		return
	}
	asked := !d.when.IsZero() && d.first.IsZero() // for other reasons
	first := d.first
	if first.IsZero() {
		first = now
	}
	when := now.Add(rest)
	if latest := first.Add(patienceFactor * rest); when.After(latest) {
		when = latest
	}
	if earliest := d.ended.Add(restFactor * d.took); when.Before(earliest) {
		when = earliest
	}
	if asked && !when.Before(d.when) {
		return
	}
	d.first, d.when = first, when
	ss.poke()
}

// later asks for a scan after a rest.
func (ss *Shares) later(s *share) {
	ss.mu.Lock()
	wait := ss.config.Timing.Rest
	if d := ss.due[s]; d != nil {
		wait = max(wait, restFactor*d.took)
	}
	ss.mu.Unlock()
	ss.schedule(s, time.Now().Add(wait))
}

// next returns the share that has been due for longest, or for how long none is. Otherwise
// shares that are scanned again and again would keep a new one waiting.
func (ss *Shares) next() (*share, time.Duration) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	wait := ss.config.Timing.Rescan
	if ss.active >= scansAtOnce {
		return nil, wait
	}
	var first *share
	for _, s := range ss.list { // of those with the same time, the one that was added first
		d := ss.due[s]
		if d.when.IsZero() || d.busy {
			continue
		}
		if first == nil || d.when.Before(ss.due[first].when) {
			first = s
		}
	}
	if first == nil {
		return nil, wait
	}
	d := ss.due[first]
	if left := time.Until(d.when); left > 0 {
		return nil, min(wait, left)
	}
	d.when, d.first, d.busy = time.Time{}, time.Time{}, true
	ss.active++
	return first, 0
}

// Run looks at what is due, and at everything from time to time, until ctx ends.
func (ss *Shares) Run(ctx context.Context) error {
	defer ss.watcher.Close()
	defer ss.scans.Wait()
	rescan := pulse.NewTicker(ss.config.Timing.Rescan)
	defer rescan.Stop()
	for {
		if ss.unsaved.Swap(false) {
			ss.Save()
		}
		expiry := ss.endExpired(time.Now())
		s, wait := ss.next()
		wait = min(wait, expiry)
		if s != nil {
			ss.scans.Go(func() { ss.scan(ctx, s) })
			continue
		}
		ss.tidy(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ss.wake:
		case <-time.After(wait):
		case <-rescan.C:
			ss.Save()
			ss.dropSurveys()
			for _, s := range ss.copies() {
				s.dropOldLists(false)
			}
			ss.rescan()
		}
	}
}

// scan scans one share, which has a place among the active ones until it waits for
// its turn to hash.
func (ss *Shares) scan(ctx context.Context, s *share) {
	began := time.Now()
	s.scan(ctx)
	ss.found(s)
	ss.mu.Lock()
	if d := ss.due[s]; d != nil {
		d.busy, d.ended, d.took = false, time.Now(), time.Since(began)-d.hashing
		d.hashing = 0
	}
	ss.active--
	ss.mu.Unlock()
	ss.poke()
	ss.config.Step()
}

// rescan scans the shares about which the system may have said nothing.
func (ss *Shares) rescan() {
	ss.mu.Lock()
	var quiet []*share
	for s, d := range ss.due {
		if time.Since(d.ended) > rescanFactor*d.took {
			quiet = append(quiet, s)
		}
	}
	ss.mu.Unlock()
	for _, s := range quiet {
		s.recheck()
	}
}

// takeTurn waits until no other share has much to hash. Meanwhile others may be
// scanned in the place of this one.
func (ss *Shares) takeTurn(ctx context.Context, s *share) (done func(), err error) {
	began := time.Now()
	ss.step(-1)
	select {
	case ss.turn <- struct{}{}:
	case <-ctx.Done():
		ss.step(1)
		return nil, ctx.Err()
	}
	return func() {
		<-ss.turn
		ss.step(1)
		ss.mu.Lock()
		defer ss.mu.Unlock()
		if d := ss.due[s]; d != nil {
			d.hashing = time.Since(began)
		}
	}, nil
}

func (ss *Shares) step(n int) {
	ss.mu.Lock()
	ss.active += n
	ss.mu.Unlock()
	ss.poke()
}

// Save remembers the counters that changed.
func (ss *Shares) Save() {
	for _, s := range ss.copies() {
		s.mu.Lock()
		record, save := s.record, s.dirty && s.remember && !s.removed
		s.dirty = false
		s.mu.Unlock()
		if save {
			if err := ss.config.Library.SaveShare(record); err != nil {
				ss.config.Log.Error("remembering a share", "path", record.Path, "error", err)
			}
		}
	}
}

// spareFiles is how many files that are no longer found stay remembered at least:
// they may be on a disk that is not there now.
const spareFiles = 100_000

// tidy forgets what is no longer needed, once everything that the library remembers
// was scanned: hashes of files that are not shared, and outdated lists of folders.
func (ss *Shares) tidy(ctx context.Context) {
	ss.mu.Lock()
	ready := ss.all && !ss.tidied && ss.active == 0 && ctx.Err() == nil
	for _, d := range ss.due {
		ready = ready && !d.busy && !d.ended.IsZero()
	}
	ss.tidied = ss.tidied || ready
	removed := slices.Clone(ss.removed)
	ss.mu.Unlock()
	if !ready {
		return
	}
	list, spare := ss.copies(), spareFiles
	roots := map[string]bool{}
	for _, s := range list {
		s.offering.Lock()
		spare += len(s.files)
		s.offering.Unlock()
		roots[s.record.Path] = true
	}
	for _, r := range removed {
		roots[r.Path] = true
	}
	lib := ss.config.Library
	err := lib.ForgetFiles(ctx, func(f library.File) bool {
		if hash, err := netproto.ParseContentHash(filepath.Base(f.Path)); err == nil && f.Path == lib.FolderFile(hash) {
			return ss.Offered(hash)
		}
		if !below(roots, f.Path) {
			return false
		}
		if !ss.Offered(f.Hash) {
			spare--
		}
		return spare >= 0
	})
	if err == nil {
		err = lib.KeepFolderFiles(ss.Offered)
	}
	if err != nil && ctx.Err() == nil {
		ss.config.Log.Warn("what is no longer shared is not forgotten", "error", err)
	}
}

// below tells whether a path is one of the roots, or in one of them.
func below(roots map[string]bool, path string) bool {
	for !roots[path] {
		up := filepath.Dir(path)
		if up == path {
			return false
		}
		path = up
	}
	return true
}
