//go:build !darwin || cgo

package desktop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/drawings"
	"centralizedp2p/app/desktop/kit/ticks"
	"centralizedp2p/app/desktop/pages"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// someone returns a person with a key made of n.
func someone(n int, name string) face.Person {
	key := netproto.PublicKey{byte(n >> 8), byte(n), 3}
	return face.Person{PeerID: netproto.PeerIDOf(key[:]), Key: key, Name: name, Online: true, Words: strings.Fields("acid bean cube drum echo fish")}
}

// requestOf returns a request of a person.
func requestOf(id string, of face.Person, state face.RequestState, names ...string) face.Request {
	r := face.Request{ID: id, PeerID: of.PeerID, Key: of.Key, Name: of.Name, State: state, Sent: time.Date(2026, 11, 20, 9, 0, 0, 0, time.Local)}
	for _, name := range names {
		r.Items = append(r.Items, face.RequestItem{Name: name, Size: 4_000_000, Files: 1})
		r.Size += 4_000_000
		r.Files++
	}
	return r
}

// somePeople are people in every state, and requests from and to them.
func somePeople() (people []face.Person, in, out []face.Request) {
	long := strings.Repeat("Wolfeschlegelsteinhausenbergerdorff ", 3)
	grace, linus := someone(1, "Grace Hopper"), someone(2, "Linus")
	grace.Favourite, grace.Verified, grace.Always, grace.Resources, grace.Bytes = true, true, true, 1234, 998_000_000_000
	linus.Online, linus.LastSeen = false, time.Date(2026, 3, 5, 9, 0, 0, 0, time.Local)
	blocked := someone(3, "Mallory")
	blocked.Blocked = true
	people = []face.Person{grace, linus, someone(4, long), someone(5, ""), someone(6, "Linus"), blocked}
	for i := range 4 {
		r := requestOf(fmt.Sprint("in", i), people[i], face.RequestWaiting, long+".jpeg", "b.jpg", "c.jpg")
		r.Message = strings.Repeat("This is what I told you about. ", 8)
		in = append(in, r)
	}
	for i, state := range []face.RequestState{face.RequestPreparing, face.RequestSending, face.RequestWaiting, face.RequestAccepted, face.RequestDone,
		face.RequestDeclined, face.RequestFailed, face.RequestWithdrawn, face.RequestExpired} {
		r := requestOf(fmt.Sprint("out", i), people[i%3], state, "film.mkv")
		if state == face.RequestFailed {
			r.Failure = face.Failure{Code: netproto.CodeFileChanged}
		}
		out = append(out, r)
	}
	return people, in, out
}

func TestThePageOfThePeopleSaysWhyItIsEmptyNow(t *testing.T) {
	engine := newFake()
	engine.status.Connection = face.ConnectionNone
	d := newDesk(t, engine, Options{})
	d.window.goTo(pages.PlacePeople)
	d.reads("To see people, choose the tracker")
	engine.change(func(f *fakeEngine) { f.status.Connection = face.ConnectionConnected })
	d.reads("Nobody else is here yet")
	engine.change(func(f *fakeEngine) { f.status.Connection = face.ConnectionNone })
	d.reads("To see people, choose the tracker")
}

// point puts the pointer on the row of the people with a name.
func (d *desk) point(name string) {
	d.t.Helper()
	var found desktop.Hoverable
	d.until("there is a row of "+name, func() bool {
		walk(d.window.people().Screen(), func(o fyne.CanvasObject) {
			if row, ok := o.(desktop.Hoverable); ok && o.Size().Height < 60 && slices.Contains(linesIn(o), name) {
				found = row
			}
		})
		return found != nil
	})
	found.MouseIn(&desktop.MouseEvent{})
}

func (f *fakePeople) wasSent() []face.SendRequest {
	f.people.Lock()
	defer f.people.Unlock()
	return slices.Clone(f.sent)
}

func (f *fakePeople) stateOf(id string) face.RequestState {
	f.people.Lock()
	defer f.people.Unlock()
	for _, r := range append(slices.Clone(f.in), f.out...) {
		if r.ID == id {
			return r.State
		}
	}
	return ""
}

func TestWhatIsDroppedOnAPersonIsSentToThemAtOnceAndCanBeTakenBack(t *testing.T) {
	engine := newFake()
	grace, linus := someone(1, "Grace"), someone(2, "Linus")
	engine.list = []face.Person{grace, linus}
	engine.toSend = face.Review{Items: []face.ReviewItem{{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 5}}}
	d := openAt(t, engine, pages.PlacePeople)
	d.point("Linus")
	d.window.drops.arrived(urisOf(t, "/a/film.mkv"))
	d.until("it is sent", func() bool { return len(engine.wasSent()) == 1 })
	if got := engine.wasSent()[0]; got.To != linus.PeerID || len(got.Items) != 1 || got.Items[0].Path != "/a/film.mkv" {
		t.Errorf("it is sent as %+v", got)
	}
	engine.change(func(f *fakeEngine) {
		r := requestOf("1", linus, face.RequestWaiting, "film.mkv")
		f.out = []face.Request{r}
	})
	d.reads("Waiting for their answer: film.mkv")
	d.reads("film.mkv: Linus is asked to accept it.")
	d.tap("Take it back")
	d.until("it is withdrawn", func() bool { return engine.stateOf("1") == face.RequestWithdrawn })
}

func TestWhatIsDroppedBesideThePeopleIsShared(t *testing.T) {
	engine := newFake()
	engine.list = []face.Person{someone(1, "Grace")}
	engine.review = face.Review{Items: []face.ReviewItem{{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 5}}}
	d := openAt(t, engine, pages.PlacePeople)
	d.reads("Grace")
	d.window.drops.dropped(urisOf(t, "/a/film.mkv"))
	d.reads("Share these?")
	if sent := engine.wasSent(); len(sent) != 0 {
		t.Errorf("it was sent: %+v", sent)
	}
}

func TestASecretIsNotSentWithoutADecision(t *testing.T) {
	engine := newFake()
	grace := someone(1, "Grace")
	engine.list = []face.Person{grace}
	engine.toSend = face.Review{Items: []face.ReviewItem{{Path: "/a/work", Name: "work", Folder: true, Files: 3, Size: 5, Secrets: []face.SecretFile{{Path: ".env", Size: 1}}}}}
	d := openAt(t, engine, pages.PlacePeople)
	d.point("Grace")
	d.window.drops.dropped(urisOf(t, "/a/work"))
	d.reads("Send to Grace?")
	d.reads(".env")
	if sent := engine.wasSent(); len(sent) != 0 {
		t.Fatalf("it was sent: %+v", sent)
	}
	d.window.drops.reviewed.message.SetText("as promised")
	d.tap("Send")
	d.until("it is sent", func() bool { return len(engine.wasSent()) == 1 })
	if got := engine.wasSent()[0]; got.Message != "as promised" || len(got.Items[0].Allow) != 0 {
		t.Errorf("it is sent as %+v", got)
	}
}

func TestRequestsOfStrangersDoNotHideThoseOfPeopleWhoAreKnown(t *testing.T) {
	for name, know := range map[string]face.Known{"favourite": {Favourite: true}, "verified": {Verified: true}} {
		t.Run(name, func(t *testing.T) {
			engine := newFake()
			for i := range 20 {
				engine.in = append(engine.in, requestOf(fmt.Sprint(i), someone(i+1, fmt.Sprintf("Pest %d", i)), face.RequestWaiting, "x.exe"))
			}
			friend := someone(100, "Grace")
			friend.Known = know
			engine.list = append(engine.list, friend)
			engine.in = append([]face.Request{requestOf("friend", friend, face.RequestWaiting, "letter.txt")}, engine.in...) // the newest
			d := openAt(t, engine, pages.PlacePeople)
			d.reads("Grace wants to send you something")
			d.reads("Pest 19 wants to send you something") // the oldest of the others
			d.reads("19 more requests wait for an answer")
		})
	}
}

func TestManyRequestsAreTwoCardsAndALine(t *testing.T) {
	engine := newFake()
	for i := range 20 {
		r := requestOf(fmt.Sprint(i), someone(i, fmt.Sprintf("Pest\x1b[31m %d", i)), face.RequestWaiting, strings.Repeat("x", 255), "\u202egpj.exe")
		r.Message = "look\nat\nthis " + strings.Repeat("!", 400)
		engine.in = append([]face.Request{r}, engine.in...)
	}
	d := openAt(t, engine, pages.PlacePeople)
	d.reads("18 more requests wait for an answer")
	cards := 0
	for _, text := range linesIn(d.window.people().Screen()) {
		if strings.HasSuffix(text, "wants to send you something") {
			cards++
		}
	}
	for _, text := range d.texts() {
		if strings.ContainsAny(text, "\x1b\u202e\n") {
			t.Errorf("control characters are shown: %q", text)
		}
	}
	if cards != 2 {
		t.Errorf("%d requests are cards", cards)
	}
	d.tap("Decline all")
	d.until("all are declined", func() bool {
		return engine.stateOf("0") == face.RequestDeclined && engine.stateOf("19") == face.RequestDeclined
	})
	engine.change(func(*fakeEngine) {})
	d.until("the cards are gone", func() bool { return !d.shows("wants to send you") })
}

func TestARequestIsAcceptedWithOneClickAndLeadsToTheDownload(t *testing.T) {
	engine := newFake()
	engine.in = []face.Request{requestOf("7", someone(1, "Grace"), face.RequestWaiting, "film.mkv")}
	engine.status.Counts.Requests = 1
	d := openAt(t, engine, pages.PlacePeople)
	d.reads("Grace wants to send you something")
	d.reads("1 file · 4.0 MB · film.mkv")
	d.tap("Accept")
	d.until("it is accepted", func() bool { return engine.stateOf("7") == face.RequestAccepted })
	d.tap("Show")
	if d.window.place != pages.PlaceDownloads {
		t.Error("nothing leads to the download")
	}
}

func TestAThousandPeopleAreAListOfTheRowsThatAreSeen(t *testing.T) {
	engine := newFake()
	for i := range face.MaxPeople {
		engine.list = append(engine.list, someone(i, fmt.Sprintf("Person %04d", i)))
	}
	d := openAt(t, engine, pages.PlacePeople)
	d.reads("Person 0000")
	rows := 0
	walk(d.window.people().Screen(), func(o fyne.CanvasObject) {
		if _, ok := o.(*drawings.Portrait); ok {
			rows++
		}
	})
	if rows == 0 || rows > 40 {
		t.Errorf("%d of 1000 rows are drawn", rows)
	}
}

func TestAPersonsPageShowsTheirSharesAsATreeAndDownloadsWhatIsTicked(t *testing.T) {
	engine := newFake()
	grace := someone(1, "Grace")
	engine.list = []face.Person{grace}
	engine.browse = []face.Hit{hit(8, "b.jpg", 20, netproto.KindImage, 1), hit(1, "Holidays", 30, netproto.KindFolder, 1), hit(5, "song.flac", 50, netproto.KindAudio, 1)}
	engine.folder = face.Folder{Files: []face.FolderFile{
		{FolderEntry: netproto.FolderEntry{Path: "a.jpg", Size: 10, Hash: hashOf(7)}}, {FolderEntry: netproto.FolderEntry{Path: "b.jpg", Size: 20, Hash: hashOf(8)}}}}
	d := openAt(t, engine, pages.PlacePeople)
	d.reads("Grace")
	d.window.GoToPerson(grace.PeerID)
	d.reads("song.flac")
	d.until("the files of the folder do not stand beside it", func() bool { return d.shows("Holidays") && !d.shows("b.jpg") })
	tree := treeIn(d.window.people().Screen())
	tree.OpenAllBranches()
	d.reads("a.jpg")
	d.tick("b.jpg")
	d.tick("song.flac")
	d.reads("2 selected, 70 B")
	d.tap("Download")
	d.did("download Holidays [b.jpg]")
	d.did("download song.flac []")
	d.key(fyne.KeyEscape)
	d.reads("Find in this list")
}

// treeIn returns the tree in an object.
func treeIn(object fyne.CanvasObject) (tree *kit.Tree) {
	walk(object, func(o fyne.CanvasObject) {
		if found, ok := o.(*kit.Tree); ok {
			tree = found
		}
	})
	return tree
}

// tick presses the box in the row of the page that reads name.
func (d *desk) tick(name string) {
	d.t.Helper()
	d.tickIn(d.window.win.Canvas().Content(), name)
}

func (d *desk) tickIn(object fyne.CanvasObject, name string) {
	d.t.Helper()
	var box *kit.Check
	walk(object, func(o fyne.CanvasObject) {
		row, ok := o.(*ticks.Row)
		if !ok || !slices.Contains(linesIn(row), name) {
			return
		}
		walk(row, func(o fyne.CanvasObject) {
			if check, ok := o.(*kit.Check); ok {
				box = check
			}
		})
	})
	if box == nil {
		d.t.Fatalf("no row %q can be ticked", name)
	}
	box.SetChecked(!box.Checked)
}

func TestAPersonIsVerifiedByWordsAndBlockedWithAWayBack(t *testing.T) {
	engine := newFake()
	grace := someone(1, "Grace")
	engine.list = []face.Person{grace}
	known := func() face.Known {
		person, err := engine.Person(t.Context(), grace.PeerID)
		if err != nil {
			t.Fatal(err)
		}
		return person.Known
	}
	d := openAt(t, engine, pages.PlacePeople)
	d.reads("Grace")
	d.window.GoToPerson(grace.PeerID)
	d.tap("Verify…")
	d.reads("echo")
	d.tap("The words are the same")
	d.until("she is verified", func() bool { return known().Verified })
	d.tap("Add to favourites")
	d.until("she is a favourite", func() bool { return known() == face.Known{Verified: true, Favourite: true} })
	d.tap("More actions")
	d.chooseInMenu("Block Grace")
	d.until("she is blocked", func() bool { return known().Blocked })
	d.reads("Grace is blocked")
	d.tap("Undo")
	d.until("she is not blocked", func() bool { return known() == face.Known{Verified: true, Favourite: true} })
}

// chooseInMenu chooses an entry of the menu that is open.
func (d *desk) chooseInMenu(text string) {
	d.t.Helper()
	var found fyne.Tappable
	walk(d.window.win.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		item, ok := o.(fyne.Tappable)
		if !ok {
			return
		}
		walk(o, func(o fyne.CanvasObject) {
			if label, ok := o.(*canvas.Text); ok && label.Text == text {
				found = item
			}
		})
	})
	if found == nil {
		d.t.Fatalf("no menu has %q", text)
	}
	test.Tap(found)
}

func TestWhoMaySeeAShareIsSeenAndChanged(t *testing.T) {
	engine := newFake()
	grace := someone(1, "Grace")
	engine.list = []face.Person{grace, someone(2, "Linus")}
	engine.shares = []face.Share{{ID: "1", Name: "film.mkv", Path: "/a/film.mkv", State: face.ShareShared, Visible: face.VisibleLink, Left: 3},
		{ID: "2", Name: "old.mkv", Path: "/a/old.mkv", State: face.ShareEnded}}
	engine.visible = face.Visible{To: face.VisibleLink, Count: 3}
	d := openAt(t, engine, pages.PlaceShared)
	d.reads("With the link · 3 more downloads")
	d.reads("Ended")
	listOf[face.Share](d).SelectOnly(0)
	chooseItem(t, listOf[face.Share](d).Menu(), "Who can see it…")
	d.reads("film.mkv: who can see it?")
	selectOf(d, "Only with the link").SetSelected("Only chosen people")
	d.reads("Linus")
	d.tap("Save")
	d.reads("Choose at least one person.")
	d.tickIn(d.window.win.Canvas().Overlays().Top(), "Grace")
	d.tap("Save")
	d.until("it is changed", func() bool {
		now, _ := engine.VisibleTo(t.Context(), "1")
		return now.To == face.VisiblePeople && slices.Equal(now.People, []netproto.PublicKey{grace.Key}) && now.Count == 3
	})
}

// selectOf returns the choice in the window that has an option.
func selectOf(d *desk, option string) (found *kit.Select) {
	d.t.Helper()
	c := d.window.win.Canvas()
	for _, object := range append([]fyne.CanvasObject{c.Content()}, c.Overlays().List()...) {
		walk(object, func(o fyne.CanvasObject) {
			if s, ok := o.(*kit.Select); ok && slices.Contains(s.Options, option) {
				found = s
			}
		})
	}
	if found == nil {
		d.t.Fatalf("nothing offers %q", option)
	}
	return found
}

func TestAReviewSharesWithWhomThePersonChose(t *testing.T) {
	engine := newFake()
	engine.review = face.Review{Items: []face.ReviewItem{{Path: "/a/film.mkv", Name: "film.mkv", Files: 1, Size: 5}}}
	d := openAt(t, engine, pages.PlaceShared)
	d.window.drops.dropped(urisOf(t, "/a/film.mkv"))
	d.reads("film.mkv")
	selectOf(d, "Everybody can see it").SetSelected("Only with the link")
	selectOf(d, "Ends in a week").SetSelected("Ends after 1 download")
	d.tap("Share")
	d.did("share [{/a/film.mkv [] []}]")
	engine.people.Lock()
	defer engine.people.Unlock()
	if engine.visible.To != face.VisibleLink || engine.visible.Count != 1 {
		t.Errorf("it is visible as %+v", engine.visible)
	}
}

func TestAnUploadIsStoppedFromItsRowAndLeadsToItsPerson(t *testing.T) {
	engine := newFake()
	grace := someone(1, "Grace")
	engine.list = []face.Person{grace}
	engine.uploads = []face.Upload{{ID: "u1", Name: "film.mkv", Peer: "Grace", PeerID: grace.PeerID, State: face.UploadSending, Size: 10}}
	d := openAt(t, engine, pages.PlaceUploads)
	d.tap("Stop this upload")
	d.until("it is stopped", func() bool {
		engine.people.Lock()
		defer engine.people.Unlock()
		return slices.Equal(engine.stopped, []string{"u1"})
	})
	d.tap("Go to Grace")
	d.reads("This person shares nothing with everybody.")
}

func TestOwnersStandInTheResultsAndLeadToTheirPages(t *testing.T) {
	engine := newFake()
	grace := someone(1, "Grace")
	engine.list = []face.Person{grace}
	engine.browse = []face.Hit{hit(5, "song.flac", 50, netproto.KindAudio, 1)}
	found := hit(1, "film.mkv", 10, netproto.KindVideo, 1)
	found.Owners[0] = netproto.Owner{PeerID: grace.PeerID, Name: "Grace"}
	engine.search = answers(found)
	d := newDesk(t, engine, Options{})
	d.reads("film.mkv")
	d.reads("Grace")
	listOf[face.Hit](d).SelectOnly(0)
	chooseItem(t, listOf[face.Hit](d).Menu(), "Go to Grace")
	d.reads("song.flac")
	if d.window.place != pages.PlacePeople {
		t.Error("another page is shown")
	}
}
