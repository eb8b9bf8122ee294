package piece

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/netproto"
)

func TestAStreamHasTheManifestOfItsContent(t *testing.T) {
	const piece = netproto.MinPieceSize
	if netproto.PieceSize(MaxStream) != piece {
		t.Error("the longest stream has larger pieces")
	}
	for _, size := range []int{0, 1, 1024, piece - 1, piece, piece + 1, 2 * piece, 5*piece + 7} {
		content, want := contentOf(t, size)
		for _, part := range []int{1000, 64 << 10, piece, size + 1} {
			var s Stream
			for rest := content; len(rest) > 0; rest = rest[min(part, len(rest)):] {
				if _, err := s.Write(rest[:min(part, len(rest))]); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, s.Manifest()); diff != "" {
				t.Errorf("%d bytes in parts of %d:\n%s", size, part, diff)
			}
		}
	}
	long := Stream{size: MaxStream}
	if _, err := long.Write([]byte{1}); err == nil {
		t.Error("a longer stream is hashed wrongly")
	}
}
