package words

import (
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestHowOthersReachThisComputerIsSaidInEveryLanguage(t *testing.T) {
	for _, tag := range Languages() {
		useTexts(t, tag)
		said := map[string]bool{}
		once := func(text string) {
			if text == "" || said[text] {
				t.Errorf("%s: %q is said of two things", tag, text)
			}
			said[text] = true
		}
		for _, v := range []netproto.Verdict{netproto.VerdictReachable, netproto.VerdictRouter, netproto.VerdictCalled, netproto.VerdictRelay, netproto.VerdictUnreachable, netproto.VerdictUnknown} {
			once(Verdict(v))
		}
		for _, r := range []netproto.ReachReason{netproto.ReachNotTried, netproto.ReachPortClosed, netproto.ReachCallsFail, netproto.ReachCallsOff, netproto.ReachNoCalls, netproto.ReachNoLine} {
			once(Reach(face.Reach{Verdict: netproto.VerdictUnreachable, Reason: r}))
		}
		for _, a := range []netproto.Advice{netproto.AdviceSwitchOnUPnP, netproto.AdviceForwardPort, netproto.AdviceOpenFirewall, netproto.AdviceLetRouterOpen, netproto.AdviceCannotBeOpened} {
			once(Advice(face.Reach{Advice: a, Port: 6881}))
		}
		once(Reach(face.Reach{Verdict: netproto.VerdictReachable, Port: 6881}))
		once(Reach(face.Reach{Verdict: netproto.VerdictRouter, RouterPort: 6881}))
	}
	useTexts(t, "en")
	for got, want := range map[string]string{
		Way(face.WayLAN):     "LAN",
		Way(face.WayCalled):  "Called",
		Way(face.WayRelayed): "Relayed",
		Way(""):              "",
		Verdict("new"):       "Reachability unknown",
		Reach(face.Reach{Verdict: netproto.VerdictUnknown, Reason: netproto.ReachNoTracker}): "",
		Reach(face.Reach{Verdict: netproto.VerdictRelay, Reason: netproto.ReachCallsFail, Advice: netproto.AdviceForwardPort, Port: 7}): "Others can reach you only through the tracker, which is slower. " +
			"Forward TCP port 7 in your router’s settings. The router does not open it automatically.",
	} {
		if got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}
