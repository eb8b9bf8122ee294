package peer

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

const (
	maxConns       = 512 // incoming, all peers
	maxConnsPerKey = 8   // both ways, one peer
	// maxConnsPerAddress bounds the incoming ones of an address; several people
	// may be behind it.
	maxConnsPerAddress = 64
	// dialHeadStart is what the first address of a peer gets before the next
	// is tried beside it (RFC 8305 §5: 250 ms).
	dialHeadStart = 250 * time.Millisecond
	// maxAddresses of one peer are tried, the likeliest first.
	maxAddresses = 8
	// banTime is how long a peer that sent a wrong piece is not spoken to.
	banTime = 24 * time.Hour
	// maxBanned bounds the memory of bans.
	maxBanned = 10_000
)

var errBanned = errors.New("this peer sent wrong bytes before")

// conns are the connections at work, by the key of the peer.
type conns struct {
	mu     sync.Mutex
	byKey  map[netproto.PublicKey][]*conn
	banned map[netproto.PublicKey]time.Time // until when
	dials  map[netproto.PublicKey]*dialling
}

// dialling is held while a connection to a peer is made, so that two downloads
// do not make two at once where one would do.
type dialling struct {
	turn  chan struct{} // of capacity 1
	users int           // who has it or waits for it
}

func newConns() *conns {
	return &conns{byKey: map[netproto.PublicKey][]*conn{}, banned: map[netproto.PublicKey]time.Time{}, dials: map[netproto.PublicKey]*dialling{}}
}

func (cs *conns) add(c *conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.byKey[c.key]) >= maxConnsPerKey {
		return false
	}
	cs.byKey[c.key] = append(cs.byKey[c.key], c)
	return true
}

func (cs *conns) remove(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	list := cs.byKey[c.key]
	for i, other := range list {
		if other == c {
			list = append(list[:i:i], list[i+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(cs.byKey, c.key)
		return
	}
	cs.byKey[c.key] = list
}

// of are the living connections to a peer.
func (cs *conns) of(key netproto.PublicKey) []*conn {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	var alive []*conn
	for _, c := range cs.byKey[key] {
		if c.alive() {
			alive = append(alive, c)
		}
	}
	return alive
}

// dialling waits for the turn to dial a peer; done gives it back.
func (cs *conns) dialling(ctx context.Context, key netproto.PublicKey) (done func(), err error) {
	cs.mu.Lock()
	d := cs.dials[key]
	if d == nil {
		d = &dialling{turn: make(chan struct{}, 1)}
		cs.dials[key] = d
	}
	d.users++
	cs.mu.Unlock()
	leave := func() {
		cs.mu.Lock()
		defer cs.mu.Unlock()
		if d.users--; d.users == 0 {
			delete(cs.dials, key)
		}
	}
	select {
	case d.turn <- struct{}{}:
		return func() { <-d.turn; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// ban ends every connection to a peer that sent wrong bytes.
func (cs *conns) ban(key netproto.PublicKey, why error) {
	now := time.Now()
	cs.mu.Lock()
	if len(cs.banned) >= maxBanned {
		for k := range cs.banned { // any: who made so many will not come back under each
			delete(cs.banned, k)
			break
		}
	}
	cs.banned[key] = now.Add(banTime)
	list := append([]*conn(nil), cs.byKey[key]...)
	cs.mu.Unlock()
	for _, c := range list {
		c.close(why)
	}
}

func (cs *conns) isBanned(key netproto.PublicKey) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	until, ok := cs.banned[key]
	if ok && time.Now().After(until) {
		delete(cs.banned, key)
		return false
	}
	return ok
}

func (e *Engine) refuseBanned(key ed25519.PublicKey) error {
	if e.conns.isBanned(netproto.PublicKey(key)) {
		return errBanned
	}
	return nil
}

// connect gives the index-th connection to a source, counted from 0; it makes
// one where there are fewer.
func (e *Engine) connect(ctx context.Context, src netproto.Source, index int) (*conn, error) {
	if err := e.refuseBanned(src.Key[:]); err != nil {
		return nil, err
	}
	done, err := e.conns.dialling(ctx, src.Key)
	if err != nil {
		return nil, err
	}
	defer done()
	if have := e.conns.of(src.Key); index < len(have) {
		return have[index], nil
	}
	ctx, stop := e.untilRenewed(ctx)
	defer stop()
	t, err := e.dial(ctx, src)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "%w", err)
	}
	c, r, err := e.shake(ctx, t)
	if err != nil {
		t.NetConn().Close()
		return nil, netproto.Errorf(netproto.CodePeerUnreachable, "%w", err)
	}
	c.dialled = true
	if !e.conns.add(c) {
		t.NetConn().Close()
		return nil, netproto.Errorf(netproto.CodeBusy, "%s", c.address())
	}
	begun := e.begin(func() {
		defer e.conns.remove(c)
		err := c.run(e.ctx, r)
		e.log.Debug("connection ended", "peer", c.address(), "error", err)
	})
	if !begun {
		e.conns.remove(c)
		t.NetConn().Close()
		return nil, context.Canceled
	}
	return c, nil
}

// dial tries the addresses of a source, each a moment after the one before,
// and keeps the first that answers with the right key.
func (e *Engine) dial(ctx context.Context, src netproto.Source) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timing.handshake)
	defer cancel()
	addresses := dialable(src.Addresses)
	if len(addresses) == 0 {
		return nil, errors.New("the tracker knows no address of it")
	}
	config := e.identity.ClientTLS(netproto.ALPN, func(key ed25519.PublicKey) error {
		if netproto.PublicKey(key) != src.Key {
			return errors.New("another peer answers at its address")
		}
		return nil
	})
	type result struct {
		conn *tls.Conn
		err  error
	}
	results := make(chan result, len(addresses))
	for i, address := range addresses {
		go func() {
			select {
			case <-ctx.Done():
				results <- result{err: ctx.Err()}
				return
			case <-time.After(time.Duration(i) * dialHeadStart):
			}
			raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
			if err != nil {
				results <- result{err: err}
				return
			}
			t := tls.Client(newWire(raw), config)
			if err := t.HandshakeContext(ctx); err != nil {
				raw.Close()
				results <- result{err: err}
				return
			}
			results <- result{conn: t}
		}()
	}
	var winner *tls.Conn
	var failed []error
	for range addresses { // every attempt ends: cancel makes the others give up
		r := <-results
		switch {
		case r.err != nil:
			failed = append(failed, r.err)
		case winner == nil:
			winner = r.conn
			cancel()
		default:
			r.conn.Close()
		}
	}
	if winner == nil {
		return nil, errors.Join(failed...)
	}
	return winner, nil
}

// dialable are the addresses that a peer can have; what else a tracker names
// is not dialled.
func dialable(addresses []string) []string {
	var list []string
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		if n, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil || n == 0 || host == "" {
			continue
		}
		// A name is that of the tracker's own computer: see Tracker.Sources.
		if ip, err := netip.ParseAddr(host); err == nil && !isUnicast(ip.Unmap()) {
			continue
		}
		if list = append(list, address); len(list) == maxAddresses {
			break
		}
	}
	return list
}

func isUnicast(ip netip.Addr) bool {
	return !ip.IsUnspecified() && !ip.IsMulticast() && ip != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// announcePiece tells all who read a download here that it has a piece more.
func (cs *conns) announcePiece(of content, index int) {
	cs.mu.Lock()
	var all []*conn
	for _, list := range cs.byKey {
		all = append(all, list...)
	}
	cs.mu.Unlock()
	for _, c := range all {
		c.announcePiece(of, index)
	}
}

// ban never speaks to a peer again for a day.
func (e *Engine) ban(key netproto.PublicKey, why error) { e.conns.ban(key, why) }
