package session

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// unanswered dials an address for a new key, which does not answer, and reports whether
// it was dialled.
func unanswered(d *Dials, key byte, at string, now time.Time) bool {
	end, err := d.Begin(netproto.PublicKey{key}, netip.MustParseAddrPort(at), Named{}, now)
	if err == nil {
		end(false)
	}
	return err == nil
}

func TestFewDialsWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var d Dials
	for _, never := range []string{"192.0.2.1:1023", "192.0.2.1:80", "192.0.2.1:0", "0.0.0.0:5000", "224.0.0.1:5000", "255.255.255.255:5000", "[ff02::1]:5000"} {
		if unanswered(&d, 1, never, now) || d.Hears(netip.MustParseAddrPort(never), now) {
			t.Errorf("%s was dialled", never)
		}
	}
	count := func(address func(i int) string) int {
		n := 0
		for i := range 1000 {
			if unanswered(&d, byte(i), address(i), now) {
				n++
			}
		}
		return n
	}
	if n := count(func(i int) string { return fmt.Sprintf("192.0.2.1:%d", 2000+i) }); n != 4 {
		t.Errorf("%d ports of one address were dialled", n)
	}
	if d.Hears(netip.MustParseAddrPort("192.0.2.1:7000"), now) {
		t.Error("the address is remembered when a peer names it")
	}
	if n := count(func(i int) string { return fmt.Sprintf("[2001:db8::%x]:5000", i+1) }); n != 4 {
		t.Errorf("%d addresses of one network were dialled", n)
	}
	if n := count(func(int) string { return "192.168.1.7:5000" }); n != 4 {
		t.Errorf("one port in the local network was dialled %d times", n)
	}
	if n := count(func(i int) string { return fmt.Sprintf("198.51.%d.%d:5000", i/250, i%250) }); n != 60-12 {
		t.Errorf("%d addresses were dialled in the rest of a minute", n)
	}
	if d.Open(Named{}, now) {
		t.Error("it says that more may be dialled")
	}
	now = now.Add(2 * time.Minute)
	for i := range 48 {
		if unanswered(&d, 1, fmt.Sprintf("198.51.%d.%d:5000", i/250, i%250), now) != (i < 30) {
			t.Errorf("of those without an answer %d were dialled again in a minute", i)
			break
		}
	}
	if unanswered(&d, 1, "192.0.2.1:2000", now) {
		t.Error("the first address was dialled again after two minutes")
	}
	if !unanswered(&d, 1, "192.168.1.8:5000", now) {
		t.Error("a new address is not dialled")
	}
	now = now.Add(10 * time.Minute)
	if !unanswered(&d, 1, "192.0.2.1:2000", now) {
		t.Error("the first address was not dialled again after ten minutes")
	}
}

func TestWhereTheRightKeyAnsweredItIsAlwaysDialled(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var d Dials
	here := netip.MustParseAddrPort("192.0.2.1:5000")
	for i := range 500 { // as many peers as there are behind one address
		end, err := d.Begin(netproto.PublicKey{byte(i), byte(i >> 8)}, netip.AddrPortFrom(here.Addr(), uint16(5000+i)), Named{}, now)
		if err != nil {
			t.Fatalf("the %d-th was not dialled: %v", i, err)
		}
		end(true)
	}
	for range 10 {
		unanswered(&d, 200, "192.0.2.1:9000", now)
	}
	for range 10 { // it is only away for a moment
		if end, err := d.Begin(netproto.PublicKey{}, here, Named{}, now); err != nil {
			t.Fatal(err)
		} else {
			end(false)
		}
	}
	if unanswered(&d, 1, here.String(), now) {
		t.Error("another key is looked for at its address all the same")
	}
	d.Renew()
	if !unanswered(&d, 1, here.String(), now) {
		t.Error("after a change of the network it is not dialled")
	}
}

func TestAnAddressIsDialledOnceAtATime(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var d Dials
	at := netip.MustParseAddrPort("127.0.0.1:5000")
	end, err := d.Begin(netproto.PublicKey{1}, at, Named{}, now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Begin(netproto.PublicKey{2}, at, Named{}, now); !errors.Is(err, ErrLater) {
		t.Errorf("the second says %v", err)
	}
	end(true)
	if _, err := d.Begin(netproto.PublicKey{2}, at, Named{}, now); err != nil {
		t.Error(err)
	}
}

// What names many addresses leaves dials to what another tracker names, and to other
// contents.
func TestWhoNamesManyAddressesLeavesDialsToOthers(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var d Dials
	next := 0
	dials := func(named Named, most int) (n int) {
		for range most {
			next++
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(next / 250), byte(next % 250)}), 5000)
			if end, err := d.Begin(netproto.PublicKey{1}, at, named, now); err == nil {
				end(false)
				n++
			} else if !errors.Is(err, ErrBudget) {
				t.Fatal(err)
			}
		}
		return n
	}
	content, other := netproto.ContentHash{1}, netproto.ContentHash{2}
	liar := Named{[]string{"liar:5000"}, content}
	if n := dials(liar, 99); n != 45 {
		t.Errorf("for one content, %d of a tracker's addresses were dialled", n)
	}
	if n := dials(Named{[]string{"liar:5000"}, other}, 99); n != 15 {
		t.Errorf("for another content, %d were dialled", n)
	}
	honest := Named{[]string{"honest:5000"}, content}
	if d.Open(liar, now) || !d.Open(honest, now) {
		t.Error("it says wrongly for whom there are dials")
	}
	if n := dials(honest, 99); n != 6 {
		t.Errorf("%d addresses of another tracker were dialled", n)
	}
	if n := dials(Named{[]string{"liar:5000", "late:5000"}, content}, 1); n != 1 {
		t.Error("what two trackers name is dialled only as what the worse of them names")
	}
	now, next = now.Add(2*time.Minute), 0
	if n := dials(liar, 45); n != 30 {
		t.Errorf("in the next minute %d were dialled again", n)
	}
	if next = 0; dials(honest, 1) != 1 {
		t.Error("then nothing of another tracker was dialled")
	}
}

// However many trackers name addresses where nobody answers, what another one names
// is dialled in the same minute, the more of it the fewer they are.
func TestTrackersShareWhatIsLeftOfAMinute(t *testing.T) {
	t.Parallel()
	for _, trial := range []struct{ liars, least int }{{1, 6}, {4, 3}, {8, 1}, {40, 1}} {
		now := time.Now()
		var d Dials
		next := 0
		dialled := func(tracker string) bool {
			next++
			at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(next / 250), byte(next % 250)}), 5000)
			end, err := d.Begin(netproto.PublicKey{1}, at, Named{[]string{tracker}, netproto.ContentHash{byte(next % 2)}}, now)
			if err == nil {
				end(false)
			}
			return err == nil
		}
		all := 0
		for range 100 {
			for liar := range trial.liars {
				if dialled(fmt.Sprintf("liar %d:5000", liar)) {
					all++
				}
			}
		}
		honest := 0
		for range 10 {
			if dialled("honest:5000") {
				honest++
			}
		}
		if honest < trial.least {
			t.Errorf("beside %d trackers, %d addresses of an honest one were dialled, want %d", trial.liars, honest, trial.least)
		}
		if most := dialsPerMinute + extraPerMinute; all > most+trial.liars || all+honest > most+trial.liars+1 {
			t.Errorf("%d trackers had %d addresses dialled, and then %d", trial.liars, all, honest)
		}
	}
}

// A tracker that names the address of an honest peer for keys that are not there does
// not keep what another one names from it, and a victim is dialled once more for each.
func TestAnAddressThatOneTrackerSpentIsDialledForAnother(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var d Dials
	at := netip.MustParseAddrPort("192.0.2.1:5000")
	dials := func(most int, trackers ...string) (n int) {
		for i := range most {
			if end, err := d.Begin(netproto.PublicKey{byte(i), byte(len(trackers))}, at, Named{Trackers: trackers}, now); err == nil {
				end(false)
				n++
			} else if !errors.Is(err, ErrLater) {
				t.Fatal(err)
			}
		}
		return n
	}
	if n := dials(9, "liar:5000"); n != dialsPerAddress {
		t.Errorf("for one tracker it was dialled %d times", n)
	}
	if n := dials(9); n != 0 {
		t.Errorf("for nobody it was dialled %d times more", n)
	}
	if n := dials(9, "liar:5000", "honest:5000"); n != 1 {
		t.Errorf("for another tracker it was dialled %d times", n)
	}
	now = now.Add(2 * dialsTime)
	if n := dials(9, "liar:5000"); n != dialsPerAddress {
		t.Errorf("much later it was dialled %d times", n)
	}
}
