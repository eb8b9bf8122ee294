package line

import (
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/netproto"
)

// ringOn reads the next ring of a line, and answers it.
func ringOn(t *testing.T, far net.Conn, result netproto.RingResult) netproto.Ring {
	t.Helper()
	for {
		f, err := netproto.ReadLineFrame(far)
		if err != nil {
			t.Error(err)
			return netproto.Ring{}
		}
		if f.Ring == nil {
			continue
		}
		raw, err := netproto.AppendLineFrame(nil, netproto.LineFrame{Answer: &netproto.RingAnswer{Call: f.Ring.Call, Result: result}})
		if err == nil {
			_, err = far.Write(raw)
		}
		if err != nil {
			t.Error(err)
		}
		return *f.Ring
	}
}

// A ring over a line that a router has forgotten is not lost: the peer is rung again once
// it has another line, if the call still lives, and once only.
func TestAPeerIsRungAgainOverItsNextLine(t *testing.T) {
	for name, c := range map[string]struct {
		back time.Duration // after the call
		want Result
		rung bool
	}{
		"at once":       {time.Second, ResultOK, true},
		"a bit later":   {5 * time.Second, ResultSilent, true},
		"much too late": {netproto.CallLife + time.Second, ResultSilent, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ls, end := running(t)
				defer end()
				calls := NewCalls(ls)
				dead := open(t, ls, 1, "198.51.100.7:4000")
				defer dead.Close()
				id := netproto.PeerIDOf((&netproto.PublicKey{1})[:])
				ring := netproto.Ring{Call: NewCallID(), Key: netproto.PublicKey{9}, Hash: netproto.ContentHash{7}}
				result := make(chan Result, 1)
				go func() { result <- calls.Ring(t.Context(), id, netip.MustParseAddr("198.51.100.9"), ring) }()
				if f, err := netproto.ReadLineFrame(dead); err != nil || f.Ring == nil { // what the router swallows
					t.Fatalf("%+v, %v", f, err)
				}
				time.Sleep(c.back)
				next := open(t, ls, 1, "198.51.100.7:4001")
				defer next.Close()
				if c.rung {
					if got := ringOn(t, next, netproto.RingOK); got.Call != ring.Call || got.Hash != ring.Hash {
						t.Errorf("%+v", got)
					}
				}
				if got := <-result; got != c.want {
					t.Errorf("the caller hears %s", got)
				}
				synctest.Wait() // for the answer
				third := open(t, ls, 1, "198.51.100.7:4002")
				defer third.Close()
				third.SetReadDeadline(time.Now().Add(netproto.LinePing / 2))
				if f, err := netproto.ReadLineFrame(third); err == nil {
					t.Errorf("over the third line comes %+v", f)
				}
			})
		})
	}
}
