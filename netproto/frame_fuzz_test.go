package netproto

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// FuzzParseFrame reads a stream of frames as a connection does: every accepted frame
// is within the limits and is written back as the same bytes.
func FuzzParseFrame(f *testing.F) {
	var stream []byte
	for _, raw := range goldenFrames(f) {
		f.Add(raw)
		stream = append(stream, raw...)
	}
	f.Add(stream)
	f.Add([]byte{0, 0, 0, 3, 0x80, 1, 2})          // an optional frame
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 7, 1, 2}) // a length without bytes
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bytes.NewReader(stream)
		for {
			start := len(stream) - r.Len()
			header, err := ReadFrameHeader(r)
			if err != nil {
				if !errors.Is(err, ErrFrame) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("an error of no known kind: %v", err)
				}
				return
			}
			if header.Length > MaxDataPayload || header.Type != FrameData && header.Length > MaxControlPayload {
				t.Fatalf("a header of type %#x lets %d bytes pass", header.Type, header.Length)
			}
			if r.Len() < header.Length {
				return
			}
			payload := make([]byte, header.Length)
			if _, err := io.ReadFull(r, payload); err != nil {
				t.Fatal(err)
			}
			checkPayload(t, header, payload, stream[start:start+FrameHeaderBytes+header.Length])
		}
	})
}

func checkPayload(t *testing.T, header FrameHeader, payload, raw []byte) {
	frame, err := ParseFrame(header.Type, payload)
	if err != nil {
		if !errors.Is(err, ErrFrame) {
			t.Fatalf("an error of no known kind: %v", err)
		}
		return
	}
	if !header.Known() {
		t.Fatalf("the unknown type %#x was parsed", header.Type)
	}
	if frame.Type() != header.Type {
		t.Fatalf("type %#x became %#x", header.Type, frame.Type())
	}
	checkLimits(t, frame)
	want := bytes.Clone(raw)
	if refuse, ok := frame.(Refuse); ok {
		// An unknown code means "internal" and is written as such.
		code := want[FrameHeaderBytes+8:]
		if _, known := failureByWire[be.Uint16(code)]; !known {
			if refuse.Code != CodeInternal {
				t.Fatalf("an unknown code became %q", refuse.Code)
			}
			be.PutUint16(code, CodeInternal.Wire())
		}
	}
	if got := AppendFrame(nil, frame); !bytes.Equal(got, want) {
		t.Fatalf("%#v\n was read from %x\nand written as %x", frame, want, got)
	}
}

func checkLimits(t *testing.T, frame Frame) {
	ok := true
	switch f := frame.(type) {
	case Hello:
		ok = len(f.Name) <= MaxPeerName
	case Open:
		ok = f.Size >= -1 && f.Size <= MaxContentSize
	case Manifest:
		pieces := PieceCount(f.Size)
		ok = f.Size >= 0 && f.Size <= MaxContentSize && len(f.CVs) <= MaxManifestHashes &&
			uint64(f.First)+uint64(len(f.CVs)) <= uint64(pieces) && (pieces > 1 || f.First == 0)
	case Have:
		ok = len(f.Bits) >= 1 && len(f.Bits) <= MaxHaveBytes && f.First%8 == 0
	case Update:
		ok = len(f.Pieces) >= 1 && len(f.Pieces) <= MaxUpdatePieces
	case Get:
		ok = f.Request != 0 && uint64(f.Offset)+uint64(f.Length) <= MaxPieceSize
	case Peers:
		ok = len(f.Peers) <= MaxSwarmPeers
		for _, p := range f.Peers {
			ok = ok && p.Address.IsValid() && p.Address.Port() != 0 && p.Address.Addr() == p.Address.Addr().Unmap()
		}
	case Fetching:
		ok = len(f.Pieces) >= 1 && len(f.Pieces) <= MaxFetchingPieces
	case Data:
		ok = len(f.Bytes) >= 1 && len(f.Bytes) <= MaxDataBytes
	}
	if !ok {
		t.Fatalf("beyond the limits: %#v", frame)
	}
}
