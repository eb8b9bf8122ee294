package places

import (
	"net/netip"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// PeerOf checks what a peer says about itself. Its address is where its connection
// comes from, so nobody can send others anywhere else. An error is
// netproto.CodeInvalid.
func PeerOf(req netproto.JoinRequest, c origin.Caller) (store.Peer, error) {
	switch {
	case len(req.Name) > netproto.MaxPeerName:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "the name has %d bytes, %d are allowed", len(req.Name), netproto.MaxPeerName)
	case !utf8.ValidString(req.Name) || netproto.Printable(req.Name) != req.Name:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "the name has invisible characters")
	case req.Port < 1 || req.Port > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "port is from 1 to 65535, not %d", req.Port)
	case req.MappedPort < 0 || req.MappedPort > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "mapped_port is from 0 to 65535, not %d", req.MappedPort)
	case req.SeedPort < 0 || req.SeedPort > 65535:
		return store.Peer{}, netproto.Errorf(netproto.CodeInvalid, "seed_port is from 0 to 65535, not %d", req.SeedPort)
	}
	candidates, err := candidatesOf(req.Candidates)
	if err != nil {
		return store.Peer{}, err
	}
	return store.Peer{
		Key:        *c.Key,
		Name:       req.Name,
		Observed:   netip.AddrPortFrom(c.Addr, uint16(req.Port)),
		MappedPort: uint16(req.MappedPort),
		SeedPort:   uint16(req.SeedPort),
		Candidates: candidates,
		Unlisted:   req.Unlisted,
	}, nil
}

// candidatesOf reads the addresses that a peer has in its own network. It omits
// any that are not private, so a candidate never sends anybody to an address on
// the internet.
func candidatesOf(texts []string) ([]netip.AddrPort, error) {
	if len(texts) > netproto.MaxCandidates {
		return nil, netproto.Errorf(netproto.CodeInvalid, "there are %d candidates, %d are allowed", len(texts), netproto.MaxCandidates)
	}
	var list []netip.AddrPort
	for _, text := range texts {
		at, err := netip.ParseAddrPort(text)
		if err != nil || at.Port() == 0 {
			return nil, netproto.Errorf(netproto.CodeInvalid, "%q is not an ip:port", text)
		}
		if at.Addr().Zone() == "" && at.Addr().Unmap().IsPrivate() {
			list = append(list, netip.AddrPortFrom(at.Addr().Unmap(), at.Port()))
		}
	}
	return list, nil
}
