package drive

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
	"centralizedp2p/tracker/cli"
)

// Memory is what is remembered of trackers and which of them are used: a
// library, or a glance at one that another process has.
type Memory interface {
	node.Memory
	Settings() (library.Settings, error)
	SaveSettings(library.Settings) error
	Trackers() ([]library.Tracker, error) // that were reached before
}

// OpenTrackers asks the trackers that --tracker, a link or the settings name. A
// tracker that does not answer is reported on stderr; only if none answers, the
// first failure is the error. The first tracker named is the default from then
// on; a link is a visit, unless no tracker was known before it.
func (d *Driver) OpenTrackers(ctx context.Context, known Memory, link *netproto.Link) (node.Trackers, error) {
	settings, err := known.Settings()
	if err != nil {
		return node.Trackers{}, err
	}
	named, err := d.NamedTrackers()
	if err != nil {
		return node.Trackers{}, err
	}
	reached, err := known.Trackers()
	if err != nil {
		return node.Trackers{}, err
	}
	visit := link != nil && len(named) == 0
	chosen := node.Choose(settings, named, link)
	ts, failures, err := node.AskAll(ctx, known, chosen, func(r node.Replaced) {
		d.Notice(screen.Notice{Code: screen.NoticeKeyChanged, Tracker: r.Address, Message: fmt.Sprintf(
			"the tracker %s now has the key %s, as the link after --tracker says; it is trusted from now on, and %s no longer", r.Address, r.New, r.Old)})
	})
	if err != nil {
		return node.Trackers{}, lookout.Replaceable(err)
	}
	for _, err := range failures {
		d.Notice(screen.Notice{Code: screen.NoticeTrackerLost, Message: "going on without a tracker: " + cli.Sentence(lookout.Replaceable(err))})
	}
	main := chosen[0].Tracker
	if settings.Tracker == main || settings.Tracker != "" && len(named) == 0 || visit && len(reached) > 0 {
		return ts, nil
	}
	if visit {
		d.Notice(screen.Notice{Code: screen.NoticeTrackerDefault, Tracker: main,
			Message: "the tracker of the link, " + main + ", is the default from now on, because no other was known; --tracker names another one"})
	}
	node.MakeMain(&settings, main)
	if err := known.SaveSettings(settings); err != nil {
		ts.Close()
		return node.Trackers{}, err
	}
	return ts, nil
}

// maxTyped bounds what is read from standard input, in bytes.
const maxTyped = 64 << 10

// NamedTrackers reads what the person gave with --tracker; "-" is a line of standard
// input.
func (d *Driver) NamedTrackers() ([]netproto.Link, error) {
	var named []netproto.Link
	var typed *bufio.Scanner
	for _, text := range d.Trackers {
		if text == "-" { // an invite does not belong in the list of processes
			if typed == nil {
				typed = bufio.NewScanner(io.LimitReader(d.In, maxTyped))
			}
			typed.Scan()
			text = typed.Text()
		}
		t, err := node.ParseTracker(text)
		if err != nil {
			refused := netproto.Recode(netproto.CodeUsage, err)
			refused.Detail = "--tracker: " + refused.Detail
			return nil, refused
		}
		named = append(named, t)
	}
	return named, nil
}

// OpenProfile opens the library. If another process has it, or it cannot be written,
// a glance at it is enough for a search.
func (d *Driver) OpenProfile() (interface {
	Memory
	io.Closer
}, error) {
	dir, err := d.ProfileDir()
	if err != nil {
		return nil, err
	}
	l, err := library.Open(dir)
	if netproto.CodeOf(err) == netproto.CodeProfileInUse || errors.Is(err, fs.ErrPermission) || oserror.ReadOnly(err) {
		return library.GlanceAt(dir)
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}
