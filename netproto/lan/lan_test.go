package lan

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute // of every wait in a test

func attic(port uint16) Tracker {
	var print netproto.Fingerprint
	for i := range print {
		print[i] = byte(i + 1)
	}
	return Tracker{Name: "Attic „oben“", Fingerprint: print, Port: port}
}

// loopback returns a network within this computer, on a port that nobody else uses.
func loopback(t *testing.T) network {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	port := uint16(porttest.Free(t))
	for _, i := range all {
		if i.Flags&net.FlagLoopback != 0 {
			return network{
				group:      netip.AddrPortFrom(netip.MustParseAddr("224.0.0.251"), port),
				interfaces: func() ([]net.Interface, error) { return []net.Interface{i}, nil },
			}
		}
	}
	t.Fatal("there is no loopback interface")
	return network{}
}

// eventually browses until the list is the wanted one.
func (n network) eventually(t *testing.T, what string, wanted func([]Tracker) bool) {
	t.Helper()
	var list []Tracker
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		var err error
		list, err = n.browse(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if wanted(list) {
			return
		}
	}
	t.Fatalf("%s: %+v", what, list)
}

func TestATrackerIsFoundInTheLocalNetworkUntilItStops(t *testing.T) {
	n := loopback(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- n.announce(ctx, attic(5000)) }()
	want := attic(5000)
	want.Address = netip.MustParseAddr("127.0.0.1")
	n.eventually(t, "the tracker is not found", func(list []Tracker) bool { return len(list) == 1 && list[0] == want })
	if got := want.Link(); got.Tracker != "127.0.0.1:5000" || got.Fingerprint != want.Fingerprint || !got.IsTracker() {
		t.Errorf("%+v", got)
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("it does not stop")
	}
	n.eventually(t, "a tracker that stopped is found", func(list []Tracker) bool { return len(list) == 0 })
}

func TestWhoBrowsesHearsNobodyButTrackers(t *testing.T) {
	list := []Tracker{}
	from := netip.MustParseAddr("192.168.1.4")
	here, err := announcement(attic(5000), []netip.Addr{from}, false)
	if err != nil {
		t.Fatal(err)
	}
	gone, err := announcement(attic(5000), nil, true)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := announcement(attic(5001), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	list = merge(list, here, from)
	if len(list) != 1 || list[0].Address != from || list[0].Port != 5000 {
		t.Fatalf("%+v", list)
	}
	for name, packet := range map[string][]byte{"a question": question(), "nothing": nil, "half of it": here[:len(here)/2], "noise": bytes.Repeat([]byte{7}, 100)} {
		if got := merge(nil, packet, from); len(got) != 0 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := merge(nil, here, netip.MustParseAddr("8.8.8.8")); len(got) != 0 {
		t.Errorf("from the internet: %+v", got)
	}
	other := netip.MustParseAddr("192.168.1.66")
	if got := merge(slices.Clone(list), moved, other); len(got) != 2 || got[0] != list[0] || got[1].Address != other {
		t.Errorf("another computer moved it: %+v", got)
	}
	if got := merge(slices.Clone(list), gone, other); len(got) != 1 || got[0] != list[0] {
		t.Errorf("another computer withdrew it: %+v", got)
	}
	if got := merge(merge(nil, moved, other), here, from); len(got) != 2 || got[1].Address != from {
		t.Errorf("another computer was first: %+v", got)
	}
	claims := merge(nil, here, from)
	for n := range byte(20) {
		claims = merge(claims, here, netip.AddrFrom4([4]byte{192, 168, 2, n}))
	}
	if len(claims) != maxClaims || claims[0].Address != from {
		t.Errorf("many computers claim it: %+v", claims)
	}
	if list = merge(list, moved, from); len(list) != 1 || list[0].Port != 5001 {
		t.Errorf("it moved: %+v", list)
	}
	if list = merge(list, gone, from); len(list) != 0 {
		t.Errorf("it went: %+v", list)
	}
}

func TestATrackerAnswersThoseWhoAskForOne(t *testing.T) {
	if wanted, alone := asked(question()); !wanted || !alone {
		t.Error("our own question")
	}
	here, err := announcement(attic(1), nil, false)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(question(), []byte("_cp2p"), []byte("_http"), 1)
	for name, packet := range map[string][]byte{"an answer": here, "another question": other, "nothing": nil} {
		if wanted, _ := asked(packet); wanted {
			t.Errorf("%s is answered", name)
		}
	}
}

func TestALongNameIsCutBetweenLetters(t *testing.T) {
	long := attic(1)
	long.Name = strings.Repeat("ü", 100) + "\u202e\n"
	packet, err := announcement(long, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	found, err := heard(packet)
	if err != nil || len(found) != 1 || found[0].Name != strings.Repeat("ü", 31) {
		t.Errorf("%+v, %v", found, err)
	}
}

// Whatever arrives, a tracker in it can be shown and connected to.
func FuzzHeard(f *testing.F) {
	here, err := announcement(attic(5000), []netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("fd00::1")}, false)
	if err != nil {
		f.Fatal(err)
	}
	gone, err := announcement(attic(5000), nil, true)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{here, gone, question(), {}, here[:40]} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		asked(packet)
		found, err := heard(packet)
		if err != nil && found != nil || len(found) > maxInstances {
			t.Fatalf("%d found, %v", len(found), err)
		}
		for _, tr := range found {
			if tr.Fingerprint.IsZero() || len(tr.Name) > maxName || netproto.Printable(tr.Name) != tr.Name {
				t.Fatalf("%+v", tr)
			}
			if tr.Port == 0 {
				continue
			}
			again, err := announcement(tr, nil, false)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := heard(again); err != nil || len(back) != 1 || back[0] != tr {
				t.Fatalf("%+v came back as %+v, %v", tr, back, err)
			}
		}
	})
}
