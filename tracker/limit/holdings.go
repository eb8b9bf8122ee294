package limit

import (
	"container/list"
	"math"
	"net/netip"
	"sync"
)

// Holdings adds up how many resources the peers behind each source announced. An
// offline peer still counts, because the store still has what it announced. All
// methods are safe for concurrent use.
type Holdings[K comparable] struct {
	perSource int
	entries   int

	mu       sync.Mutex
	peers    map[K]*list.Element // of *holding[K]
	recent   list.List           // the most recent first
	bySource map[netip.Addr]int
}

type holding[K comparable] struct {
	peer   K
	source netip.Addr
	count  int
}

// NewHoldings allows perSource resources behind one source; 0 means no limit. It
// remembers at most entries peers.
func NewHoldings[K comparable](perSource, entries int) *Holdings[K] {
	return &Holdings[K]{perSource: perSource, entries: entries, peers: map[K]*list.Element{}, bySource: map[netip.Addr]int{}}
}

// Knows reports whether a peer was ever set and is still remembered.
func (h *Holdings[K]) Knows(peer K) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.peers[peer] != nil
}

// Count returns how many resources a peer holds, as far as is known.
func (h *Holdings[K]) Count(peer K) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.peers[peer]; at != nil {
		return at.Value.(*holding[K]).count
	}
	return 0
}

// Set records how many resources a peer holds and behind which source it is now.
func (h *Holdings[K]) Set(peer K, source netip.Addr, count int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set(peer, source, count)
}

// Add records that a peer may hold more resources. Any that it held before are
// counted twice until the next Set.
func (h *Holdings[K]) Add(peer K, source netip.Addr, more int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if at := h.peers[peer]; at != nil {
		more += at.Value.(*holding[K]).count
	}
	h.set(peer, source, more)
}

func (h *Holdings[K]) set(peer K, source netip.Addr, count int) {
	at := h.peers[peer]
	if at == nil {
		at = h.recent.PushFront(&holding[K]{peer: peer, source: source})
		h.peers[peer] = at
		if len(h.peers) > h.entries {
			oldest := h.recent.Remove(h.recent.Back()).(*holding[K])
			delete(h.peers, oldest.peer)
			h.shift(oldest.source, -oldest.count)
		}
	} else {
		h.recent.MoveToFront(at)
	}
	held := at.Value.(*holding[K])
	h.shift(held.source, -held.count)
	held.source, held.count = source, max(count, 0)
	h.shift(held.source, held.count)
}

func (h *Holdings[K]) shift(source netip.Addr, by int) {
	if h.bySource[source] += by; h.bySource[source] == 0 {
		delete(h.bySource, source)
	}
}

// Room returns how many resources a peer behind source may announce beyond what it
// and its neighbours hold. With replace, the peer's own holdings do not count,
// because the announce replaces them.
func (h *Holdings[K]) Room(peer K, source netip.Addr, replace bool) int {
	if h.perSource == 0 {
		return math.MaxInt
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.bySource[source]
	if at := h.peers[peer]; replace && at != nil && at.Value.(*holding[K]).source == source {
		held -= at.Value.(*holding[K]).count
	}
	return max(h.perSource-held, 0)
}
