package netproto

import "net/netip"

// Optional frames with which the peers of a swarm help each other. A peer that does
// not know them loses only time.
const (
	FramePeers    FrameType = 0x81 // 32 bytes hash | u16 TCP port of the sender, 0 = unknown | n × (32 bytes public key | u8 6 or 18 | IP address | u16 port)
	FrameFetching FrameType = 0x82 // u32 stream | n × u32 piece that the sender has requested from a whole source and will have soon
	FrameTurn     FrameType = 0x83 // u32 stream; the receiver waited in the queue and can send requests now
	FrameMeet     FrameType = 0x85 // u16 TCP port of the sender, at which it waits for one more connection
)

// Limits of the optional frames.
const (
	MaxSwarmPeers     = 50  // in one frame
	MaxFetchingPieces = 256 // in one frame
)

type (
	// Peers names other peers in the swarm of a content that one of the two sides
	// has open. A sender names only peers it is connected to, at the address where
	// it sees them and the port they gave.
	Peers struct {
		Hash  ContentHash
		Port  uint16
		Peers []SwarmPeer
	}
	// SwarmPeer is a peer as another one knows it. The address may be false; a
	// caller that dials it finds out by the key.
	SwarmPeer struct {
		Key     PublicKey
		Address netip.AddrPort
	}
	// Fetching names pieces that an unfinished owner has requested from a whole
	// source, so that others request different ones there.
	Fetching struct {
		Stream uint32
		Pieces []uint32
	}
	// Turn tells a reader in the queue that it can send requests now.
	Turn struct{ Stream uint32 }
	// Meet asks the owner for one more connection, where the routers of both let nobody
	// in. Both dial where they see the other on this connection: the sender from Port to
	// the port that it sees, the receiver from the port that it listens at to Port. The
	// sender is the client of TLS.
	Meet struct{ Port uint16 }
)

func (Peers) Type() FrameType    { return FramePeers }
func (Fetching) Type() FrameType { return FrameFetching }
func (Turn) Type() FrameType     { return FrameTurn }
func (Meet) Type() FrameType     { return FrameMeet }

func (f Peers) appendPayload(b []byte) []byte {
	b = be.AppendUint16(append(b, f.Hash[:]...), f.Port)
	for _, p := range f.Peers {
		b = append(b, p.Key[:]...)
		ip := p.Address.Addr().Unmap().AsSlice()
		b = append(append(b, byte(len(ip)+2)), ip...)
		b = be.AppendUint16(b, p.Address.Port())
	}
	return b
}

func (f Fetching) appendPayload(b []byte) []byte {
	return Update(f).appendPayload(b)
}

func (f Turn) appendPayload(b []byte) []byte { return be.AppendUint32(b, f.Stream) }
func (f Meet) appendPayload(b []byte) []byte { return be.AppendUint16(b, f.Port) }

// swarmPeerBytes is the length of the shortest SwarmPeer.
const swarmPeerBytes = 32 + 1 + 4 + 2

func (p *parser) peers() Peers {
	f := Peers{Hash: ContentHash(p.array32()), Port: p.u16()}
	if n := len(p.rest) / swarmPeerBytes; n > 0 {
		f.Peers = make([]SwarmPeer, 0, min(n, MaxSwarmPeers))
	}
	for len(p.rest) > 0 {
		if len(f.Peers) == MaxSwarmPeers {
			p.fail("more than %d peers", MaxSwarmPeers)
			break
		}
		f.Peers = append(f.Peers, SwarmPeer{Key: PublicKey(p.array32()), Address: p.address()})
	}
	return f
}

// address reads an address, which has one form only: IPv4 has 4 bytes.
func (p *parser) address() netip.AddrPort {
	n := int(p.u8())
	if n != 6 && n != 18 {
		p.fail("an address of %d bytes", n)
		return netip.AddrPort{}
	}
	ip, _ := netip.AddrFromSlice(p.take(n - 2))
	port := p.u16()
	if ip.Is4In6() || port == 0 {
		p.fail("the address %s with the port %d", ip, port)
	}
	return netip.AddrPortFrom(ip, port)
}

func (p *parser) fetching() Fetching {
	f := Fetching(p.update())
	if len(f.Pieces) > MaxFetchingPieces {
		p.fail("%d pieces are being fetched at once", len(f.Pieces))
	}
	return f
}

func (p *parser) meet() Meet {
	f := Meet{Port: p.u16()}
	if f.Port == 0 {
		p.fail("the port 0")
	}
	return f
}
