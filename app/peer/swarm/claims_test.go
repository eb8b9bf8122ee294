package swarm

import (
	"testing"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Liars may claim many sizes of a content, each with hashes that fold.
func TestManifestsOfOtherSizesAreKeptOnceAndAreFew(t *testing.T) {
	t.Parallel()
	a := &Attempt{}
	a.lanes.open = map[*lane]struct{}{}
	j := &job{attempt: a}
	j.m = &piece.Manifest{Size: netproto.MaxContentSize}
	claim := func(pieces int) (s *stream, kept bool) {
		m := &piece.Manifest{Size: int64(pieces) * piece16, CVs: make([]piece.CV, pieces)}
		kept = j.keepsClaim(m)
		s = &stream{job: j}
		if kept {
			s.claim = m
		}
		a.lanes.open[&lane{streams: map[*job]*stream{j: s}}] = struct{}{}
		return s, kept
	}
	large, other := 300_000, 400_000
	first, _ := claim(large)
	for range 100 {
		again, kept := claim(large)
		if !kept || &again.claim.CVs[0] != &first.claim.CVs[0] {
			t.Fatal("the same hashes are kept twice, or not at all")
		}
	}
	if _, kept := claim(other); !kept {
		t.Error("there is no room for a second size")
	}
	for n := range 24 {
		if _, kept := claim(500_000 + n); kept {
			t.Fatalf("%d large manifests are kept", n+3)
		}
	}
	if _, kept := claim(100); !kept {
		t.Error("there is no room for a small manifest")
	}
}
