package peer_test

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"

	"centralizedp2p/netproto"
)

func TestTheLastUploadsStayToBeSeen(t *testing.T) {
	t.Parallel()
	p := startPeer(t, nil)
	hash := netproto.ContentHash{1}.String()
	for i := range 300 {
		p.CountSeed(hash, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), uint16(1000+i)), 10)
	}
	p.CountSeed(hash, netip.MustParseAddrPort("192.0.2.43:9"), 5)
	list := p.Uploads.List()
	if len(list) != 100 {
		t.Fatalf("%d are shown", len(list))
	}
	if list[0].Address != "192.0.2.43" || list[0].Sent != 15 || list[1].Address != "192.0.2.42" {
		t.Errorf("the newest are %+v and %+v", list[0], list[1])
	}
}

func TestAFolderOfManyFilesIsManyUploadsOfWhichTheLastStay(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	for i := range 400 {
		alice.write(t, fmt.Sprintf("src/%d", i), 100+i)
	}
	bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	bob.stop()
	eventually(t, alice.Engine, func() bool {
		for _, u := range alice.Uploads.List() {
			if !u.Ended {
				return false
			}
		}
		return true
	}, says("some uploads do not end"))
	list := alice.Uploads.List()
	if len(list) != 100 {
		t.Errorf("%d are shown", len(list))
	}
	seen := map[string]bool{}
	for _, u := range list {
		if u.Sent == 0 || seen[u.ID] {
			t.Errorf("%+v has no bytes or is shown twice", u)
		}
		seen[u.ID] = true
	}
}
