package localengine

import "sync"

// news tells watchers of changes that the peer engine knows nothing about.
type news struct {
	mu       sync.Mutex
	watchers map[chan struct{}]struct{}
}

// watch returns a channel that receives after a change, until end is called.
// Changes that nobody has received yet count as one.
func (n *news) watch() (changed <-chan struct{}, end func()) {
	c := make(chan struct{}, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.watchers == nil {
		n.watchers = map[chan struct{}]struct{}{}
	}
	n.watchers[c] = struct{}{}
	return c, func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		delete(n.watchers, c)
	}
}

// tell says that something changed. It never waits.
func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
