package reach

import (
	"context"
	"time"

	"centralizedp2p/app/peer/session"
)

// quietEvery is how often a relayed connection that was replaced is looked at, to end
// it once nothing is asked for on it.
const quietEvery = time.Second

// improve looks for a better way to a peer while a connection to it is relayed, and
// ends that connection when it is no longer needed.
func (l *Ladder) improve(c *session.Conn, to session.Target) {
	if c.Way != session.WayRelayed {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, already := l.improving[c]; already {
		return
	}
	if l.begin(func() { l.improveUntilEnd(c, to) }) {
		l.improving[c] = struct{}{}
	}
}

func (l *Ladder) improveUntilEnd(c *session.Conn, to session.Target) {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.improving, c)
	}()
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	for n := 0; ; n++ {
		again := l.config.Timing.Again
		renewed := l.conns.Renewed()
		timer := time.NewTimer(again[min(n, len(again)-1)])
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-c.Ended():
			timer.Stop()
			return
		case <-renewed:
			timer.Stop()
			n = -1
		case <-timer.C:
		}
		better, err := l.conns.Improve(ctx, to.Key, func(ctx context.Context) (*session.Channel, error) {
			return l.climb(ctx, to, climbing{call: true})
		})
		if err != nil {
			l.config.Log.Debug("a relayed peer was called again", "peer", to.PeerID, "error", err)
			continue
		}
		l.config.Log.Debug("a relayed peer was reached", "peer", to.PeerID, "way", better.Way)
		l.endWhenQuiet(ctx, c)
		return
	}
}

// endWhenQuiet ends a connection once neither side has anything open on it.
func (l *Ladder) endWhenQuiet(ctx context.Context, c *session.Conn) {
	look := time.NewTicker(quietEvery)
	defer look.Stop()
	for c.Busy() {
		select {
		case <-ctx.Done():
			return
		case <-c.Ended():
			return
		case <-look.C:
		}
	}
	c.Close(session.ErrImproved)
}
