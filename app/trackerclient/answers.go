package trackerclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"centralizedp2p/netproto"
)

// What a tracker answers is the word of a stranger: it is bounded in bytes and in
// number before it takes memory, and checked here, so that no other room has to.
const (
	searchBytes  = 512 << 10 // a page with the longest names takes a third of it
	sourcesBytes = 256 << 10
	namesBytes   = 1 << 20
	refusedBytes = 256 << 10 // of an announce
	otherBytes   = 64 << 10

	maxSources   = 100 // a tracker names no more
	maxAddresses = 16  // of one source
	maxNames     = 1000
)

// list is a JSON array of at most most elements.
type list[T any] struct {
	most  int
	cut   bool // more are ignored, and no error
	items []T
}

// UnmarshalJSON stops at the first element too many.
func (l *list[T]) UnmarshalJSON(raw []byte) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	switch begin, err := d.Token(); {
	case err != nil:
		return err
	case begin == nil: // null
		return nil
	case begin != json.Delim('['):
		return fmt.Errorf("a list belongs where %.20s stands", raw)
	}
	for d.More() {
		if len(l.items) == l.most && l.cut {
			return nil
		}
		if len(l.items) == l.most {
			return fmt.Errorf("a list has more than %d elements", l.most)
		}
		var item T
		if err := d.Decode(&item); err != nil {
			return err
		}
		l.items = append(l.items, item)
	}
	return nil
}

// usable tells whether a hit is one that peers could have announced.
func usable(h netproto.Hit) bool {
	return !h.Hash.IsZero() && netproto.CheckName(h.Name) == nil && h.Size >= 0 && h.Size <= netproto.MaxContentSize && h.Sources >= 0 &&
		len(h.MIME) <= netproto.MaxMIMEBytes
}

// searchAnswer is a netproto.SearchResponse on its way in.
type searchAnswer struct {
	Items       list[netproto.Hit] `json:"items"`
	Next        string             `json:"next"`
	Suggestions list[string]       `json:"suggestions"`
	Corrected   string             `json:"corrected"`
	Filtered    bool               `json:"filtered"`
}

// response returns what of the answer can be used.
func (a *searchAnswer) response() netproto.SearchResponse {
	r := netproto.SearchResponse{Next: a.Next, Filtered: a.Filtered}
	if len(a.Corrected) <= netproto.MaxQueryBytes {
		r.Corrected = netproto.Printable(a.Corrected)
	}
	if len(r.Next) > netproto.MaxCursorBytes {
		r.Next = ""
	}
	r.Items = slices.DeleteFunc(a.Items.items, func(h netproto.Hit) bool { return !usable(h) })
	r.Suggestions = slices.DeleteFunc(a.Suggestions.items, func(name string) bool { return netproto.CheckName(name) != nil })
	return r
}

// viewpoint is from where a tracker sees this peer, and this peer sees it.
type viewpoint struct {
	tracker  netip.Addr // the one that answered
	observed netip.Addr // of this peer, as the tracker says; invalid before it joined
}

// sourceOf returns what of a source can be used.
func (v viewpoint) sourceOf(s netproto.Source) netproto.Source {
	s.Name = netproto.Cut(s.Name, netproto.MaxPeerName)
	s.Addresses = v.dialable(s.Addresses)
	return s
}

// dialable returns the addresses that a tracker may name: IP literals with a port, each
// once. One without a host is at the tracker. A tracker that is not in the local network
// names addresses in it only of a peer that it sees behind the same public address as
// this one: otherwise it could have this peer dial into its own network.
func (v viewpoint) dialable(addresses []string) []string {
	var parsed []netip.AddrPort
	together := false
	for _, text := range addresses[:min(len(addresses), maxAddresses)] {
		if port, ok := strings.CutPrefix(text, ":"); ok && v.tracker.IsValid() {
			text = net.JoinHostPort(v.tracker.String(), port)
		}
		at, err := netip.ParseAddrPort(text)
		if err != nil || at.Port() == 0 {
			continue
		}
		at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
		together = together || at.Addr() == v.observed
		if !slices.Contains(parsed, at) {
			parsed = append(parsed, at)
		}
	}
	list := make([]string, 0, len(parsed))
	for _, at := range parsed {
		ip := at.Addr()
		if ip.IsUnspecified() || ip.IsMulticast() || isLocal(ip) && !isLocal(v.tracker) && (!together || !ip.IsPrivate()) {
			continue
		}
		list = append(list, at.String())
	}
	return list
}

// isLocal reports whether an address is of this computer or of the local network.
func isLocal(ip netip.Addr) bool {
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}
