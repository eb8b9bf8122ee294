package peer

import (
	"net/netip"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// ServeSeedClients says on which UDP port seed clients are answered, 0 when
// they are not. It counts from the next join on: call it before Trackers.Use.
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
	file, state, ok = e.Shares.File(hash)
	if !ok || state.Size > netproto.SeedMaxBytes {
		return "", piece.State{}, false
	}
	r, ok := e.Trackers.Holding(hash)
	if !ok || r.Name != name || r.Hidden {
		return "", piece.State{}, false
	}
	return file, state, true
}

// CountSeed counts bytes of the file that SeedFile found under a path, which a seed
// client at an address got.
func (e *Engine) CountSeed(path string, to netip.AddrPort, bytes int) {
	if hash, err := netproto.ParseContentHash(path); err == nil {
		e.Uploads.CountSeed(hash, to, bytes)
	}
}
