package lookout

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
)

func TestWhatHappensToATrackerIsToldOnce(t *testing.T) {
	var out, told bytes.Buffer
	l := &Lookout{screen: &screen.Screen{Out: &out, Err: &told, JSON: true}, trackers: map[string]string{"silent:5000": screen.NoticeTrackerLost}}
	failed := func(code netproto.Code) error { return netproto.Errorf(code, "h:5000") }
	for _, s := range []struct {
		state membership.State
		err   error
		code  string // of the notice; "" for none
	}{
		{membership.StateConnecting, nil, ""},
		{membership.StateConnected, nil, ""},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), screen.NoticeTrackerLost},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), ""},
		{membership.StateReconnecting, failed(netproto.CodeTooMany), ""},
		{membership.StateConnected, nil, screen.NoticeTrackerBack},
		{membership.StateConnected, nil, ""},
		{membership.StateReconnecting, failed(netproto.CodeBanned), screen.NoticeRefused},
		{membership.StateReconnecting, failed(netproto.CodeBanned), ""},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), ""},
		{membership.StateConnected, nil, screen.NoticeTrackerBack},
		{membership.StateReconnecting, failed(netproto.CodeUnreachable), screen.NoticeTrackerLost},
		{membership.StateKeyChanged, failed(netproto.CodeKeyChanged), screen.NoticeKeyChanged},
		{membership.StateKeyChanged, failed(netproto.CodeKeyChanged), ""},
		{membership.StateConnected, nil, screen.NoticeTrackerBack},
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
	if got := leftOutNotice(s, false).Message; got != `/album: left out of the share: 4 cannot be read (a, b\u{1b}, c, …), 1 is a symbolic link, 2 for another reason; --verbose names them` {
		t.Error(got)
	}
	if n := leftOutNotice(s, true); len(n.Names) != 4 || strings.Contains(n.Message, "--verbose") {
		t.Errorf("%+v", n)
	}
}

func TestHowOthersReachThisPeerIsToldOnceItIsSettled(t *testing.T) {
	open := peer.Reachability{Verdict: netproto.VerdictReachable, Tracker: "h:5000", Port: 7001}
	unknown := peer.Reachability{Verdict: netproto.VerdictUnknown, Reason: netproto.ReachNotTried, Tracker: "h:5000", Port: 7001}
	called := peer.Reachability{Verdict: netproto.VerdictCalled, Reason: netproto.ReachPortClosed, Advice: netproto.AdviceSwitchOnUPnP, Tracker: "h:5000", Port: 7001}
	nobody := peer.Reachability{Verdict: netproto.VerdictUnreachable, Reason: netproto.ReachNoCalls, Advice: netproto.AdviceCannotBeOpened, Tracker: "h:5000", Port: 7001}
	router := peer.Reachability{Verdict: netproto.VerdictRouter, Tracker: "h:5000", Port: 7001, RouterPort: 9000, Protocol: portmap.PCP}
	type step struct {
		is       peer.Reachability
		at       int // seconds
		event    netproto.Verdict
		sentence string
	}
	for name, c := range map[string]struct {
		shares bool
		steps  []step
	}{
		"an open port is no news for a person": {true, []step{{unknown, 0, "", ""}, {open, 1, netproto.VerdictReachable, ""}, {open, 2, "", ""}}},
		"what could be better waits": {true, []step{{nobody, 0, "", ""}, {called, 2, "", ""}, {called, 4, "", ""},
			{called, 5, netproto.VerdictCalled, "the tracker arranges connections. The router maps nothing: switch UPnP on there, or forward TCP port 7001."}, {called, 9, "", ""}}},
		"its end is told": {true, []step{{nobody, 0, "", ""}, {nobody, 3, netproto.VerdictUnreachable, "this tracker arranges no connections. Your provider shares one address"},
			{unknown, 4, "", ""}, {router, 5, netproto.VerdictRouter, "passes its port 9000 on to this computer (PCP)."}}},
		"who fetches hears only that nobody can": {false, []step{{called, 0, "", ""}, {called, 3, netproto.VerdictCalled, ""},
			{nobody, 4, "", ""}, {nobody, 7, netproto.VerdictUnreachable, "Nobody outside this network can fetch"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var out, told bytes.Buffer
			l := &Lookout{screen: &screen.Screen{Out: &out, Err: &told, JSON: true}, shares: map[string]*toldShare{}}
			if c.shares {
				l.shares["1"] = &toldShare{}
			}
			for i, s := range c.steps {
				out.Reset()
				told.Reset()
				l.reachability(s.is, time.Unix(int64(s.at), 0))
				if (s.event == "") != (out.Len() == 0) || !strings.Contains(out.String(), `"verdict":"`+string(s.event)) && s.event != "" {
					t.Errorf("step %d: the event is %q", i, out.String())
				}
				if (s.sentence == "") != (told.Len() == 0) || !strings.Contains(told.String(), s.sentence) {
					t.Errorf("step %d: it tells %q", i, told.String())
				}
			}
		})
	}
}

func TestSourcesBehindNATsAreTold(t *testing.T) {
	failed := func(reach netproto.Reachability) swarm.SourceDetails {
		return swarm.SourceDetails{State: swarm.SourceFailed, Reach: reach, Err: netproto.Errorf(netproto.CodePeerUnreachable, "no tracker can call it")}
	}
	shut, open := failed(netproto.ReachableNo), failed(netproto.ReachableYes)
	tried := swarm.SourceDetails{State: swarm.SourceConnecting, Reach: netproto.ReachableNo}
	for _, c := range []struct {
		sources []swarm.SourceDetails
		says    string
	}{
		{nil, ""}, {[]swarm.SourceDetails{open}, ""}, {[]swarm.SourceDetails{shut, open}, ""}, {[]swarm.SourceDetails{shut, tried}, ""},
		{[]swarm.SourceDetails{shut}, "the source is behind a NAT and does not answer: no tracker can call it. It is tried again by itself."},
		{[]swarm.SourceDetails{shut, {State: swarm.SourceBanned}, shut}, "the 2 sources are behind NATs and do not answer: no tracker can call it. They are tried again by themselves."},
	} {
		if got := shutWords(c.sources); got != c.says {
			t.Errorf("%v: %q", c.sources, got)
		}
	}
}

func TestADownloadSaysWhoseQueueItWaitsIn(t *testing.T) {
	for _, c := range []struct {
		sources int
		says    string
	}{{0, "waiting for its turn among the downloads here, at place 3"}, {1, "waiting in the queue of the source, at place 3"}} {
		d, start := queue.Download{State: queue.StateQueued, Place: 3, Sources: c.sources}, time.Now()
		var w waiting
		none := func() string { return "" }
		if n, ok := w.look(d, start, none); ok {
			t.Errorf("at once: %q", n.Message)
		}
		if n, ok := w.look(d, start.Add(Patience), none); !ok || n.Message != c.says {
			t.Errorf("with %d sources: %q", c.sources, n.Message)
		}
		if n, ok := w.look(d, start.Add(2*Patience), none); ok {
			t.Errorf("again: %q", n.Message)
		}
	}
}
