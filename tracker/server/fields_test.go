package server

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
)

// Whatever a fuzzed request gets past the checks must keep the promises that stores
// and other peers rely on.

func FuzzResource(f *testing.F) {
	for _, seed := range []string{
		`{"hash":"aa00000000000000000000000000000000000000000000000000000000000000","size":1,"name":"a.txt","mime":"text/plain","md5":"00112233445566778899aabbccddeeff","part":true}`,
		`{"hash":"AA","size":-1}`, `{"name":"..","size":1e99}`, `null`, `[]`, `{"hash":null,"name":"\ud800"}`, `{"NAME":"x","name":"con.txt"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := resourceOf(raw)
		if err != nil {
			if err.Error() == "" {
				t.Fatal("the error says nothing")
			}
			return
		}
		if r.Hash.IsZero() || r.Size < 0 || r.Size > netproto.MaxContentSize || netproto.CheckName(r.Name) != nil ||
			len(r.MIME) > netproto.MaxMIMEBytes || netproto.Printable(r.MIME) != r.MIME ||
			r.MD5 != "" && (r.Size > netproto.SeedMaxBytes || len(r.MD5) != 32) {
			t.Fatalf("%q was taken as %+v", raw, r)
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
		p, err := peerOf(req, who)
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

func BenchmarkDecodeOfAnAnnounce(b *testing.B) {
	var req netproto.AnnounceRequest
	for i := range netproto.MaxAnnounce {
		req.Resources = append(req.Resources, netproto.Resource{
			Hash: netproto.ContentHash{byte(i), byte(i >> 8), 1}, Size: int64(i) << 20,
			Name: fmt.Sprintf("Ein Lied über die Wolken, Teil %d (live).mp3", i), MIME: "audio/mpeg",
		})
	}
	body, err := json.Marshal(req)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var req announceRequest
		if err := json.Unmarshal(body, &req); err != nil {
			b.Fatal(err)
		}
		for _, raw := range req.Resources {
			if _, err := resourceOf(raw); err != nil {
				b.Fatal(err)
			}
		}
	}
}
