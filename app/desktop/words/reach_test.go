package words

import (
	"testing"

	"centralizedp2p/app/face"
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
		for _, v := range []face.Verdict{face.VerdictReachable, face.VerdictRouter, face.VerdictCalled, face.VerdictRelay, face.VerdictUnreachable, face.VerdictUnknown} {
			once(Verdict(v))
		}
		for _, r := range []face.ReachReason{face.ReachNotTried, face.ReachPortClosed, face.ReachCallsFail, face.ReachCallsOff, face.ReachNoCalls, face.ReachNoLine} {
			once(Reach(face.Reach{Verdict: face.VerdictUnreachable, Reason: r}))
		}
		for _, a := range []face.Advice{face.AdviceSwitchOnUPnP, face.AdviceForwardPort, face.AdviceOpenFirewall, face.AdviceLetRouterOpen, face.AdviceCannotBeOpened} {
			once(Advice(face.Reach{Advice: a, Port: 6881}))
		}
		once(Reach(face.Reach{Verdict: face.VerdictReachable, Port: 6881}))
		once(Reach(face.Reach{Verdict: face.VerdictRouter, RouterPort: 6881}))
	}
	useTexts(t, "en")
	for got, want := range map[string]string{
		Way(face.WayLAN):     "LAN",
		Way(face.WayCalled):  "Called",
		Way(face.WayRelayed): "Relayed",
		Way(""):              "",
		Verdict("new"):       "Reachability unknown",
		Reach(face.Reach{Verdict: face.VerdictUnknown, Reason: face.ReachNoTracker}):                                        "",
		Reach(face.Reach{Verdict: face.VerdictRelay, Reason: face.ReachCallsFail, Advice: face.AdviceForwardPort, Port: 7}): "Others get through only by way of the tracker, which is slower. Forward TCP port 7 in the router's settings: it does not open it by itself.",
	} {
		if got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}
