package sharing

import (
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/netproto"
)

// heldUp is an announcer that takes its time over the first withdrawal.
type heldUp struct {
	came, goOn chan struct{}
}

func (h *heldUp) Announce(netproto.Resource) {}

func (h *heldUp) Withdraw(netproto.ContentHash) {
	select {
	case h.came <- struct{}{}:
		<-h.goOn
	default:
	}
}

// The list of shares is shown while a share of a million files is taken back.
func TestTheListOfSharesDoesNotWaitForWhatIsTakenBack(t *testing.T) {
	trackers := &heldUp{came: make(chan struct{}, 1), goOn: make(chan struct{})}
	profile, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer profile.Close()
	ss := New(Config{Library: profile, Contents: offer.NewRegister(trackers), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming}, library.DefaultSettings())
	s, _ := ss.add(library.Share{ID: "1", Path: "/folder", Name: "folder", Folder: true}, Options{})
	s.rate = &flow.Meter{}
	s.offer([]*sharedFile{{share: s, rel: "a", Place: offer.PlaceOf(netproto.ContentHash{1})}, {share: s, rel: "b", Place: offer.PlaceOf(netproto.ContentHash{2})}}, 1)
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		s.settle(nothing, nil)
	}()
	<-trackers.came
	listed := make(chan []Share)
	go func() { listed <- ss.List() }()
	select {
	case list := <-listed:
		if len(list) != 1 {
			t.Errorf("there are %d shares", len(list))
		}
	case <-time.After(time.Minute):
		t.Error("the list waits for what is taken back")
	}
	close(trackers.goOn)
	<-settled
}

func TestASmallFileOfItsOwnerAloneIsPrivate(t *testing.T) {
	for _, c := range []struct {
		file          fs.FileMode
		size          int64
		folder        fs.FileMode
		administrator bool
		want          bool
	}{
		{0o600, 100, 0o755, false, true},
		{0o400, 100, 0o750, false, true},
		{0o644, 100, 0o755, false, false},
		{0o600, 100, 0o700, false, false},
		{0o600, 0, 0o755, false, false},
		{0o600, 1 << 20, 0o755, false, false},
		{0, 100, 0o755, false, false}, // unreadable
		{0, 100, 0o755, true, true},   // as /etc/shadow of some systems
	} {
		if got := privateTo(c.file, c.size, c.folder, c.administrator); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
