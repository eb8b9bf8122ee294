package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
)

// Two ports meet only once. So each further connection to a peer that was called is from a
// new port of the reader. The first one is there already: the reader says over it at which
// port it waits, and each side dials where it sees the other on it. No tracker has a part
// in that.
//
// It takes a router of the reader that shows the same port outside, as most do, or lets
// everybody in. What came to nothing once is not tried again beside that connection.

// Port is a TCP port to listen at and to dial from.
type Port interface {
	net.Listener
	Number() int
	Dial(ctx context.Context, network, address string) (net.Conn, error)
}

var errAlone = errors.New("the routers let no further connection through")

// another makes one more connection beside one for which the peer was called.
func (l *Ladder) another(ctx context.Context, beside *session.Conn) (*session.Channel, error) {
	if beside.Alone.Load() {
		return nil, errAlone
	}
	at := beside.Remote()
	end, err := l.conns.BeginDial(beside.Key, at, session.Named{})
	if err != nil {
		return nil, err
	}
	port, err := l.config.Another(ctx)
	if err != nil {
		end(false)
		return nil, err
	}
	meeting, cancel := context.WithTimeout(ctx, l.config.Timing.Punch)
	defer cancel()
	defer context.AfterFunc(meeting, func() { port.Close() })()
	came := make(chan *session.Channel, 2)
	dial := func(ctx context.Context, address string) (net.Conn, error) { return port.Dial(ctx, "tcp", address) }
	go func() {
		ch, _ := l.redial(meeting, meeting, dial, at, beside.Key, session.Client) // why is said by errAlone
		came <- ch
	}()
	go func() { came <- l.acceptAt(meeting, port, beside.Key) }()
	beside.Send(netproto.Meet{Port: uint16(port.Number())})
	var met *session.Channel
	for range cap(came) {
		switch ch := <-came; {
		case ch == nil:
		case met == nil:
			met = ch
			cancel()
		default:
			ch.Close()
		}
	}
	port.Close()
	end(met != nil)
	if met != nil {
		return met, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	beside.Alone.Store(true)
	return nil, errAlone
}

// acceptAt shakes hands with what comes in at a port until that is the peer with the key,
// or the port is closed.
func (l *Ladder) acceptAt(ctx context.Context, port Port, key netproto.PublicKey) *session.Channel {
	for {
		raw, err := port.Accept()
		if err != nil {
			return nil
		}
		if ch, err := l.conns.Secure(ctx, raw, key, session.Client, session.WayCalled); err == nil {
			return ch
		}
	}
}

// Meet dials a peer that asks for one more connection, for as long as a call. It is for
// those that this one met by a call and that read something here, and counts among what
// peers that ring may do. It does not wait.
func (l *Ladder) Meet(c *session.Conn, port uint16) {
	at := netip.AddrPortFrom(c.Remote().Addr(), port)
	if c.Way != session.WayCalled || port < session.LowestPort || c.Alone.Load() || !c.Owner.Busy() || !l.config.Switches().Calls {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.meeting[c] >= maxBeside || !l.mayMeet() {
		return
	}
	begun := l.begin(func() {
		l.meetAt(c, at)
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.meeting[c]--; l.meeting[c] == 0 {
			delete(l.meeting, c)
		}
		l.met--
	})
	if begun {
		l.meeting[c]++
		l.met++
		l.rung++
	}
}

func (l *Ladder) meetAt(c *session.Conn, at netip.AddrPort) {
	end, err := l.conns.BeginDial(c.Key, at, session.Named{})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(l.ctx, l.config.Timing.Punch)
	defer cancel()
	expected := l.conns.Expect(c.Key, session.Server, []netip.AddrPort{at})
	defer expected.End()
	came, forget := l.conns.Await(c.Key)
	defer forget()
	ch, err := l.redial(ctx, ctx, l.config.DialFrom, at, c.Key, session.Server)
	if err == nil {
		_, err = l.conns.Keep(ctx, ch)
	}
	if err != nil {
		select {
		case <-came: // it came in at the port that is listened at
			err = nil
		default:
			c.Alone.Store(true)
		}
	}
	end(err == nil)
	l.config.Log.Debug("a peer asked for one more connection", "peer", c.ID, "error", err)
}
