package node_test

import (
	"slices"
	"strings"
	"testing"

	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
)

func TestThePersonsWordComesBeforeALinkAndBeforeTheSettings(t *testing.T) {
	key, other := netproto.Fingerprint{1}, netproto.Fingerprint{2}
	settings := library.Settings{Tracker: "main:5000", MoreTrackers: []string{"more:5000", "main:5000"}}
	link := at("linked:5000", key)
	for _, c := range []struct {
		name     string
		settings library.Settings
		named    []netproto.Link
		link     *netproto.Link
		want     []node.Choice
	}{
		{name: "nothing was ever chosen", want: []node.Choice{{Link: at("127.0.0.1:5000", netproto.Fingerprint{})}}},
		{name: "the settings", settings: settings, want: []node.Choice{{Link: at("main:5000", netproto.Fingerprint{})}, {Link: at("more:5000", netproto.Fingerprint{})}}},
		{name: "settings without a main one", settings: library.Settings{MoreTrackers: []string{"more:5000"}}, want: []node.Choice{{Link: at("more:5000", netproto.Fingerprint{})}}},
		{name: "a link", settings: settings, link: &link, want: []node.Choice{{Link: link}}},
		{name: "named, with a link elsewhere", settings: settings, named: []netproto.Link{at("named:5000", netproto.Fingerprint{})}, link: &link,
			want: []node.Choice{{Link: at("named:5000", netproto.Fingerprint{})}}},
		{name: "named, with a link there", named: []netproto.Link{at("linked:5000", netproto.Fingerprint{})}, link: &link, want: []node.Choice{{Link: link}}},
		{name: "named with a key, with a link there", named: []netproto.Link{at("linked:5000", other)}, link: &link,
			want: []node.Choice{{Link: at("linked:5000", other), Vouched: true}}},
		{name: "named twice", named: []netproto.Link{at("a:1", key), at("b:1", netproto.Fingerprint{}), at("a:1", other)},
			want: []node.Choice{{Link: at("a:1", key), Vouched: true}, {Link: at("b:1", netproto.Fingerprint{})}}},
	} {
		if got := node.Choose(c.settings, c.named, c.link); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v, not %+v", c.name, got, c.want)
		}
	}
}

func TestATrackerIsReadAsItWasPasted(t *testing.T) {
	for text, want := range map[string]string{
		" h:6000\n": "h:6000", "<h>": "h:5000", "\"h\"": "h:5000", "“192.0.2.7”,": "192.0.2.7:5000", "(2001:db8::1)": "[2001:db8::1]:5000",
		" [2001:db8::1] ": "[2001:db8::1]:5000", "[fe80::1%eth0]:6000": "[fe80::1%eth0]:6000", "\u00a0«cp2p://h»": "h:5000", "<cp2p://[::1]>": "[::1]:5000",
		"[our tracker](cp2p://h)": "h:5000", "It is cp2p://h?": "h:5000", "&lt;cp2p://h:1&gt;": "h:1", `<a href="cp2p://h">ours</a>`: "h:5000",
		"* CP2P://h\\": "h:5000", "see cp2p://h?x=1 and come": "h:5000", "> cp2p://h": "h:5000", "Link: cp2p://[::1]": "[::1]:5000", "http://h:6000/": "h:6000", "<https://[::1]:6000>": "[::1]:6000", "h:6000/": "h:6000",
	} {
		if got, err := node.ParseTracker(text); err != nil || got.Tracker != want {
			t.Errorf("%q is %q, %v; not %q", text, got.Tracker, err, want)
		}
		if link := strings.Contains(strings.ToLower(text), "cp2p"); node.IsLink(text) != link {
			t.Errorf("%q is a link: %v", text, !link)
		}
	}
}

func TestATrackerThatDoesNotAnswerIsKeptBehindTheOthers(t *testing.T) {
	silent, tracker, n := at("127.0.0.1:1", netproto.Fingerprint{}), startTracker(t, "", ""), openNode(t, node.Options{SeedClients: netproto.SeedOff})
	ts, failures, err := node.AskAll(deadline(t), n.Library, []node.Choice{{Link: silent}, {Link: at(tracker.Address, netproto.Fingerprint{})}}, nil)
	check(t, err)
	if len(failures) != 1 || netproto.CodeOf(failures[0]) != netproto.CodeUnreachable || len(ts.Answered) != 1 || ts.Main().Address() != tracker.Address {
		t.Errorf("%d answered, the main one is %s, the failures are %v", len(ts.Answered), ts.Main().Address(), failures)
	}
	ts.Use(n.Engine)
	var used []string
	for _, s := range n.Engine.Trackers.Statuses() {
		used = append(used, s.Address)
	}
	if !slices.Equal(used, []string{tracker.Address, silent.Tracker}) {
		t.Errorf("the engine uses %v", used)
	}
	_, failures, err = node.AskAll(deadline(t), n.Library, []node.Choice{{Link: silent}}, nil)
	refused(t, err, netproto.CodeUnreachable)
	if len(failures) != 1 {
		t.Errorf("the failures are %v", failures)
	}
}

func TestATrackerIsEitherTheMainOneOrBesideIt(t *testing.T) {
	var s library.Settings
	before := s.MoreTrackers
	node.MakeMain(&s, "a:1")
	node.MakeBeside(&s, "b:1")
	node.MakeBeside(&s, "c:1")
	node.MakeBeside(&s, "b:1")
	if s.Tracker != "a:1" || !slices.Equal(s.MoreTrackers, []string{"c:1", "b:1"}) || len(before) != 0 {
		t.Errorf("%s and %v", s.Tracker, s.MoreTrackers)
	}
	node.MakeMain(&s, "b:1")
	node.LeaveBeside(&s, "nobody:1")
	if s.Tracker != "b:1" || !slices.Equal(s.MoreTrackers, []string{"c:1"}) {
		t.Errorf("%s and %v", s.Tracker, s.MoreTrackers)
	}
}

func FuzzParseTracker(f *testing.F) {
	for _, seed := range []string{"", "tracker.example", " 203.0.113.7:5001 ", "[2001:db8::1]:5000", "2001:db8::1", "http://host/", "host:99999",
		"cp2p://203.0.113.7:5000", "CP2P://host?tracker=aaaa", "cp2p://"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		link, err := node.ParseTracker(text)
		address := link.Tracker
		if err != nil {
			if code := netproto.CodeOf(err); code != netproto.CodeInvalid {
				t.Errorf("%q: the code is %s", text, code)
			}
			return
		}
		again, err := node.ParseTracker(address)
		if err != nil || again.Tracker != address {
			t.Errorf("%q gives %q, which gives %q, %v", text, address, again.Tracker, err)
		}
	})
}
