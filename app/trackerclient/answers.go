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
}

// response returns what of the answer can be used.
func (a *searchAnswer) response() netproto.SearchResponse {
	r := netproto.SearchResponse{Next: a.Next}
	if len(r.Next) > netproto.MaxCursorBytes {
		r.Next = ""
	}
	r.Items = slices.DeleteFunc(a.Items.items, func(h netproto.Hit) bool { return !usable(h) })
	r.Suggestions = slices.DeleteFunc(a.Suggestions.items, func(name string) bool { return netproto.CheckName(name) != nil })
	return r
}

// resourceAnswer is a netproto.ResourceResponse on its way in.
type resourceAnswer struct {
	netproto.Hit
	Names list[string] `json:"names"`
}

// sourceOf returns what of a source can be used; an address without a host gets the
// tracker's.
func sourceOf(s netproto.Source, host string) netproto.Source {
	s.Name = netproto.Cut(s.Name, netproto.MaxPeerName)
	s.Addresses = s.Addresses[:min(len(s.Addresses), maxAddresses)]
	addresses := make([]string, 0, len(s.Addresses))
	for _, a := range s.Addresses {
		literal := a
		port, own := strings.CutPrefix(a, ":")
		if own {
			a, literal = net.JoinHostPort(host, port), "127.0.0.1:"+port
		}
		if at, err := netip.ParseAddrPort(literal); err == nil && at.Port() != 0 {
			addresses = append(addresses, a)
		}
	}
	s.Addresses = addresses
	return s
}
