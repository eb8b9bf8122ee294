package sharing

import "time"

// Looking returns a channel that is closed when each share has had a first look, so that
// all that needs no hashing is offered, but after [Timing].Look at the latest. It is nil if
// they have.
func (ss *Shares) Looking() <-chan struct{} {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if ss.looked() {
		return nil
	}
	if ss.looking == nil {
		mine := make(chan struct{})
		ss.looking = mine
		time.AfterFunc(ss.config.Timing.Look, func() {
			ss.mu.Lock()
			defer ss.mu.Unlock()
			if ss.looking == mine {
				close(mine)
				ss.looking = nil
			}
		})
	}
	return ss.looking
}

// looked reports whether each share has had a first look. The caller holds the lock.
func (ss *Shares) looked() bool {
	for _, d := range ss.due {
		if !d.known {
			return false
		}
	}
	return true
}

// found notes that a share has had its first look.
func (ss *Shares) found(s *share) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	if d := ss.due[s]; d != nil && !d.known {
		d.known = true
		ss.endLooking()
	}
}

// endLooking tells those that wait, if there is nothing more to wait for. The caller holds
// the lock.
func (ss *Shares) endLooking() {
	if ss.looking != nil && ss.looked() {
		close(ss.looking)
		ss.looking = nil
	}
}
