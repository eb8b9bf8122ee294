package node

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// localTracker is asked if no tracker was ever chosen.
const localTracker = "127.0.0.1:5000"

// ParseTracker reads what a person says or pastes about a tracker: HOST, HOST:PORT,
// or a link, from which it takes the tracker, its key and the invite. "invalid" if it
// is none of them.
func ParseTracker(text string) (netproto.Link, error) {
	link, err := parseTracker(text)
	if err != nil {
		return netproto.Link{}, netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	return link, nil
}

func parseTracker(text string) (netproto.Link, error) {
	if IsLink(text) {
		return netproto.ParseLink(text)
	}
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "[") {
		text = trimmed // its brackets are those of an IPv6 address
	} else {
		text = netproto.Pasted(text)
	}
	for _, scheme := range []string{"http://", "https://"} { // of its page in a browser
		if page, ok := strings.CutPrefix(text, scheme); ok && strings.Contains(page, ":") {
			text = page
		}
	}
	text = strings.TrimSuffix(text, "/")
	if strings.Contains(text, "/") { // http://HOST, which is no strange port
		return netproto.Link{}, fmt.Errorf("%q is not the address of a tracker: HOST or HOST:PORT is", text)
	}
	address, err := netproto.TrackerAddress(text)
	return netproto.Link{Tracker: address, Size: -1}, err
}

// IsLink reports whether text is meant as a cp2p:// link, with or without what was
// copied around it.
func IsLink(text string) bool {
	return strings.HasPrefix(strings.ToLower(netproto.Pasted(text)), netproto.LinkScheme+"://")
}

// Choice is a tracker to use.
type Choice struct {
	netproto.Link
	// Vouched means that the person gave the tracker's key: it replaces a known
	// one.
	Vouched bool
}

// Choose lists the trackers to use, each once, the main one first: those that
// the person named; otherwise that of the link to what the person wants, if
// link is not nil; otherwise those in the settings; otherwise one on this
// computer.
func Choose(s library.Settings, named []netproto.Link, link *netproto.Link) []Choice {
	var list []Choice
	add := func(t netproto.Link, vouched bool) {
		if !slices.ContainsFunc(list, func(o Choice) bool { return o.Tracker == t.Tracker }) {
			list = append(list, Choice{t, vouched})
		}
	}
	for _, t := range named {
		vouched := !t.Fingerprint.IsZero()
		if !vouched && link != nil && link.Tracker == t.Tracker {
			t.Fingerprint = link.Fingerprint
		}
		add(t, vouched)
	}
	if len(list) == 0 && link != nil {
		add(*link, false)
	}
	if len(list) == 0 {
		for _, address := range append([]string{s.Tracker}, s.MoreTrackers...) {
			if address != "" {
				add(netproto.Link{Tracker: address}, false)
			}
		}
	}
	if len(list) == 0 {
		add(netproto.Link{Tracker: localTracker}, false)
	}
	return list
}

// Trackers are clients of several trackers. The first one is the main one.
type Trackers struct {
	Answered membership.Trackers // never empty
	all      []*trackerclient.Client
}

// Main returns the client of the main tracker, which has answered.
func (ts Trackers) Main() *trackerclient.Client { return ts.all[0] }

// Silent returns the addresses of those that did not answer.
func (ts Trackers) Silent() []string {
	var list []string
	for _, c := range ts.all {
		if !slices.Contains(ts.Answered, membership.Tracker(c)) {
			list = append(list, c.Address())
		}
	}
	return list
}

// Close closes the clients, unless an engine has them.
func (ts Trackers) Close() {
	for _, c := range ts.all {
		c.Close()
	}
}

// Use hands the clients to an engine, which joins the trackers and closes the
// clients in the end.
func (ts Trackers) Use(e *peer.Engine) {
	e.Trackers.Use(ts.all[0])
	for _, c := range ts.all[1:] {
		e.Trackers.Add(c)
	}
}

// Replaced is a key that a tracker no longer has, see [Choice.Vouched].
type Replaced struct {
	Address  string
	Old, New netproto.Fingerprint
}

// AskAll asks the chosen trackers; see [Ask] and, for those that the person
// vouches for, [ReplaceKey]. Those that do not answer are kept behind those
// that do, for the engine to try again; failures says why, in the order of the
// choices. If none answers, err is the first failure. onReplaced, if not nil,
// learns which keys were replaced.
func AskAll(ctx context.Context, m Memory, chosen []Choice, onReplaced func(Replaced)) (ts Trackers, failures []error, err error) {
	var silent []*trackerclient.Client
	for _, c := range chosen {
		client, err := askOne(ctx, m, c, onReplaced)
		if err == nil {
			ts.all, ts.Answered = append(ts.all, client), append(ts.Answered, client)
			continue
		}
		failures = append(failures, err)
		if later, err := Client(m, c.Link); err == nil {
			silent = append(silent, later)
		}
	}
	ts.all = append(ts.all, silent...)
	if len(ts.Answered) == 0 {
		ts.Close()
		return Trackers{}, failures, failures[0]
	}
	return ts, failures, nil
}

func askOne(ctx context.Context, m Memory, c Choice, onReplaced func(Replaced)) (*trackerclient.Client, error) {
	if known, trusted := m.KnownTracker(c.Tracker); c.Vouched && trusted && known != c.Fingerprint {
		if err := ReplaceKey(ctx, m, c.Tracker, c.Fingerprint); err != nil {
			return nil, err
		}
		if onReplaced != nil {
			onReplaced(Replaced{c.Tracker, known, c.Fingerprint})
		}
	}
	return Ask(ctx, m, c.Link)
}

// MakeMain makes a tracker the main one in the settings.
func MakeMain(s *library.Settings, address string) {
	LeaveBeside(s, address)
	s.Tracker = address
}

// MakeBeside adds a tracker to those beside the main one.
func MakeBeside(s *library.Settings, address string) {
	LeaveBeside(s, address)
	s.MoreTrackers = append(s.MoreTrackers, address)
}

// LeaveBeside removes a tracker from those beside the main one.
func LeaveBeside(s *library.Settings, address string) {
	s.MoreTrackers = slices.DeleteFunc(slices.Clone(s.MoreTrackers), func(a string) bool { return a == address })
}
