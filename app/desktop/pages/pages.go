//go:build !darwin || cgo

// Package pages is what the pages of the window have in common; each page, or pair of pages, has
// a room below it. A page shows what the engine knows and passes on what the person wants. It
// knows the window around it only as [Window], and no other page: what leads to another page goes
// through Window.GoTo.
//
// A page is made and changed on the UI thread. Only Pull runs beside it.
//
// Every file carries the constraint "!darwin || cgo", because Fyne's widgets do not
// compile for macOS without cgo, where the headless build is still made with
// ./... .
package pages

import (
	"context"
	"errors"
	"time"

	"centralizedp2p/app/desktop/kit/lists"
	"centralizedp2p/app/desktop/kit/sheets"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Place is a page, in the order of the sidebar.
type Place int

// The pages.
const (
	PlacePeople Place = iota
	PlaceSearch
	PlaceDownloads
	PlaceUploads
	PlaceShared
	PlaceTracker
	PlaceSettings
	PlaceCount
)

var placeNames = [PlaceCount]words.Phrase{
	PlacePeople:    "People",
	PlaceSearch:    "Search",
	PlaceDownloads: "Downloads",
	PlaceUploads:   "Uploads",
	PlaceShared:    "Shared",
	PlaceTracker:   "Tracker",
	PlaceSettings:  "Settings",
}

// Name is what the sidebar, the menus and the page itself call a page.
func (p Place) Name() words.Phrase { return placeNames[p] }

// Window is what the pages need of the window around them. All of it is called on
// the UI thread and returns without waiting.
type Window interface {
	// Host is what lists and tables borrow.
	Host() lists.Host
	// Sheets lie above the pages until the person decides.
	Sheets() *sheets.Sheets
	// Status is what the frame of the window shows.
	Status() face.Status
	// GoTo shows a page, unless it is shown already.
	GoTo(place Place)
	// Start runs work in a goroutine. The context of work ends after a minute, and
	// when the window closes. What work returns, if anything, then runs on the UI
	// thread, unless the window was closed meanwhile.
	Start(work func(context.Context) func())
	// Follow is Start for work that the person waits for and can stop: its context ends
	// after an hour.
	Follow(work func(context.Context) func())
	// After runs f once wait has passed. forget prevents that.
	After(wait time.Duration, f func()) (forget func())
	// Act hands an action to the engine. It shows a failure; after success it runs
	// done, unless that is nil. Then it pokes.
	Act(action func(context.Context) error, done func())
	// GoToPerson shows the page of a person.
	GoToPerson(person netproto.PeerID)
	// Shows reports whether the person sees a page now.
	Shows(place Place) bool
	// Poke has the page that is shown pulled as soon as possible.
	Poke()
	// Fail shows an error that has no place on the page. It shows [ErrSlow] in words
	// of its own, and an error of a canceled context not at all.
	Fail(err error)
	// Tell says that something was done.
	Tell(text string)
	// TellNext says that something was done, and offers the next step on a button.
	TellNext(text, step string, take func())
	// Copy copies text to the clipboard, and tells said.
	Copy(text, said string)
	// Elsewhere reports whether the pages show a peer on another computer: nothing there
	// can be opened here.
	Elsewhere() bool
	// OpenPath opens a file or folder with the program that the system chose for it,
	// or shows why not.
	OpenPath(path string)
	// ShowInFolder opens the folder of a file or folder, with that selected.
	ShowInFolder(path string)
	// Play opens a file that is not complete yet with the program that the system chose
	// for it.
	Play(preview face.Preview)
}

// ErrSlow stands for an engine that did not answer in time.
var ErrSlow = errors.New("the engine did not answer in time")

// SlowWords says that the engine did not answer in time.
func SlowWords() words.Message {
	return words.Message{
		What: words.L("Timed out"),
		Next: words.L("Try again; if it keeps failing, copy the diagnostics in Settings and report it."),
	}
}

// InTime returns ErrSlow if err is not nil and the deadline of ctx has passed, else
// err.
func InTime(ctx context.Context, err error) error {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return ErrSlow
	}
	return err
}

// Ask gets a value from the engine and hands it to answer on the UI thread. The
// error is ErrSlow if the engine did not answer in time.
func Ask[T any](w Window, question func(context.Context) (T, error), answer func(T, error)) {
	w.Start(func(ctx context.Context) func() {
		value, err := question(ctx)
		return func() { answer(value, InTime(ctx, err)) }
	})
}

// Stoppable returns a question that can be stopped, before it is asked or while it
// is.
func Stoppable[T any](question func(context.Context) (T, error)) (asked func(context.Context) (T, error), stop func()) {
	stopped, stop := context.WithCancel(context.Background())
	return func(ctx context.Context) (T, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		return question(ctx)
	}, stop
}

// ListFolder fetches the list of files in a folder for a sheet. then gets it on
// the UI thread, unless the sheet was closed meanwhile.
func ListFolder(w Window, engine face.Search, opened *sheets.Sheet, folder netproto.ContentHash, then func(face.Folder, error)) {
	list, stop := Stoppable(func(ctx context.Context) (face.Folder, error) { return engine.FolderContents(ctx, folder) })
	gone := false
	opened.Gone = func() {
		gone = true
		stop()
	}
	Ask(w, list, func(contents face.Folder, err error) {
		if !gone {
			then(contents, err)
		}
	})
}
