package netproto

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// goldenFrameValues says what the files in testdata/frames mean.
var goldenFrameValues = map[string]Frame{
	"hello":                     Hello{Version: FrameVersion, Name: "Zoë!"},
	"hello-nameless":            Hello{Version: 2, Features: 0x80000001},
	"open":                      Open{Stream: 1, Hash: countingHash(), Size: 3*MinPieceSize + 1, Manifest: true},
	"open-without-manifest":     Open{Stream: 1<<32 - 1, Hash: countingHash(), Size: -1},
	"manifest":                  Manifest{Stream: 1, Size: 3*MinPieceSize + 1, First: 2, CVs: [][32]byte{repeated(0x11), repeated(0x22)}},
	"manifest-one-piece":        Manifest{Stream: 1, Size: MinPieceSize, CVs: [][32]byte{}},
	"manifest-empty":            Manifest{Stream: 1, CVs: [][32]byte{}},
	"have":                      Have{Stream: 1, First: 8, Bits: []byte{0x80, 0x01}},
	"update":                    Update{Stream: 1, Pieces: []uint32{3, 1<<20 - 1}},
	"get":                       Get{Stream: 1, Request: 7, Piece: 3, Offset: 64 << 10, Length: 192 << 10},
	"get-largest":               Get{Stream: 1, Request: 1<<32 - 1, Piece: 1<<20 - 1, Length: MaxPieceSize},
	"data":                      Data{Request: 7, Bytes: []byte("hello")},
	"refuse-denied":             Refuse{Stream: 1, Request: 7, Code: CodeDenied},
	"refuse-not-found":          Refuse{Stream: 1, Request: 7, Code: CodeNotFound},
	"refuse-internal":           Refuse{Stream: 1, Request: 7, Code: CodeInternal},
	"refuse-busy":               Refuse{Stream: 1, Request: 7, Code: CodeBusy},
	"refuse-queued":             Refuse{Stream: 1, Code: CodeQueued, Place: 12},
	"refuse-gone":               Refuse{Stream: 1, Request: 7, Code: CodeGone},
	"refuse-protocol-violation": Refuse{Stream: 1, Request: 7, Code: CodeProtocol},
	"cancel":                    Cancel{Request: 7},
	"close":                     Close{Stream: 1},
	"ping":                      Ping{Token: 0x0102030405060708},
	"pong":                      Pong{Token: 0x0102030405060708},
	"peers": Peers{Hash: countingHash(), Port: 6881, Peers: []SwarmPeer{
		{Key: PublicKey(repeated(0x11)), Address: netip.MustParseAddrPort("192.0.2.1:4000")},
		{Key: PublicKey(repeated(0x22)), Address: netip.MustParseAddrPort("[2001:db8::1]:443")},
	}},
	"peers-none": Peers{Hash: countingHash()},
	"fetching":   Fetching{Stream: 1, Pieces: []uint32{3, 1<<20 - 1}},
	"turn":       Turn{Stream: 1},
	"meet":       Meet{Port: 6881},
	"attributes": Attributes{Stream: 1, First: 2, Packed: AppendAttribute(AppendAttribute(nil,
		Attribute{Modified: 981173106_000000001, Executable: true}), Attribute{Modified: -1})},
}

func TestFramesHaveExactlyTheirGoldenBytes(t *testing.T) {
	files := goldenFrames(t)
	if names := slices.Sorted(maps.Keys(files)); !slices.Equal(names, slices.Sorted(maps.Keys(goldenFrameValues))) {
		t.Fatalf("the golden files are %q", names)
	}
	types := map[FrameType]bool{}
	for name, want := range goldenFrameValues {
		raw := files[name]
		types[want.Type()] = true
		if got := AppendFrame([]byte("before"), want); !bytes.Equal(got, append([]byte("before"), raw...)) {
			t.Errorf("%s is written as %x, want %x", name, got[len("before"):], raw)
		}
		r := bytes.NewReader(raw)
		header, err := ReadFrameHeader(r)
		if err != nil || header.Type != want.Type() || header.Length != r.Len() || !header.Known() {
			t.Errorf("%s has the header %+v, %v, before %d bytes", name, header, err, r.Len())
			continue
		}
		got, err := ParseFrame(header.Type, raw[FrameHeaderBytes:])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Errorf("%s is read differently (-want +got):\n%s", name, diff)
		}
	}
	for typ := range FrameType(0xff) {
		if (FrameHeader{Type: typ}).Known() && typ != 0 && !types[typ] {
			t.Errorf("no golden file for type %#x", typ)
		}
	}
}

func TestTheHeaderOfADataFrameIsThatOfTheWholeFrame(t *testing.T) {
	frame := Data{Request: 7, Bytes: []byte("hello")}
	got := append(AppendDataHeader(nil, frame.Request, len(frame.Bytes)), frame.Bytes...)
	if want := AppendFrame(nil, frame); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

// TestTheWireIsPinned fails if a number of the wire changes: programs of the same
// version in the field know the old one.
func TestTheWireIsPinned(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want any
	}{
		{"ALPN", ALPN, "cp2p/1"},
		{"FrameVersion", FrameVersion, 1},
		{"types", []FrameType{
			FrameHello, FrameOpen, FrameManifest, FrameHave, FrameUpdate, FrameGet,
			FrameData, FrameRefuse, FrameCancel, FrameClose, FramePing, FramePong, frameOptional,
			FramePeers, FrameFetching, FrameTurn, FrameAttributes, FrameMeet,
		}, []FrameType{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85}},
		{"attributes", []int{FeatureAttributes, AttributeBytes, MaxAttributes, MaxFrameAttributes}, []int{1, 9, 131_072, 7000}},
		{"FrameHeaderBytes", FrameHeaderBytes, 5},
		{"MaxControlPayload", MaxControlPayload, 65_536},
		{"MaxDataBytes", MaxDataBytes, 262_144},
		{"MaxDataPayload", MaxDataPayload, 262_148},
		{"MaxManifestHashes", MaxManifestHashes, 1024},
		{"MaxHaveBytes", MaxHaveBytes, 32_768},
		{"MaxUpdatePieces", MaxUpdatePieces, 8192},
		{"MaxRequests", MaxRequests, 256},
		{"MaxSwarmPeers", MaxSwarmPeers, 50},
		{"MaxFetchingPieces", MaxFetchingPieces, 256},
		{"MaxStreams", MaxStreams, 1024},
		{"MinPieceSize", MinPieceSize, 262_144},
		{"MaxPieceSize", MaxPieceSize, 16_777_216},
		{"MaxContentSize", int64(MaxContentSize), int64(17_592_186_044_416)},
		{"FolderMagic", FolderMagic, "cp2p-folder 1\n"},
		{"FolderMIME", FolderMIME, "application/vnd.centralizedp2p.folder"},
		{"MaxFolderEntries", MaxFolderEntries, 1_000_000},
		{"MaxFolderBytes", MaxFolderBytes, 268_435_456},
		{"paths", []int{maxPathBytes, maxPathDepth, MaxNameBytes}, []int{4096, 64, 255}},
		{"PartPrefix", PartPrefix, ".cp2p-"},
		{"links", []any{LinkScheme, DefaultPort}, []any{"cp2p", 5000}},
		{"peerIDDomain", peerIDDomain, "centralizedp2p peer-id v1\x00"},
		{"seed", []int{SeedMaxBytes, SeedMaxRequest}, []int{10_240, 4352}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s changed (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestTheLargestFramesFitTheirLimits(t *testing.T) {
	for _, frame := range []Frame{
		Hello{Name: strings.Repeat("x", MaxPeerName)},
		Manifest{Size: MaxContentSize, First: 1<<20 - MaxManifestHashes, CVs: make([][32]byte, MaxManifestHashes)},
		Have{First: 1<<20 - 8, Bits: make([]byte, MaxHaveBytes)},
		Update{Pieces: make([]uint32, MaxUpdatePieces)},
		Data{Bytes: make([]byte, MaxDataBytes)},
		Fetching{Pieces: make([]uint32, MaxFetchingPieces)},
		Peers{Peers: slices.Repeat([]SwarmPeer{{Address: netip.MustParseAddrPort("[2001:db8::1]:443")}}, MaxSwarmPeers)},
	} {
		raw := AppendFrame(nil, frame)
		header, err := ReadFrameHeader(bytes.NewReader(raw))
		if err != nil {
			t.Errorf("%T: %v", frame, err)
			continue
		}
		got, err := ParseFrame(header.Type, raw[FrameHeaderBytes:])
		if err != nil {
			t.Errorf("%T: %v", frame, err)
		} else if diff := cmp.Diff(frame, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
			t.Errorf("%T (-want +got):\n%s", frame, diff)
		}
	}
	long := Hello{Name: strings.Repeat("é", MaxPeerName)}
	got, err := ParseFrame(FrameHello, AppendFrame(nil, long)[FrameHeaderBytes:])
	if err != nil || got.(Hello).Name != strings.Repeat("é", MaxPeerName/2) {
		t.Errorf("a display name that is too long is sent as %+v, %v", got, err)
	}
}

func TestDamagedFramesAreRefused(t *testing.T) {
	files := goldenFrames(t)
	u32 := func(v ...uint32) (b []byte) {
		for _, v := range v {
			b = be.AppendUint32(b, v)
		}
		return b
	}
	for _, c := range []struct {
		damage  string
		typ     FrameType
		payload []byte
	}{
		{"a type of zero", 0, nil},
		{"an unknown type", 0x0d, nil},
		{"an optional type", 0x80, nil},
		{"a name longer than the frame", FrameHello, []byte{0, 1, 0, 0, 0, 0, 5, 'a'}},
		{"a name of 65 bytes", FrameHello, append([]byte{0, 1, 0, 0, 0, 0, 65}, make([]byte, 65)...)},
		{"a name that is not UTF-8", FrameHello, []byte{0, 1, 0, 0, 0, 0, 1, 0xff}},
		{"a flag of 2", FrameOpen, append(append(u32(1), make([]byte, 40)...), 2)},
		{"no flag", FrameOpen, append(u32(1), make([]byte, 40)...)},
		{"a size of -2", FrameOpen, append(append(u32(1), make([]byte, 32)...), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 1)},
		{"a size beyond the limit", FrameOpen, append(append(u32(1), make([]byte, 32)...), 0, 0, 0x10, 0, 0, 0, 0, 1, 1)},
		{"a size of 2^63", FrameManifest, u32(1, 1<<31, 0, 0)},
		{"a size beyond the limit", FrameManifest, u32(1, 0x1000, 1, 0)},
		{"hashes for one piece", FrameManifest, append(u32(1, 0, 1, 0), make([]byte, 32)...)},
		{"no hashes for two pieces", FrameManifest, u32(1, 0, MinPieceSize+1, 0)},
		{"a piece behind the only one", FrameManifest, u32(1, 0, 1, 1)},
		{"a hash behind the last piece", FrameManifest, append(u32(1, 0, MinPieceSize+1, 1), make([]byte, 64)...)},
		{"a first piece of 2^32-1", FrameManifest, append(u32(1, 0, MinPieceSize+1, 1<<32-1), make([]byte, 32)...)},
		{"half a hash", FrameManifest, append(u32(1, 0, MinPieceSize+1, 0), make([]byte, 48)...)},
		{"too many hashes", FrameManifest, append(u32(1, 0x1000, 0, 0), make([]byte, 32*(MaxManifestHashes+1))...)},
		{"an empty bit field", FrameHave, u32(1, 0)},
		{"a bit field from piece 3", FrameHave, append(u32(1, 3), 0xff)},
		{"too long a bit field", FrameHave, append(u32(1, 0), make([]byte, MaxHaveBytes+1)...)},
		{"no pieces", FrameUpdate, u32(1)},
		{"half a piece", FrameUpdate, append(u32(1, 2), 0, 0)},
		{"too many pieces", FrameUpdate, make([]byte, 4+4*(MaxUpdatePieces+1))},
		{"request 0", FrameGet, u32(1, 0, 0, 0, 1)},
		{"a length beyond a piece", FrameGet, u32(1, 1, 0, 0, MaxPieceSize+1)},
		{"an offset beyond a piece", FrameGet, u32(1, 1, 0, MaxPieceSize+1, 0)},
		{"a range that ends beyond a piece", FrameGet, u32(1, 1, 0, MaxPieceSize, 1)},
		{"a range that overflows", FrameGet, u32(1, 1, 0, 1<<32-1, 1)},
		{"no data", FrameData, u32(1)},
		{"too much data", FrameData, make([]byte, 4+MaxDataBytes+1)},
		{"half a peer", FramePeers, append(make([]byte, 34), make([]byte, 20)...)},
		{"an address of 5 bytes", FramePeers, append(make([]byte, 34+32), 5, 1, 2, 3, 0, 1)},
		{"port 0", FramePeers, append(make([]byte, 34+32), 6, 192, 0, 2, 1, 0, 0)},
		{"an IPv4 address written as IPv6", FramePeers, append(make([]byte, 34+32), 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1, 0, 1)},
		{"too many peers", FramePeers, append(make([]byte, 34), bytes.Repeat(append(make([]byte, 32), 6, 192, 0, 2, 1, 0, 1), MaxSwarmPeers+1)...)},
		{"meeting at port 0", FrameMeet, []byte{0, 0}},
		{"no attributes", FrameAttributes, u32(1, 0)},
		{"attributes beyond the limit", FrameAttributes, append(u32(1, MaxAttributes), make([]byte, AttributeBytes)...)},
		{"a flag of 2", FrameAttributes, append(u32(1, 0, 0, 0), 2)},
		{"too many fetched pieces", FrameFetching, make([]byte, 4+4*(MaxFetchingPieces+1))},
	} {
		if frame, err := ParseFrame(c.typ, c.payload); !errors.Is(err, ErrFrame) {
			t.Errorf("a frame of type %#x with %s was read as %+v, %v", c.typ, c.damage, frame, err)
		}
	}
	for name, raw := range files {
		typ, payload := FrameType(raw[4]), raw[FrameHeaderBytes:]
		if len(payload) > 0 {
			if _, err := ParseFrame(typ, nil); !errors.Is(err, ErrFrame) {
				t.Errorf("%s without its payload: %v", name, err)
			}
		}
		switch typ {
		case FrameData, FrameHave: // end in bytes of any number
		default:
			if _, err := ParseFrame(typ, append(bytes.Clone(payload), 0)); !errors.Is(err, ErrFrame) {
				t.Errorf("%s with a byte too many: %v", name, err)
			}
			if _, err := ParseFrame(typ, payload[:len(payload)-1]); !errors.Is(err, ErrFrame) {
				t.Errorf("%s without its last byte: %v", name, err)
			}
		}
	}
}

func TestAnUnknownRefusalCodeMeansInternal(t *testing.T) {
	got, err := ParseFrame(FrameRefuse, []byte{0, 0, 0, 1, 0, 0, 0, 2, 0x7f, 0xff, 0, 0, 0, 0})
	if err != nil || got.(Refuse).Code != CodeInternal {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnUnknownOptionalFrameIsSkipped(t *testing.T) {
	stream := append([]byte{0, 0, 0, 4, 0x9c, 1, 2, 3}, AppendFrame(nil, Ping{Token: 5})...)
	r := bytes.NewReader(stream)
	header, err := ReadFrameHeader(r)
	if err != nil || header.Known() || header.Length != 3 {
		t.Fatalf("%+v, %v", header, err)
	}
	if _, err := io.CopyN(io.Discard, r, int64(header.Length)); err != nil {
		t.Fatal(err)
	}
	if header, err = ReadFrameHeader(r); err != nil || header.Type != FramePing {
		t.Errorf("behind it: %+v, %v", header, err)
	}
}

func TestAHostileHeaderIsRefusedBeforeAnyPayload(t *testing.T) {
	for _, c := range []struct {
		raw  string
		want error
	}{
		{"\x00\x00\x00\x00\x01", ErrFrame},
		{"\xff\xff\xff\xff\x07", ErrFrame},
		{"\x80\x00\x00\x00\x07", ErrFrame},
		{"\x00\x04\x00\x06\x07", ErrFrame}, // one byte more than a data frame may have
		{"\x00\x04\x00\x05\x07", nil},
		{"\x00\x01\x00\x02\x03", ErrFrame}, // one byte more than a control frame may have
		{"\x00\x01\x00\x01\x03", nil},
		{"\x00\x01\x00\x02\x80", ErrFrame},
		{"\x00\x01\x00\x01\xff", nil},
		{"\x00\x00\x00\x01\x00", ErrFrame},
		{"\x00\x00\x00\x01\x0d", ErrFrame},
		{"\x00\x00\x00\x01\x7f", ErrFrame},
		{"", io.EOF},
		{"\x00\x00\x00\x01", io.ErrUnexpectedEOF},
	} {
		if header, err := ReadFrameHeader(strings.NewReader(c.raw)); !errors.Is(err, c.want) {
			t.Errorf("%x: %+v, %v; want %v", c.raw, header, err, c.want)
		}
	}
}

func TestAHostileFrameTakesNoMemoryBeyondItsBytes(t *testing.T) {
	payloads := map[FrameType][]byte{
		FrameHello:    {0, 1, 0, 0, 0, 0, 255},
		FrameManifest: {0, 0, 0, 1, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		FrameUpdate:   {0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff},
		FrameGet:      bytes.Repeat([]byte{0xff}, 20),
		FrameData:     {0, 0, 0, 1},
		FramePeers:    bytes.Repeat([]byte{0}, 34+38),
	}
	const rounds = 1000
	for typ, payload := range payloads {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range rounds {
			// Only the cost matters here, not whether it is refused.
			if _, err := ParseFrame(typ, payload); err != nil && !errors.Is(err, ErrFrame) {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		if per := (after.TotalAlloc - before.TotalAlloc) / rounds; per > 2048 {
			t.Errorf("%d bytes of type %#x take %d bytes of memory", len(payload), typ, per)
		}
	}
}
