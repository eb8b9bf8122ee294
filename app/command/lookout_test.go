package command

import (
	"bytes"
	"strings"
	"testing"

	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

func TestWhatHappensToATrackerIsToldOnce(t *testing.T) {
	var out, told bytes.Buffer
	p := &program{Streams: Streams{Out: &out, Err: &told}, json: true}
	l := &lookout{program: p, trackers: map[string]string{"silent:5000": noticeTrackerLost}}
	failed := func(code netproto.Code) error { return netproto.Errorf(code, "h:5000") }
	for _, s := range []struct {
		state membership.State
		err   error
		code  string // of the notice; "" for none
	}{
		{membership.StateConnecting, nil, ""},
		{membership.StateConnected, nil, ""},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), noticeTrackerLost},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), ""},
		{membership.StateReconnecting, failed(netproto.CodeTooMany), ""},
		{membership.StateConnected, nil, noticeTrackerBack},
		{membership.StateConnected, nil, ""},
		{membership.StateReconnecting, failed(netproto.CodeBanned), noticeRefused},
		{membership.StateReconnecting, failed(netproto.CodeBanned), ""},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), ""},
		{membership.StateConnected, nil, noticeTrackerBack},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), noticeTrackerLost},
		{membership.StateKeyChanged, failed(netproto.CodeKeyChanged), noticeKeyChanged},
		{membership.StateKeyChanged, failed(netproto.CodeKeyChanged), ""},
		{membership.StateConnected, nil, noticeTrackerBack},
	} {
		out.Reset()
		told.Reset()
		l.tracker(membership.Status{Address: "h:5000", State: s.state, Err: s.err})
		want := 0
		if s.code != "" {
			want = 1
		}
		if strings.Count(told.String(), "\n") != want || strings.Count(out.String(), `"code":"`+s.code+`"`) != want {
			t.Errorf("%s, %v: it tells %q and %s", s.state, s.err, told.String(), out.String())
		}
	}
	out.Reset()
	l.tracker(membership.Status{Address: "silent:5000", State: membership.StateReconnecting, Err: failed(netproto.CodeUnreachable)})
	if out.Len() != 0 {
		t.Errorf("what the person knows is told again: %s", out.String())
	}
}

func TestALinkThatIsGoodForNobodyElseIsTold(t *testing.T) {
	for address, says := range map[string]string{
		"127.0.0.1:5000": "only this computer", "[::1]:5000": "only this computer", "localhost:5000": "only this computer", "a.localhost:80": "only this computer",
		"[fe80::1%eth0]:5000": "whose zone", "192.168.7.5:5000": "", "tracker.example:5000": "", "[2001:db8::1]:5000": "",
	} {
		if why := onlyHere(address); says == "" && why != "" || !strings.Contains(why, says) {
			t.Errorf("%s: %q", address, why)
		}
	}
}

func TestWhatAShareLeavesOutIsCountedAndNamed(t *testing.T) {
	s := sharing.Share{Omitted: sharing.Omitted{
		Counts: map[sharing.Reason]int{sharing.Unreadable: 4, sharing.Link: 1, "later": 2},
		Named:  []sharing.LeftOut{{Path: "a", Why: sharing.Unreadable}, {Path: "b\x1b", Why: sharing.Unreadable}, {Path: "c", Why: sharing.Unreadable}, {Path: "d", Why: sharing.Unreadable}},
	}}
	s.Path = "/album"
	p := &program{}
	if got := p.leftOut(s).Message; got != `/album: left out of the share: 4 cannot be read (a, b\u{1b}, c, …), 1 is a symbolic link, 2 for another reason; --verbose names them` {
		t.Error(got)
	}
	p.verbose = true
	if n := p.leftOut(s); len(n.Names) != 4 || strings.Contains(n.Message, "--verbose") {
		t.Errorf("%+v", n)
	}
}
