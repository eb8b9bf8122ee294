package peer_test

import (
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// A tracker that is updated is away for a moment: nobody joins it again, and it has forgotten
// what peers wish for.
func TestWishesOutliveAShortRestartOfTheTracker(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := unhurriedPeer(t, tr, nil), unhurriedPeer(t, tr, nil)
	_, err := bob.Wishes.Add(library.Wish{Wish: netproto.Wish{Words: "lecture"}})
	check(t, err)
	finds := func(name string) {
		t.Helper()
		path, _ := alice.write(t, name, 1000)
		alice.share(t, path)
		eventually(t, bob.Engine, func() bool {
			for _, f := range bob.Wishes.List()[0].Found {
				if f.Name == name {
					return true
				}
			}
			return false
		}, says(name+" is not found"))
	}
	for _, p := range []*testPeer{alice, bob} {
		eventually(t, p.Engine, func() bool { return len(p.Trackers.Status().Lines) == 1 }, says("it has no line"))
	}
	finds("lecture 1")
	finds("lecture 2")
	tr.stop()
	tr.start(t)
	for _, p := range []*testPeer{alice, bob} {
		eventually(t, p.Engine, func() bool { return len(p.Trackers.Status().Lines) == 1 }, says("it has no line again"))
	}
	finds("lecture 3")
}
