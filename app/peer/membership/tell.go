package membership

import (
	"context"

	"centralizedp2p/netproto"
)

// What a tracker is told, and what is remembered of it until the next start.

// looked returns a channel that is closed when what the tracker says it holds can be
// compared with what this peer offers. It is nil if it was compared already: a tracker that
// holds nothing needs no wait, and a peer that runs for a while knows what it offers.
func (m *membership) looked(joined netproto.JoinResponse) <-chan struct{} {
	if joined.Count > 0 && m.config.Looked != nil {
		if looked := m.config.Looked(); looked != nil {
			return looked
		}
	}
	m.compare(joined)
	return nil
}

// compare takes what the tracker holds, and what it was told before.
func (m *membership) compare(joined netproto.JoinResponse) {
	if m.config.Told != nil {
		m.known = m.config.Told(m.tracker.Address())
	}
	m.page.compare(joined.Count, joined.Digest, m.known)
	m.config.Changed() // what it knows already is announced
}

// remember notes for the next start what the tracker knows, if it was told everything.
func (m *membership) remember() {
	if sum := m.page.known(); m.config.Remember != nil && sum != "" && sum != m.known {
		m.config.Remember(m.tracker.Address(), sum)
		m.known = sum
	}
}

// forget notes that the tracker will know something else than what is remembered.
func (m *membership) forget() {
	if m.known != "" {
		m.config.Remember(m.tracker.Address(), "")
		m.known = ""
	}
}

// tell announces and withdraws what changed, or announces everything if the tracker
// needs it, and reports whether there was anything to tell. With only, it tells no more
// than folders; folders reports that the tracker took not even these.
func (m *membership) tell(ctx context.Context, only bool) (some, folders bool, err error) {
	defer func() {
		m.page.settle()
		if some {
			m.config.Changed()
		}
	}()
	for ; ; some = true {
		n := m.page.next()
		if n.empty() || only && !n.folders {
			return some, false, nil
		}
		m.forget()
		var answer netproto.AnnounceResponse
		if len(n.announced) > 0 || n.reset {
			if answer, err = m.tracker.Announce(ctx, netproto.AnnounceRequest{Reset: n.reset, Resources: n.announced}); err != nil {
				return some, n.folders, err
			}
		}
		if len(n.withdrawn) > 0 {
			if err := m.tracker.Withdraw(ctx, n.withdrawn); err != nil {
				return some, n.folders, err
			}
		}
		m.page.told(n, answer.Refused)
		m.config.Changed()
	}
}
