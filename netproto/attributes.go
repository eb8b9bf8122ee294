package netproto

// The attributes of the files of a folder are no part of its list: two people with the
// same files have the same folder, whenever each of them got it. A sharer sends them
// after the answer to the opening of a list, to a peer whose hello asks for them. They
// are its word alone, and nothing depends on them but how the files look.

// FeatureAttributes is set in [Hello] by a peer that wants attributes.
const FeatureAttributes = 1 << 0

// FrameAttributes is optional.
const FrameAttributes FrameType = 0x84 // u32 stream of a list | u32 first entry | n × (i64 time of change, ns since 1970, 0 = unknown | u8 1 = executable)

const (
	// AttributeBytes is the length of one packed attribute.
	AttributeBytes = 8 + 1
	// MaxAttributes is how many a sharer sends of one folder: the files of a larger one
	// have none. It bounds what the opening of a stream costs.
	MaxAttributes = 128 << 10
	// MaxFrameAttributes is how many are in one frame.
	MaxFrameAttributes = 7000
)

// Attribute is what a file has besides its bytes and its name.
type Attribute struct {
	Modified   int64 // when its bytes changed last, in nanoseconds since 1970; 0 = unknown
	Executable bool  // by its owner
}

// Attributes carries those of the entries of a folder's list from First on, in the
// order of the list. Empty folders have zeros.
type Attributes struct {
	Stream uint32
	First  uint32
	Packed []byte // see [AppendAttribute]
}

func (Attributes) Type() FrameType { return FrameAttributes }

func (f Attributes) appendPayload(b []byte) []byte {
	return append(be.AppendUint32(be.AppendUint32(b, f.Stream), f.First), f.Packed...)
}

// AppendAttribute packs an attribute.
func AppendAttribute(b []byte, a Attribute) []byte {
	b = be.AppendUint64(b, uint64(a.Modified))
	if a.Executable {
		return append(b, 1)
	}
	return append(b, 0)
}

// AttributeAt returns the attribute of entry i, which must be in packed.
func AttributeAt(packed []byte, i int) Attribute {
	raw := packed[i*AttributeBytes:]
	return Attribute{Modified: int64(be.Uint64(raw)), Executable: raw[8] == 1}
}

func (p *parser) attributes() Attributes {
	f := Attributes{Stream: p.u32(), First: p.u32()}
	n := len(p.rest) / AttributeBytes
	if n == 0 || n > MaxFrameAttributes || int64(f.First)+int64(n) > MaxAttributes {
		p.fail("attributes of %d entries from %d on", n, f.First)
		return f
	}
	f.Packed = p.take(n * AttributeBytes)
	for at := 8; at < len(f.Packed); at += AttributeBytes {
		if f.Packed[at] > 1 {
			p.fail("a flag is %d", f.Packed[at])
		}
	}
	return f
}
