package lan

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// asker sends questions to an address and counts what comes back to it.
type asker struct {
	*testing.T
	conn *net.UDPConn
}

func askFrom(t *testing.T, from string) asker {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(from)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return asker{t, conn}
}

func (a asker) ask(times int, to netip.AddrPort) (answered int) {
	a.Helper()
	buf := make([]byte, maxPacket)
	for range times {
		if _, err := a.conn.WriteToUDPAddrPort(question(), to); err != nil {
			a.Fatal(err)
		}
	}
	a.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	for {
		if _, err := a.conn.Read(buf); err != nil {
			return answered
		}
		answered++
	}
}

func TestATrackerAnswersOnlyTheGroupAndNotOften(t *testing.T) {
	n := loopback(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.announce(ctx, attic(5000)) }()
	defer func() {
		cancel()
		<-done
	}()
	n.eventually(t, "the tracker is not found", func(list []Tracker) bool { return len(list) == 1 })
	began := time.Now()
	most := func() int { return answersToOne * (2 + int(time.Since(began)/paceSpan)) }
	got := askFrom(t, "127.9.9.9").ask(200, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), n.group.Port()))
	if runtime.GOOS == "windows" && got > most() || runtime.GOOS != "windows" && got != 0 { // Windows does not say where a question was sent to
		t.Errorf("%d of 200 questions to the tracker alone were answered", got)
	}
	flood := askFrom(t, "127.0.0.1")
	loop, err := n.interfaces()
	if err != nil {
		t.Fatal(err)
	}
	if err := ipv4.NewPacketConn(flood.conn).SetMulticastInterface(&loop[0]); err != nil {
		t.Fatal(err)
	}
	began, got = time.Now(), 0
	for got == 0 && time.Since(began) < patience { // the search has used up answers
		got = flood.ask(1000, n.group)
	}
	if got == 0 || got > most() {
		t.Errorf("%d of 1000 questions to the group were answered, at most %d may be", got, most())
	}
}

func TestNobodyIsAnsweredTooOften(t *testing.T) {
	now := time.Now()
	p := newPace(func() time.Time { return now })
	given := map[netip.Addr]int{}
	all := 0
	for range 100 {
		for n := range byte(100) {
			if to := netip.AddrFrom4([4]byte{10, 0, 0, n}); p.allows(to) {
				given[to]++
				all++
			}
		}
	}
	if all != answersToAll || len(p.given) > answersToAll {
		t.Errorf("%d answers in one span, %d addresses remembered", all, len(p.given))
	}
	for to, times := range given {
		if times > answersToOne {
			t.Errorf("%s was answered %d times", to, times)
		}
	}
	now = now.Add(paceSpan)
	if !p.allows(netip.AddrFrom4([4]byte{10, 0, 0, 1})) {
		t.Error("nobody is answered any longer")
	}
}

func TestOnlyTheNetworkOfAnInterfaceIsWithin(t *testing.T) {
	networks := []net.Addr{&net.IPNet{IP: net.IPv4(192, 168, 1, 4), Mask: net.CIDRMask(24, 32)}, &net.IPNet{IP: net.ParseIP("fe80::1"), Mask: net.CIDRMask(64, 128)}}
	for text, want := range map[string]bool{"192.168.1.200": true, "192.168.2.1": false, "8.8.8.8": false, "127.0.0.1": false, "fe80::7": true} {
		if got := inNetwork(networks, netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
	for text, want := range map[string]bool{"10.1.2.3": true, "169.254.1.1": true, "203.0.113.5": false} {
		if got := isLocal(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
