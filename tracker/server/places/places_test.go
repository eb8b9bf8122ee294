package places

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
)

// meeting is where two peers have lines to a tracker.
type meeting map[netproto.PublicKey]netip.AddrPort

// told returns all that both are told about each other, as a source and in a call, after
// they have joined with what they say.
func (m meeting) told(callee, caller netproto.JoinRequest) map[string][]string {
	ps := New(func(id netproto.PeerID) (seen []netip.AddrPort) {
		for key, at := range m {
			if netproto.PeerIDOf(key[:]) == id {
				seen = append(seen, at)
			}
		}
		return seen
	}, nil)
	told := map[string][]string{}
	for key, says := range map[netproto.PublicKey]netproto.JoinRequest{{1}: callee, {2}: caller} {
		peer, err := PeerOf(says, m.caller(key))
		if err != nil {
			continue // refused
		}
		v := ps.Viewer(m.caller(netproto.PublicKey{3 - key[0]}))
		told[fmt.Sprint("source ", key[0])] = ps.Source(peer, v)
		told[fmt.Sprint("call ", key[0])] = ps.Call(peer, v)
	}
	return told
}

func (m meeting) caller(key netproto.PublicKey) origin.Caller {
	return origin.Caller{Key: &key, ID: netproto.PeerIDOf(key[:]), Addr: m[key].Addr()}
}

// FuzzAddresses has a peer write whatever it wants. No address of it comes out, except
// private ones to its own network.
func FuzzAddresses(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","port":4000,"mapped_port":40000,"candidates":["203.0.113.1:80","192.168.1.7:22","[fd00::1]:1"]}`,
		`{"port":22,"mapped_port":80,"candidates":["8.8.8.8:53","127.0.0.1:1","169.254.169.254:80","[::ffff:203.0.113.1]:1"]}`,
		`{"port":65535,"candidates":["10.0.0.1:65535","255.255.255.255:1","[ff02::1]:1"],"addresses":["203.0.113.1:80"],"observed":"203.0.113.1:80"}`,
	} {
		f.Add(seed, seed)
	}
	seenAt := netip.MustParseAddr("198.51.100.7")
	meetings := map[netip.Addr]meeting{}
	for _, from := range []string{"198.51.100.8", "198.51.100.7", "2001:db8::8", "192.168.1.12"} {
		from := netip.MustParseAddr(from)
		meetings[from] = meeting{{1}: netip.AddrPortFrom(seenAt, 5555), {2}: netip.AddrPortFrom(from, 6666)}
	}
	f.Fuzz(func(t *testing.T, calleeSays, callerSays string) {
		var callee, caller netproto.JoinRequest
		if json.Unmarshal([]byte(calleeSays), &callee) != nil || json.Unmarshal([]byte(callerSays), &caller) != nil {
			return
		}
		for from, meeting := range meetings {
			for what, list := range meeting.told(callee, caller) {
				for _, text := range list {
					if strings.HasPrefix(text, ":") {
						continue // the tracker's own host
					}
					ip := netip.MustParseAddrPort(text).Addr()
					if ip != seenAt && ip != from && !(ip.IsPrivate() && from == seenAt) {
						t.Errorf("%s, the other one at %s: %s", what, from, text)
					}
				}
				if len(list) > netproto.MaxCallAddresses+2 {
					t.Errorf("%s: %d addresses", what, len(list))
				}
			}
		}
	})
}

func FuzzJoin(f *testing.F) {
	for _, seed := range []string{
		`{"name":"Alice","port":4000,"seed_port":4001,"candidates":["192.168.1.7:4000","[fd00::1]:1"]}`,
		`{"port":70000}`, `{"name":"\u202e","port":1}`, `{"port":1,"candidates":["[::ffff:10.0.0.1]:1","[fe80::1%25eth0]:1","8.8.8.8:1","x"]}`,
	} {
		f.Add([]byte(seed))
	}
	who := origin.Caller{Key: new(netproto.PublicKey), Addr: netip.MustParseAddr("198.51.100.4")}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var req netproto.JoinRequest
		if json.Unmarshal(raw, &req) != nil {
			return
		}
		p, err := PeerOf(req, who)
		if err != nil {
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		if p.Observed.Addr() != who.Addr || p.Observed.Port() == 0 || len(p.Name) > netproto.MaxPeerName ||
			netproto.Printable(p.Name) != p.Name || len(p.Candidates) > netproto.MaxCandidates {
			t.Fatalf("%q was taken as %+v", raw, p)
		}
		for _, c := range p.Candidates {
			if !c.Addr().IsPrivate() || c.Port() == 0 || c.Addr().Zone() != "" {
				t.Fatalf("%q is a candidate", c)
			}
		}
	})
}
