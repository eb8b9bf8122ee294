package netproto_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"testing"

	"centralizedp2p/netproto"
)

func TestALineFrameIsReadAsItWasWritten(t *testing.T) {
	ring := &netproto.Ring{Call: netproto.CallID{1}, Key: netproto.PublicKey{2}, Hash: netproto.ContentHash{3},
		Addresses: []string{"192.0.2.1:4000", "[2001:db8::1]:4000"}, Relay: &netproto.Relay{Token: netproto.RelayToken{4}, Rate: 1e6}}
	frames := []netproto.LineFrame{
		{Ping: &struct{}{}},
		{Seen: &netproto.LineSeen{Address: "192.0.2.1:4000"}},
		{Ring: ring},
		{Beat: &netproto.HeartbeatRequest{Count: 3, Digest: 7}},
		{Note: &netproto.NotesWaiting{Waiting: 2}},
		{Answer: &netproto.RingAnswer{Call: ring.Call, Result: netproto.RingBusy}},
	}
	var wire []byte
	for _, f := range frames {
		var err error
		if wire, err = netproto.AppendLineFrame(wire, f); err != nil {
			t.Fatal(err)
		}
	}
	r := bytes.NewReader(wire)
	for i, want := range frames {
		if got, err := netproto.ReadLineFrame(r); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("frame %d: read %+v, %v", i, got, err)
		}
	}
	if _, err := netproto.ReadLineFrame(r); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v, want io.EOF", err)
	}
}

func TestAWrongLineFrameIsAnError(t *testing.T) {
	framed := func(text string) string {
		return string(binary.BigEndian.AppendUint16(nil, uint16(len(text)))) + text
	}
	for name, c := range map[string]struct {
		wire string
		want error // of the protocol if nil
	}{
		"nothing in it":       {wire: "\x00\x00"},
		"longer than allowed": {wire: "\xff\xff"},
		"cut in its length":   {wire: "\x00", want: io.ErrUnexpectedEOF},
		"cut in its text":     {wire: "\x00\x05{", want: io.ErrUnexpectedEOF},
		"no text":             {wire: "\x00\x05", want: io.ErrUnexpectedEOF},
		"no JSON":             {wire: framed("hello")},
		"a call that is none": {wire: framed(`{"answer":{"call":"x"}}`)},
		"a ring of no call":   {wire: framed(`{"ring":{"addresses":[]}}`)},
		"an answer to none":   {wire: framed(`{"answer":{"result":"ok"}}`)},
		"too many addresses":  {wire: framed(`{"ring":{"addresses":["","","","","","","","",""]}}`)},
	} {
		_, err := netproto.ReadLineFrame(bytes.NewReader([]byte(c.wire)))
		if c.want == nil && netproto.CodeOf(err) != netproto.CodeProtocol || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALineFrameOfALaterVersionIsSkipped(t *testing.T) {
	text := `{"wish":{"x":1}}`
	got, err := netproto.ReadLineFrame(bytes.NewReader(append([]byte{0, byte(len(text))}, text...)))
	if err != nil || got != (netproto.LineFrame{}) {
		t.Errorf("read %+v, %v", got, err)
	}
}

func FuzzLineFrame(f *testing.F) {
	f.Add([]byte("\x00\x0b{\"ping\":{}}"))
	f.Add([]byte("\x00\x1a{\"seen\":{\"address\":\"1\"}}\x00"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		frame, err := netproto.ReadLineFrame(bytes.NewReader(wire))
		if err != nil {
			return
		}
		again, err := netproto.AppendLineFrame(nil, frame)
		if err != nil {
			return // escaped, it may be longer than allowed
		}
		back, err := netproto.ReadLineFrame(bytes.NewReader(again))
		if err != nil {
			t.Fatalf("%q is not read again: %v", again, err)
		}
		a, _ := json.Marshal(frame)
		if b, _ := json.Marshal(back); !bytes.Equal(a, b) {
			t.Fatalf("%s became %s", a, b)
		}
	})
}
