package command

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/tracker/cli"
)

// profile is what is remembered of trackers and which of them are used: a
// library, or a glance at one that another process has.
type profile interface {
	node.Memory
	Settings() (library.Settings, error)
	SaveSettings(library.Settings) error
	Trackers() ([]library.Tracker, error) // that were reached before
}

// openTrackers asks the trackers that --tracker, a link or the settings name. A
// tracker that does not answer is reported on stderr; only if none answers, the
// first failure is the error. The first tracker named is the default from then
// on; a link is a visit, unless no tracker was known before it.
func (p *program) openTrackers(ctx context.Context, known profile, link *netproto.Link) (node.Trackers, error) {
	settings, err := known.Settings()
	if err != nil {
		return node.Trackers{}, err
	}
	named, err := p.namedTrackers()
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
		p.notice(noticeEvent{Code: noticeKeyChanged, Tracker: r.Address, Message: fmt.Sprintf(
			"the tracker %s now has the key %s, as the link after --tracker says; it is trusted from now on, and %s no longer", r.Address, r.New, r.Old)})
	})
	if err != nil {
		return node.Trackers{}, replaceable(err)
	}
	for _, err := range failures {
		p.notice(noticeEvent{Code: noticeTrackerLost, Message: "going on without a tracker: " + cli.Sentence(replaceable(err))})
	}
	main := chosen[0].Tracker
	if settings.Tracker == main || settings.Tracker != "" && len(named) == 0 || visit && len(reached) > 0 {
		return ts, nil
	}
	if visit {
		p.notice(noticeEvent{Code: noticeTrackerDefault, Tracker: main,
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

// namedTrackers reads what the person gave with --tracker; "-" is a line of standard
// input.
func (p *program) namedTrackers() ([]netproto.Link, error) {
	var named []netproto.Link
	var typed *bufio.Scanner
	for _, text := range p.trackers {
		if text == "-" { // an invite does not belong in the list of processes
			if typed == nil {
				typed = bufio.NewScanner(io.LimitReader(p.In, maxTyped))
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

// replaceable adds to an error about a changed key how a person trusts the new
// one.
func replaceable(err error) error {
	if netproto.CodeOf(err) != netproto.CodeKeyChanged {
		return err
	}
	changed := netproto.Recode(netproto.CodeKeyChanged, err)
	changed.Detail += "; a link with the new key, given with --tracker, replaces the known one"
	return changed
}
