//go:build cgo && !headless

package main

import (
	"cmp"
	"context"

	"centralizedp2p/app/desktop"
	"centralizedp2p/app/face"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// elsewhere are the peers that this program was paired with.
type elsewhere struct {
	id   *identity.Identity
	book *remote.Book
	name func() string // of this peer, as the others show it
}

// Peers implements [desktop.Elsewhere].
func (e *elsewhere) Peers() []desktop.Peer {
	var peers []desktop.Peer
	for _, p := range e.book.List() {
		peers = append(peers, desktop.Peer{Key: p.Key, Name: cmp.Or(p.Name, p.Address), Address: p.Address})
	}
	return peers
}

// Pair implements [desktop.Elsewhere].
func (e *elsewhere) Pair(ctx context.Context, address, code, name string) (desktop.Peer, error) {
	paired, err := remote.Pair(ctx, e.id, address, code, e.name())
	if err != nil {
		return desktop.Peer{}, err
	}
	paired.Name = cmp.Or(name, paired.Address)
	return desktop.Peer{Key: paired.Key, Name: paired.Name, Address: paired.Address}, e.book.Add(paired)
}

// Forget implements [desktop.Elsewhere].
func (e *elsewhere) Forget(_ context.Context, key netproto.Fingerprint) error {
	return e.book.Remove(key)
}

// Drive implements [desktop.Elsewhere].
func (e *elsewhere) Drive(peer desktop.Peer) (engine face.Engine, end func() error) {
	client := remote.NewFar(e.id, remote.Paired{Key: peer.Key, Name: peer.Name, Address: peer.Address})
	return client, client.Close
}
