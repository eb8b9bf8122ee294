package line

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// freeHost charges nothing.
type freeHost struct{}

func (freeHost) Charge(*Line, bool) (time.Duration, error) { return 0, nil }

func (freeHost) Beat(context.Context, *Line, netproto.HeartbeatRequest) (netproto.HeartbeatResponse, error) {
	return netproto.HeartbeatResponse{Status: netproto.HeartbeatOK}, nil
}

func (freeHost) Refused(context.Context, error) netproto.Problem { return netproto.Problem{} }

// running returns lines that are looked after until the test ends them.
func running(t *testing.T) (ls *Lines, end func()) {
	t.Helper()
	ls = New(freeHost{}, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ls.Run(ctx) }()
	return ls, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// open opens the line of a peer that is seen there, and returns the peer's end.
func open(t *testing.T, ls *Lines, key byte, at string) net.Conn {
	t.Helper()
	near, far := net.Pipe()
	seen := netip.MustParseAddrPort(at)
	ls.Open(near, nil, Owner{Key: netproto.PublicKey{key}, Seen: seen}, seen, false)
	if f, err := netproto.ReadLineFrame(far); err != nil || f.Seen == nil || f.Seen.Address != at {
		t.Fatalf("%+v, %v", f, err)
	}
	return far
}

func TestALineIsPingedAndClosedAfterSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls, end := running(t)
		defer end()
		far := open(t, ls, 1, "198.51.100.7:4000")
		began, last, pings := time.Now(), time.Now(), 0
		for {
			f, err := netproto.ReadLineFrame(far)
			if err != nil {
				break
			}
			if quiet := time.Since(last); f.Ping == nil || quiet > netproto.LinePing {
				t.Errorf("%+v after %s", f, quiet)
			}
			last, pings = time.Now(), pings+1
		}
		if stood := time.Since(began); stood < 3*netproto.LinePing || stood > 3*netproto.LinePing+netproto.LinePing/2 || pings < 3 {
			t.Errorf("it stood for %s, with %d pings", stood, pings)
		}
		synctest.Wait() // for its reader
		if ls.Len() != 0 || len(ls.of) != 0 {
			t.Errorf("%d lines", ls.Len())
		}
	})
}

func TestWhereThePeerIsSeenIsSaidFirst(t *testing.T) {
	ls, end := running(t)
	defer end()
	at := netip.MustParseAddrPort("198.51.100.7:4000")
	for range 200 {
		near, far := net.Pipe()
		owner := Owner{Key: netproto.PublicKey{1}, Seen: at}
		ls.Open(near, nil, owner, at, false)
		told := make(chan bool)
		go func() {
			told <- ls.Tell(netproto.PeerIDOf(owner.Key[:]), netproto.LineFrame{Note: &netproto.NotesWaiting{Waiting: 1}})
		}()
		first, err := netproto.ReadLineFrame(far)
		second, errSecond := netproto.ReadLineFrame(far)
		if err != nil || errSecond != nil || first.Seen == nil || second.Note == nil || !<-told {
			t.Fatalf("%+v, %v, and then %+v, %v", first, err, second, errSecond)
		}
	}
}

func TestALineThatIsSpokenOnStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls, end := running(t)
		far := open(t, ls, 1, "198.51.100.7:4000")
		go io.Copy(io.Discard, far)
		for range 60 {
			if _, err := far.Write(pingFrame); err != nil {
				t.Fatal(err)
			}
			time.Sleep(netproto.LinePing) // of the bubble's clock
		}
		if ls.Len() != 1 {
			t.Error("it has ended")
		}
		end()
		if ls.Len() != 0 {
			t.Error("it stands")
		}
	})
}

func TestAPeerThatReadsNothingHoldsUpNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls, end := running(t)
		defer end()
		var deaf []net.Conn
		for key := range byte(20) {
			deaf = append(deaf, open(t, ls, key, "198.51.100.7:4000"))
		}
		far := open(t, ls, 99, "198.51.100.9:4000")
		for range 4 {
			began := time.Now()
			for {
				f, err := netproto.ReadLineFrame(far)
				if err != nil {
					t.Fatal(err)
				}
				if f.Ping != nil {
					break
				}
			}
			if quiet := time.Since(began); quiet > netproto.LinePing {
				t.Errorf("a ping came after %s", quiet)
			}
			far.Write(pingFrame)
		}
		if ls.Len() != 1 {
			t.Errorf("%d lines stand, though a frame cannot be written to 20 of them", ls.Len())
		}
		for _, conn := range deaf {
			conn.Close()
		}
		far.Close()
	})
}

func TestOfAPeerOneLineOfEachFamilyStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls, end := running(t)
		defer end()
		four, six := open(t, ls, 1, "198.51.100.7:4000"), open(t, ls, 1, "[2001:db8::7]:4000")
		again := open(t, ls, 1, "198.51.100.8:5000")
		if _, err := four.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("the older one: %v", err)
		}
		synctest.Wait()
		id := netproto.PeerIDOf((&netproto.PublicKey{1})[:])
		if got := ls.Seen(id); len(got) != 2 || got[0].String() != "198.51.100.8:5000" || got[1].String() != "[2001:db8::7]:4000" || ls.Len() != 2 {
			t.Errorf("%v, %d lines", got, ls.Len())
		}
		for _, conn := range []net.Conn{six, again} {
			conn.Close()
		}
	})
}

func TestNoLineOpensOnceTheTrackerStops(t *testing.T) {
	ls, end := running(t)
	end()
	near, far := net.Pipe()
	if ls.Open(near, nil, Owner{Seen: netip.MustParseAddrPort("198.51.100.7:1")}, netip.AddrPort{}, false) {
		t.Error("it opened")
	}
	if _, err := far.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
