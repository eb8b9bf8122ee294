package peer

import (
	"net/netip"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// ServeSeedClients says on which UDP port seed clients are answered, 0 when
// they are not. It counts from the next join on: call it before UseTracker.
func (e *Engine) ServeSeedClients(port int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seedPort = port
}

// SeedFile finds the file that a seed client may fetch under that path and
// name: a small one, whose path is its content hash (see netproto). It gives
// where the file is and the state that it was hashed in.
func (e *Engine) SeedFile(path, name string) (file string, state piece.State, ok bool) {
	hash, err := netproto.ParseContentHash(path)
	if err != nil {
		return "", piece.State{}, false
	}
	f := e.contents.shared(hash)
	if f == nil || f.state.Size > netproto.SeedMaxBytes {
		return "", piece.State{}, false
	}
	r, ok := e.membership().holding(hash)
	if !ok || r.Name != name {
		return "", piece.State{}, false
	}
	return f.path(), f.state, true
}

// seedName is how a peer that has no name is called.
const seedName = "Seed client"

// CountSeed is told that a seed client at that address got so many bytes of
// the file that SeedFile found under that path.
func (e *Engine) CountSeed(path string, to netip.AddrPort, bytes int) {
	hash, err := netproto.ParseContentHash(path)
	if err != nil {
		return
	}
	e.upMeter.add(bytes)
	e.shares.count(netproto.PublicKey{}, hash, bytes, true)
	e.uploads.addSeed(hash, to.Addr().Unmap().String(), int64(bytes))
	e.notify()
}

// addSeed shows what went to a seed client, which is all of the content, as an
// upload that has ended; the same content to the same address adds up.
func (us *uploads) addSeed(hash netproto.ContentHash, address string, bytes int64) {
	us.mu.Lock()
	key := uploadKey{hash: hash, address: address}
	u := us.byKey[key]
	if u == nil {
		u = us.begin(key, bytes)
		u.name, u.address = seedName, address
	}
	u.mu.Lock()
	u.sent += bytes
	u.ended = time.Now()
	u.mu.Unlock()
	us.mu.Unlock()
	us.end(u)
}
