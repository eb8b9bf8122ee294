package server_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/netproto/porttest"
	"centralizedp2p/tracker/store"
)

// peerPort listens as a peer with that key does and returns its port.
func peerPort(t *testing.T, id *identity.Identity) int {
	t.Helper()
	ln, err := tls.Listen("tcp", "127.0.0.1:0", id.ServerTLS(netproto.ALPN, true, nil))
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.SetDeadline(time.Now().Add(patience))
			conn.(*tls.Conn).HandshakeContext(t.Context())
			conn.Close()
		}
	})
	t.Cleanup(func() { ln.Close(); group.Wait() })
	return ln.Addr().(*net.TCPAddr).Port
}

// reachable sends heartbeats until the tracker knows the answer.
func (c *client) reachable() netproto.Reachability {
	c.Helper()
	for deadline := time.Now().Add(patience); ; {
		var beat netproto.HeartbeatResponse
		c.call("POST", netproto.RouteHeartbeat, netproto.HeartbeatRequest{}, &beat)
		if beat.Reachable != netproto.ReachableUnknown || time.Now().After(deadline) {
			return beat.Reachable
		}
		<-time.After(50 * time.Millisecond) // within the rate of a key
	}
}

func TestATrackerSaysWhetherAPeerCanBeReached(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	port := peerPort(t, peer.id)
	if joined := peer.join(netproto.JoinRequest{Port: port}); joined.Reachable != netproto.ReachableUnknown {
		t.Errorf("before it was tried: %s", joined.Reachable)
	}
	if got := peer.reachable(); got != netproto.ReachableYes {
		t.Errorf("a peer that listens: %s", got)
	}
	if joined := peer.join(netproto.JoinRequest{Port: port}); joined.Reachable != netproto.ReachableYes {
		t.Errorf("when it joins again: %s", joined.Reachable)
	}
	if joined := peer.join(netproto.JoinRequest{Port: porttest.Free(t)}); joined.Reachable != netproto.ReachableUnknown {
		t.Errorf("with another port: %s", joined.Reachable)
	}
	if got := peer.reachable(); got != netproto.ReachableNo {
		t.Errorf("a peer that does not listen: %s", got)
	}
	impostor := tr.client("")
	impostor.join(netproto.JoinRequest{Port: port})
	if got := impostor.reachable(); got != netproto.ReachableNo {
		t.Errorf("a peer at whose address another answers: %s", got)
	}
}

func TestAPeerThatJoinedBeforeARestartIsAskedForWithItsHeartbeat(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	// The store knows this peer, but the server never saw it.
	known := store.Peer{Key: netproto.PublicKey(peer.id.Key()), Observed: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(peerPort(t, peer.id)))}
	if _, err := tr.store.Join(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	if got := peer.reachable(); got != netproto.ReachableYes {
		t.Errorf("%s", got)
	}
}

func TestAPeerThatMovedJoinsAgain(t *testing.T) {
	tr := startTracker(t, nil)
	before := tr.client("198.51.100.7")
	before.join(netproto.JoinRequest{Port: 4000})
	before.announce(file("a.txt"))
	after := tr.clientOf(before.id, "198.51.100.8")
	held := netproto.HeartbeatRequest{Count: 1, Digest: netproto.Digest(0).Toggle(hash("a.txt"))}
	var beat netproto.HeartbeatResponse
	after.call("POST", netproto.RouteHeartbeat, held, &beat)
	if beat.Status != netproto.HeartbeatJoin {
		t.Errorf("from another address: %+v", beat)
	}
	after.join(netproto.JoinRequest{Port: 4000})
	after.call("POST", netproto.RouteHeartbeat, held, &beat)
	if sources := tr.client("").sources("a.txt"); beat.Status != netproto.HeartbeatOK || len(sources) != 1 || sources[0].Addresses[0] != "198.51.100.8:4000" {
		t.Errorf("after it joined from there: %+v, %+v", beat, sources)
	}
}

func TestAPortThatSaysNothingIsGivenUpSoon(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	tr := startTracker(t, nil)
	peer := tr.client("")
	began := time.Now()
	peer.join(netproto.JoinRequest{Port: ln.Addr().(*net.TCPAddr).Port})
	if got := peer.reachable(); got != netproto.ReachableNo {
		t.Errorf("%s", got)
	}
	if took := time.Since(began); took > 20*time.Second { // it is 3 s, on a computer that has nothing else to do
		t.Errorf("it took %s", took)
	}
}

func TestATrackerDialsNothingButWhereAPeerWasSeen(t *testing.T) {
	tr := startTracker(t, nil)
	for _, c := range []struct {
		from string
		port int
		want bool
	}{
		{"198.51.100.7", 4000, true},
		{"198.51.100.8", 22, false}, // somebody's login
		{"198.51.100.9", 1023, false},
		{"192.168.1.7", 80, true},
		{"2001:db8::7", 4000, true},
		{"169.254.169.254", 4000, false},
		{"224.0.0.1", 4000, false},
		{"255.255.255.255", 4000, false},
		{"fe80::1", 4000, false},
		{"ff02::1", 4000, false},
	} {
		peer := tr.client(c.from)
		// The tracker ignores whatever else it claims.
		peer.join(netproto.JoinRequest{Port: c.port, SeedPort: 4001, Candidates: []string{"10.0.0.1:22", "127.0.0.1:4000"}})
		if c.want {
			peer.reachable()
		}
		at := netip.AddrPortFrom(netip.MustParseAddr(c.from), uint16(c.port)).String()
		if _, dialled := tr.seen.dialled.LoadAndDelete(at); dialled != c.want {
			t.Errorf("%s was dialled: %t", at, dialled)
		}
	}
	tr.seen.dialled.Range(func(at, _ any) bool {
		t.Errorf("%s was dialled", at)
		return true
	})
}

func TestOneAddressIsDialledSeldom(t *testing.T) {
	tr := startTracker(t, nil)
	const peers = 60
	began := time.Now()
	for i := range peers {
		tr.client("198.51.100.7").join(netproto.JoinRequest{Port: 4000 + i})
	}
	known := 0
	for deadline := time.Now().Add(patience); known < 32 && time.Now().Before(deadline); {
		known = 0
		tr.seen.dialled.Range(func(any, any) bool { known++; return true })
	}
	if most := 33 + int(time.Since(began)/time.Second); known < 32 || known > most { // one more each second
		t.Errorf("of %d peers at one address, all new, %d were dialled, at most %d may be", peers, known, most)
	}
}

func TestCandidatesAreForTheOwnNetworkOnly(t *testing.T) {
	tr := startTracker(t, nil)
	lan := []string{"192.168.1.7:4000"}
	peer := tr.client("198.51.100.7")
	peer.join(netproto.JoinRequest{Port: 4000, Candidates: append(lan, "8.8.8.8:53")})
	peer.announce(file("a.txt"))
	for from, want := range map[string]string{
		"198.51.100.7": "[198.51.100.7:4000 192.168.1.7:4000]",
		"198.51.100.8": "[198.51.100.7:4000]",
		"192.168.1.9":  "[198.51.100.7:4000]",
		"127.0.0.1":    "[198.51.100.7:4000]",
	} {
		sources := tr.client(from).sources("a.txt")
		if len(sources) != 1 || fmt.Sprint(sources[0].Addresses) != want {
			t.Errorf("from %s: %+v, want %s", from, sources, want)
		}
	}
}
