package netproto

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"
)

// FuzzReadLineFrame reads a line as a peer and a tracker do: whatever is accepted is
// within the limits, and is read again as it is written.
func FuzzReadLineFrame(f *testing.F) {
	for _, frame := range []LineFrame{
		{Ping: &struct{}{}},
		{Seen: &LineSeen{Address: "192.0.2.7:4000"}},
		{Ring: &Ring{Call: CallID{1}, Key: PublicKey{2}, Name: "Zoë", Hash: countingHash(), Addresses: []string{"192.0.2.7:4000"}, Relay: &Relay{Token: RelayToken{3}}}},
		{Beat: &HeartbeatRequest{Count: 1, Digest: 7}, Answer: &RingAnswer{Call: CallID{1}, Result: RingBusy}},
		{Note: &NotesWaiting{Waiting: 32}},
		{Failed: &Problem{Code: CodeDenied, Detail: "why"}},
	} {
		raw, err := AppendLineFrame(nil, frame)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, text := range []string{"", "\x00", "\x00\x00", "\xff\xff{", "\x00\x02{}", "\x00\x04null", "\x00\x0f{\"ring\":{\"name\"", "\x00\x10{\"x\":[[[[[[[[[[]]"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			frame, err := ReadLineFrame(r)
			if err != nil {
				if CodeOf(err) != CodeProtocol && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("an error of no known kind: %v", err)
				}
				return
			}
			if frame.Ring != nil && len(frame.Ring.Addresses) > MaxCallAddresses {
				t.Fatalf("%d addresses", len(frame.Ring.Addresses))
			}
			raw, err := AppendLineFrame(nil, frame)
			if err != nil {
				continue // escapes have made it longer than it was
			}
			again, err := ReadLineFrame(bytes.NewReader(raw))
			if err != nil {
				t.Fatalf("%+v is written as %q: %v", frame, raw, err)
			}
			if back, err := AppendLineFrame(nil, again); err != nil || !bytes.Equal(back, raw) || !reflect.DeepEqual(again.Answer, frame.Answer) {
				t.Fatalf("%q came back as %q, %v", raw, back, err)
			}
		}
	})
}
