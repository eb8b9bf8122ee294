package portmap

import (
	"context"
	"encoding/binary"
	"log/slog"
	"maps"
	"net/netip"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

func TestAPortIsMappedInTheBestProtocolOfTheRouterAndGivenBack(t *testing.T) {
	cases := []struct {
		name  string
		speak func(*router)
		want  State
		list  map[int]string
	}{
		{"all three", func(r *router) { r.speakUPnP(); r.speakPMP(pmpSuccess); r.speakPCP(pcpSuccess, 0, 3600) },
			State{Verdict: Mapped, Protocol: PCP, ExternalPort: 6881}, map[int]string{6881: "PCP 3600"}},
		{"PCP, another port", func(r *router) { r.speakPCP(pcpSuccess, 7000, 3600) },
			State{Verdict: Mapped, Protocol: PCP, ExternalPort: 7000}, map[int]string{7000: "PCP 3600"}},
		{"NAT-PMP", func(r *router) { r.speakPMP(pmpSuccess) },
			State{Verdict: Mapped, Protocol: NATPMP, ExternalPort: 6881}, map[int]string{6881: "NAT-PMP 3600"}},
		{"UPnP", func(r *router) { r.speakUPnP() },
			State{Verdict: Mapped, Protocol: UPnP, ExternalPort: 6881}, map[int]string{6881: "UPnP 3600"}},
		{"UPnP, as PCP refuses", func(r *router) { r.speakUPnP(); r.speakPCP(2, 0, 0) },
			State{Verdict: Mapped, Protocol: UPnP, ExternalPort: 6881}, map[int]string{6881: "UPnP 3600"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			c.speak(r)
			n := r.network()
			if r.pcp == nil || r.pmp == nil {
				n = r.impatient()
			}
			m := keep(t, n, home)
			c.want.External = netip.AddrPortFrom(outside, uint16(c.want.ExternalPort))
			if got := until(t, m, decided); got != c.want {
				t.Errorf("state %+v, want %+v", got, c.want)
			}
			if got := r.list(); !maps.Equal(got, c.list) {
				t.Errorf("the router maps %v, want %v", got, c.list)
			}
			m.Close()
			if got := r.list(); len(got) != 0 {
				t.Errorf("after Close the router still maps %v", got)
			}
			if got := m.State(); got.ExternalPort != 0 {
				t.Errorf("after Close the state is %+v", got)
			}
		})
	}
}

func TestAPersonLearnsWhyTheRouterMapsNothing(t *testing.T) {
	cases := []struct {
		name  string
		speak func(*router)
		want  Reason
	}{
		{"silence", func(*router) {}, Silent},
		{"PCP refuses", func(r *router) { r.speakPCP(2, 0, 0) }, Refused},
		{"PCP of a carrier's customer", func(r *router) { r.speakPCP(pcpNetworkFailure, 0, 0) }, Shared},
		{"PCP grants port 0", func(r *router) { r.speakPCP(pcpSuccess, 0, 0) }, Failed},
		{"NAT-PMP refuses", func(r *router) { r.speakPMP(2) }, Refused},
		{"NAT-PMP of a carrier's customer", func(r *router) { r.speakPMP(pmpNetworkFailure) }, Shared},
		{"miniupnpd of a carrier's customer", func(r *router) {
			r.speakUPnP()
			r.speakPMP(pmpNetworkFailure)
			r.speakPCP(8, 0, 0)
			r.soap["GetExternalIPAddress"] = func(map[string]string) (int, string) { return 501, "" }
		}, Shared},
		{"UPnP without an address", func(r *router) {
			r.speakUPnP()
			r.soap["GetExternalIPAddress"] = func(map[string]string) (int, string) {
				return 0, "<NewExternalIPAddress>0.0.0.0</NewExternalIPAddress>"
			}
		}, Shared},
		{"UPnP refuses", func(r *router) {
			r.speakUPnP()
			r.soap["AddPortMapping"] = func(map[string]string) (int, string) { return notAuthorized, "" }
		}, Refused},
		{"UPnP has no free port", func(r *router) {
			r.speakUPnP()
			r.soap["AddPortMapping"] = func(map[string]string) (int, string) { return conflict, "" }
		}, Taken},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			c.speak(r)
			if got := until(t, keep(t, r.impatient(), home), decided); got != (State{Verdict: Unmapped, Reason: c.want}) {
				t.Errorf("state %+v, want %s", got, c.want)
			}
		})
	}
}

func TestNobodyIsAskedWithoutARouterThatTranslates(t *testing.T) {
	public := netip.MustParseAddr("198.51.100.7")
	for want, route := range map[Reason][]Route{
		NoRouter: nil,
		Public:   {{Own: public, Gateway: netip.MustParseAddr("198.51.100.1")}},
	} {
		r := newRouter(t)
		got := until(t, keep(t, r.network(), func() ([]Route, error) { return route, nil }), decided)
		if got != (State{Verdict: Unmapped, Reason: want}) {
			t.Errorf("state %+v, want %s", got, want)
		}
		if n := len(r.asked); n != 0 {
			t.Errorf("%s: %d requests", want, n)
		}
	}
	r := newRouter(t)
	routes := func() ([]Route, error) { return []Route{{Own: loopback, Gateway: public}}, nil }
	if got := until(t, keep(t, r.network(), routes), decided); got.Reason != NoRouter {
		t.Errorf("a router at a public address: %+v", got)
	}
}

func TestAMappingBehindAnotherRouterSaysSo(t *testing.T) {
	r := newRouter(t)
	r.speakUPnP()
	r.soap["GetExternalIPAddress"] = func(map[string]string) (int, string) {
		return 0, "<NewExternalIPAddress>100.64.0.11</NewExternalIPAddress>"
	}
	if got := until(t, keep(t, r.impatient(), home), decided); got.Verdict != Mapped || got.Reason != Shared {
		t.Errorf("state %+v", got)
	}
}

func TestALeaseIsRenewedInTimeAndAskedForAgainIfTheRouterForgot(t *testing.T) {
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 1) // a second
	m := keep(t, r.network(), home)
	until(t, m, decided)
	eventually(t, "the lease is not renewed", func() bool { return r.times("PCP") >= 3 })
	r.set(6881, "")
	eventually(t, "the mapping is not made again", func() bool { return r.list()[6881] != "" })
	if got := m.State(); got.Protocol != PCP {
		t.Errorf("state %+v", got)
	}
}

func TestRoutersThatKnowOnlyLeasesForEverGetThem(t *testing.T) {
	for _, code := range []int{onlyPermanent, invalidArgs} { // the second is what a Zyxel says
		t.Run(strconv.Itoa(code), func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			r.speakUPnP()
			add := r.soap["AddPortMapping"]
			r.soap["AddPortMapping"] = func(a map[string]string) (int, string) {
				if a["NewLeaseDuration"] != "0" {
					return code, ""
				}
				return add(a)
			}
			m := keep(t, r.impatient(), home)
			if got := until(t, m, decided); got.Verdict != Mapped || r.list()[6881] != "UPnP 0" {
				t.Errorf("state %+v, mappings %v", got, r.list())
			}
			m.Close()
			if len(r.list()) != 0 {
				t.Errorf("a mapping for ever stays: %v", r.list())
			}
		})
	}
}

func TestATakenPortGivesWayToAnother(t *testing.T) {
	r := newRouter(t)
	r.speakUPnP()
	add := r.soap["AddPortMapping"]
	r.soap["AddPortMapping"] = func(a map[string]string) (int, string) {
		if a["NewExternalPort"] == "6881" {
			return conflict, ""
		}
		return add(a)
	}
	m := keep(t, r.impatient(), home)
	got := until(t, m, decided)
	if got.Verdict != Mapped || got.ExternalPort == 6881 || r.list()[got.ExternalPort] == "" {
		t.Errorf("state %+v, mappings %v", got, r.list())
	}
	m.Refresh() // the same port again
	eventually(t, "it is not renewed", func() bool { return r.times("AddPortMapping") >= 3 })
	if again := m.State(); again != got || len(r.list()) != 1 {
		t.Errorf("renewed: state %+v, mappings %v", again, r.list())
	}
}

func TestAfterAChangeOfNetworkThePortIsMappedThere(t *testing.T) {
	second := netip.MustParseAddr("127.0.0.2")
	listen(t, second).Close() // or there is no second network here
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 3600)
	var moved atomic.Bool
	m := keep(t, r.network(), func() ([]Route, error) {
		if moved.Load() {
			return []Route{{Own: second, Gateway: loopback}}, nil
		}
		return home()
	})
	until(t, m, decided)
	moved.Store(true)
	m.Refresh()
	eventually(t, "the router is not asked again", func() bool { return r.times("PCP") >= 3 })
	if r.times("given back by 127.0.0.1") != 1 {
		t.Error("the old mapping is not given back")
	}
	m.Close()
	if r.times("given back by 127.0.0.2") != 1 {
		t.Error("the new mapping is not given back")
	}
}

func TestAnotherPortReplacesTheOneBeforeAndNoneIsMappedWhenSwitchedOff(t *testing.T) {
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 3600)
	m := keep(t, r.network(), home)
	until(t, m, decided)
	m.Map(6882)
	until(t, m, func(s State) bool { return s.ExternalPort == 6882 })
	if got := r.list(); len(got) != 1 || got[6882] == "" {
		t.Errorf("the router maps %v", got)
	}
	m.Map(0)
	if got := until(t, m, func(s State) bool { return s.Verdict == Off }); got != (State{Verdict: Off}) {
		t.Errorf("switched off: %+v", got)
	}
	if got := r.list(); len(got) != 0 {
		t.Errorf("switched off: the router maps %v", got)
	}
	asked := r.times("PCP")
	m.Refresh()
	m.Map(6883)
	until(t, m, decided)
	if got := r.times("PCP"); got != asked+1 {
		t.Errorf("%d requests while switched off", got-asked-1)
	}
}

func TestALeaseThatTheRouterDoesNotTakeBackIsMadeShort(t *testing.T) {
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 3600)
	speak := r.pcp
	r.pcp = func(b []byte) []byte {
		life := binary.BigEndian.Uint32(b[4:])
		a := speak(b)
		switch life {
		case 0:
			r.set(6881, "refused")
			a[3] = 2
		case 1:
			r.set(6881, "short")
		}
		return a
	}
	m := keep(t, r.network(), home)
	until(t, m, decided)
	m.Close()
	if got := r.list()[6881]; got != "short" {
		t.Errorf("the router has %q", got)
	}
}

func TestWhatWasUnderWayAtTheEndIsGivenBack(t *testing.T) {
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 3600)
	speak := r.pcp
	arrived := make(chan struct{}, 8)
	r.pcp = func(b []byte) []byte {
		speak(b)
		arrived <- struct{}{}
		return nil // the answer is lost
	}
	n := r.network()
	n.goodbye = 200 * time.Millisecond
	m := keep(t, n, home)
	<-arrived
	m.Close()
	if got := r.list(); len(got) != 0 {
		t.Errorf("the router still maps %v", got)
	}
}

func TestTheIPv6FirewallIsOpenedByUPnP(t *testing.T) {
	r := newRouter(t)
	r.speakUPnP()
	r.soap["AddPinhole"] = func(a map[string]string) (int, string) {
		if a["InternalClient"] != "2001:db8::5" || a["InternalPort"] != "6881" || a["Protocol"] != "6" {
			return invalidArgs, ""
		}
		r.set(6, "pinhole "+a["LeaseTime"])
		return 0, "<UniqueID>42</UniqueID>"
	}
	r.soap["DeletePinhole"] = func(a map[string]string) (int, string) {
		if a["UniqueID"] == "42" {
			r.set(6, "")
		}
		return 0, ""
	}
	r.soap["UpdatePinhole"] = func(a map[string]string) (int, string) { return 0, "" }
	m := keep(t, r.impatient(), func() ([]Route, error) {
		return []Route{{Own: loopback, Gateway: loopback}, {Own: netip.MustParseAddr("2001:db8::5"), Gateway: netip.MustParseAddr("fe80::1")}}, nil
	})
	if got := until(t, m, decided); got.Pinhole != UPnP || got.Protocol != UPnP || got.External.Addr() != outside {
		t.Errorf("state %+v", got)
	}
	if got := r.list(); got[6] != "pinhole 3600" {
		t.Errorf("the router has %v", got)
	}
	m.Refresh()
	eventually(t, "the pinhole is not renewed", func() bool { return r.times("UpdatePinhole") > 0 })
	m.Close()
	if got := r.list(); len(got) != 0 {
		t.Errorf("after Close the router has %v", got)
	}
}

func TestCloseDoesNotWaitForARouterThatHangs(t *testing.T) {
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 3600)
	var hang atomic.Bool
	speak := r.pcp
	r.pcp = func(b []byte) []byte {
		if hang.Load() {
			return nil
		}
		return speak(b)
	}
	n := r.network()
	n.goodbye = 50 * time.Millisecond // and patience is 20 s
	m := keep(t, n, home)
	until(t, m, decided)
	hang.Store(true)
	began := time.Now()
	m.Close()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("Close took %s", took)
	}
}

func TestTheEndOfTheContextGivesTheLeaseBack(t *testing.T) {
	r := newRouter(t)
	r.speakPCP(pcpSuccess, 0, 3600)
	ctx, cancel := context.WithCancel(t.Context())
	m := Keep(ctx, Options{Port: 6881, Log: slog.New(slog.DiscardHandler), Routes: home, network: r.network()})
	until(t, m, decided)
	cancel()
	for range m.Changed() { // closed in the end
	}
	if got := r.list(); len(got) != 0 {
		t.Errorf("the router still maps %v", got)
	}
}

func TestTheWaysOfThisComputerCanBeRead(t *testing.T) {
	routes, err := SystemRoutes()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if !r.Own.IsValid() || r.Gateway.IsValid() && r.Gateway.Is4() != r.Own.Is4() {
			t.Errorf("route %+v", r)
		}
	}
}
