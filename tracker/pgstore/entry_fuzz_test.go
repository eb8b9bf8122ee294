package pgstore

import (
	"bytes"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
)

// What is read from the log is either refused or written again as it was, and takes no
// more memory than it has bytes.
func FuzzParseChanges(f *testing.F) {
	h := memory.Holding{ID: netproto.PeerID{1}, Name: memory.Name{Hash: netproto.ContentHash{2}, Text: "a song", MIME: "audio/flac", Size: 3}}
	f.Add(appendValue(appendChange(nil, put, holdingKey(&h)), holdingValue(&h)))
	f.Add(appendChange(appendChange(nil, drop, peerKey(h.ID)), heard, string(h.ID[:])))
	f.Add([]byte{put, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Add([]byte{heard, 0})
	f.Fuzz(func(t *testing.T, raw []byte) {
		changes, err := parseChanges(raw)
		if err != nil {
			return
		}
		if len(changes) > len(raw) {
			t.Fatalf("%d bytes are %d changes", len(raw), len(changes))
		}
		var again []byte
		for _, c := range changes {
			again = appendChange(again, c.what, string(c.key))
			if c.what == put {
				again = appendValue(again, c.value)
			}
		}
		reread, err := parseChanges(again)
		if err != nil || len(reread) != len(changes) {
			t.Fatalf("%d changes are %d when they are written again: %v", len(changes), len(reread), err)
		}
		for i, c := range changes {
			if o := reread[i]; o.what != c.what || !bytes.Equal(o.key, c.key) || !bytes.Equal(o.value, c.value) {
				t.Fatalf("change %d is %+v, and %+v when it is written again", i, c, o)
			}
		}
	})
}

// What is read of a holding is refused, or is what is written of it.
func FuzzParseHolding(f *testing.F) {
	h := memory.Holding{ID: netproto.PeerID{1}, Name: memory.Name{Hash: netproto.ContentHash{2}, Text: "a song", MIME: "audio/flac", Size: 3}}
	f.Add([]byte(holdingKey(&h)), holdingValue(&h))
	h.MD5, h.Part, h.Folder, h.Hidden = &[16]byte{4}, true, true, true
	f.Add([]byte(holdingKey(&h)), holdingValue(&h))
	f.Add([]byte{ofHolding}, []byte{0xff})
	f.Add([]byte(holdingKey(&h)), bytes.Repeat([]byte{0xff}, 256)) // as long as one byte can say
	f.Fuzz(func(t *testing.T, key, value []byte) {
		given := bytes.Clone(key)
		read, mime, err := parseHolding(key, value)
		if !bytes.Equal(key, given) {
			t.Fatal("it changes the key")
		}
		if err != nil {
			return
		}
		read.MIME = string(mime)
		again, mime, err := parseHolding([]byte(holdingKey(&read)), holdingValue(&read))
		again.MIME = string(mime)
		if (read.MD5 == nil) != (again.MD5 == nil) || read.MD5 != nil && *read.MD5 != *again.MD5 {
			t.Errorf("the MD5 %v is %v when it is written again", read.MD5, again.MD5)
		}
		read.MD5, again.MD5 = nil, nil
		if err != nil || read != again {
			t.Errorf("%+v is %+v when it is written again: %v", read, again, err)
		}
	})
}
