package sharing

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// silent is an announcer that announces nothing.
type silent struct{}

func (silent) Announce(netproto.Resource)    {}
func (silent) Withdraw(netproto.ContentHash) {}

// twice are shares that hold the same song, of songSize bytes.
type twice struct {
	*Shares
	t *testing.T
}

const songSize = 1000

var song, list, alone = netproto.ContentHash{1}, netproto.ContentHash{2}, netproto.ContentHash{3}

func startTwice(t *testing.T) *twice {
	profile, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { profile.Close() })
	ss := New(Config{Library: profile, Contents: offer.NewRegister(silent{}), Log: slog.New(slog.DiscardHandler), Timing: StandardTiming,
		Notify: func() {}, Step: func() {}}, library.DefaultSettings())
	return &twice{ss, t}
}

// add shares the song by itself or, as a folder does, with its list and another file.
func (w *twice) add(id string, folder bool, visible library.Visible) {
	s, _ := w.Shares.add(library.Share{ID: id, Path: "/" + id, Name: id, Folder: folder}, Options{Visible: &visible})
	file := &sharedFile{share: s, Place: offer.PlaceOf(song), state: piece.State{Size: songSize}}
	files := []*sharedFile{file}
	if folder {
		file.rel = "song"
		files = append(files, &sharedFile{share: s, rel: "alone", Place: offer.PlaceOf(alone), state: piece.State{Size: songSize}})
		s.need = 2 * songSize
	}
	s.offer(files, 1)
	if folder {
		s.settle(1, &sharedFile{share: s, Place: offer.PlaceOf(list), list: &folderList{}, state: piece.State{Size: 100}})
	}
}

// get has a peer read contents, in two parts each.
func (w *twice) get(peer byte, contents ...netproto.ContentHash) {
	for _, hash := range contents {
		w.Sent(netproto.PublicKey{peer}, hash, songSize/2, false)
		w.Sent(netproto.PublicKey{peer}, hash, songSize/2, true)
	}
}

func (w *twice) fetched(want string) {
	w.t.Helper()
	got := ""
	for _, s := range w.copies() {
		got += fmt.Sprintf("%s %d ", s.record.ID, s.snapshot().Fetched)
	}
	if got != want+" " {
		w.t.Errorf("fetched: %s, expected %s", got, want)
	}
}

const ben, eve = 2, 3

func TestADownloadOfAFileByItselfCountsForTheFile(t *testing.T) {
	w := startTwice(t)
	w.add("folder", true, library.Visible{})
	w.get(ben, alone) // by a search, without the list
	w.add("file", false, library.Visible{Until: 2})
	w.get(ben, song)
	w.fetched("folder 0 file 1")
	w.get(ben, list, song, alone)
	w.fetched("folder 1 file 1")
	w.get(ben, song)
	w.fetched("folder 1 file 2")
	w.get(eve, song) // which the file is no longer for
	w.fetched("folder 1 file 2")
	if w.config.Contents.FindFor(song, netproto.PublicKey{eve}) == nil {
		t.Error("with the count of the file, the folder lost it")
	}
}

func TestWhoLookedAtAFolderOnceDoesNotFetchItForEver(t *testing.T) {
	var f fetches
	f.need = songSize
	now := time.Now()
	f.opened(netproto.PublicKey{ben}, now)
	if !f.under(netproto.PublicKey{ben}, now.Add(fetchTime-1)) || f.under(netproto.PublicKey{ben}, now.Add(fetchTime)) || f.under(netproto.PublicKey{eve}, now) {
		t.Error("it is not under way for the time of a fetch")
	}
	for i := range maxFetchers {
		f.note(netproto.PublicKey{eve, byte(i), byte(i >> 8)}, fetch{1, false, now.Add(time.Duration(i))})
	}
	if f.add(netproto.PublicKey{ben}, songSize-1, now) || !f.add(netproto.PublicKey{eve, 200}, songSize-1, now) || len(f.got) >= maxFetchers {
		t.Errorf("of %d peers, not the one that got nothing for the longest time made room", len(f.got))
	}
}

func TestWhatIsForASharesPeopleAloneCountsForItsPeople(t *testing.T) {
	w := startTwice(t)
	w.add("everybody", false, library.Visible{})
	w.add("ben", false, library.Visible{To: library.VisibleKeys, Keys: []netproto.PublicKey{{ben}}, Until: 1})
	w.add("link", false, library.Visible{To: library.VisibleLink, Until: 2})
	w.Sent(netproto.PublicKey{}, song, songSize, true) // a seed client, which has no links
	w.fetched("everybody 1 ben 0 link 0")
	w.get(eve, song)
	w.get(ben, song, song, song)
	w.fetched("everybody 2 ben 1 link 2")
}

func TestEveryCountOfAContentEnds(t *testing.T) {
	w := startTwice(t)
	w.add("one", false, library.Visible{Until: 2})
	w.add("two", false, library.Visible{Until: 1})
	w.add("three", true, library.Visible{Until: 1})
	w.get(ben, song, song)
	w.fetched("one 1 two 1 three 0")
	w.get(eve, song, song, song)
	w.fetched("one 2 two 1 three 1")
}

func TestAFolderOfEmptyFilesIsFetchedWithItsList(t *testing.T) {
	w := startTwice(t)
	w.add("folder", true, library.Visible{Until: 1})
	w.byID("folder").need = 0
	w.get(ben, list)
	w.fetched("folder 1")
}

func TestEqualFilesOfTwoFoldersGoTowardBoth(t *testing.T) {
	w := startTwice(t)
	w.add("one", true, library.Visible{})
	w.add("two", true, library.Visible{Until: 1})
	w.get(ben, list, song, alone) // the lists are equal, too
	w.fetched("one 1 two 1")
}

// The tracker tells the name to whoever knows the hash.
func TestTheNameIsThatOfTheWidestAudience(t *testing.T) {
	w := startTwice(t)
	people := library.Visible{To: library.VisibleKeys, Keys: []netproto.PublicKey{{ben}}}
	for i, v := range []library.Visible{people, {To: library.VisibleLink}, {}} {
		w.add(fmt.Sprint(i), false, v)
	}
	of := func(id string) *sharedFile { return w.byID(id).file("") }
	for _, pair := range [][2]string{{"1", "0"}, {"2", "0"}, {"2", "1"}} {
		if !of(pair[0]).Before(of(pair[1])) || of(pair[1]).Before(of(pair[0])) {
			t.Errorf("%s does not go before %s", pair[0], pair[1])
		}
	}
}
