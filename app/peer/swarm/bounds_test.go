package swarm

import (
	"runtime"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

func TestManifestsOnTheirWayAreBounded(t *testing.T) {
	t.Parallel()
	ss := New(Config{})
	small, large := int64(4096)*piece16, int64(netproto.MaxContentSize)
	n := 0
	for n < 1000 && ss.gather(small) {
		n++
	}
	if n == 0 || int64(n)*manifestBytes(small) > 10<<20 {
		t.Errorf("%d manifests of %d bytes come at once", n, manifestBytes(small))
	}
	if ss.hasRoom(small) {
		t.Error("it says that there is room")
	}
	if !ss.gather(large) || ss.gather(large) {
		t.Error("of the largest manifests not one comes at a time")
	}
	ss.endGathering(large)
	for range n {
		ss.endGathering(small)
	}
	if !ss.gather(large) || !ss.gather(small) || ss.gathered != manifestBytes(small) {
		t.Errorf("%d bytes are still counted", ss.gathered)
	}
}

// piece16 is the largest piece.
const piece16 = netproto.MaxPieceSize

func TestAPeerIsIntroducedToASwarmAFewTimesAMinute(t *testing.T) {
	t.Parallel()
	ss := New(Config{})
	now := time.Now()
	i := introduction{netproto.PublicKey{1}, netproto.ContentHash{1}}
	times := 0
	for range 100 {
		if ss.mayIntroduce(i, now.Add(59*time.Second)) {
			times++
		}
	}
	if times != introduceTimes || !ss.mayIntroduce(i, now.Add(2*time.Minute)) {
		t.Errorf("the same peer is introduced %d times, or not again later", times)
	}
	for n := range 10_000 {
		ss.mayIntroduce(introduction{netproto.PublicKey{2, byte(n), byte(n >> 8)}, netproto.ContentHash{1}}, now)
	}
	if len(ss.introduced) > maxIntroduced {
		t.Errorf("%d introductions are remembered", len(ss.introduced))
	}
	if !ss.mayIntroduce(introduction{netproto.PublicKey{3}, netproto.ContentHash{1}}, now.Add(4*time.Minute)) {
		t.Error("nobody is introduced any longer")
	}
}

func TestASmallManifestIsThatOfTheLargestContentWithSixtyFourGiB(t *testing.T) {
	t.Parallel()
	if n := manifestBytes(64 << 30); n != smallManifest {
		t.Errorf("it has %d bytes", n)
	}
	if n := len(piece.AllBits(netproto.PieceCount(netproto.MaxContentSize))); n != netproto.MaxContentSize/netproto.MaxPieceSize/8 {
		t.Errorf("the largest set has %d bytes", n)
	}
}

// A manifest is not taken memory for before its hashes have come, and grows in few steps.
func TestAManifestThatComesTakesLittleMoreThanItself(t *testing.T) {
	const hashes = 1 << 18
	m := &piece.Manifest{Size: hashes * piece16}
	part := make([]piece.CV, netproto.MaxManifestHashes)
	var first, after runtime.MemStats
	runtime.ReadMemStats(&first)
	for len(m.CVs) < hashes {
		m.CVs = appendCVs(m.CVs, part, m.Pieces())
		if cap(m.CVs) > max(growthOfManifest*len(m.CVs), len(part)) {
			t.Fatalf("there is room for %d hashes when %d have come", cap(m.CVs), len(m.CVs))
		}
	}
	runtime.ReadMemStats(&after)
	if took, most := after.TotalAlloc-first.TotalAlloc, uint64(hashes*len(piece.CV{})*3/2); took > most || cap(m.CVs) != hashes {
		t.Errorf("%d bytes were taken for %d", took, hashes*len(piece.CV{}))
	}
}
