package server

import (
	"encoding/json"
	"fmt"
	"testing"

	"centralizedp2p/netproto"
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
