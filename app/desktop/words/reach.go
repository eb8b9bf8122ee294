package words

import (
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

var verdicts = map[netproto.Verdict]Phrase{
	netproto.VerdictReachable:   "Reachable",
	netproto.VerdictRouter:      "Reachable through the router",
	netproto.VerdictCalled:      "Reachable through the tracker",
	netproto.VerdictRelay:       "Reachable through a relay",
	netproto.VerdictUnreachable: "Not reachable",
	netproto.VerdictUnknown:     "Reachability unknown",
}

// Verdict names how others reach this peer.
func Verdict(v netproto.Verdict) string {
	phrase, ok := verdicts[v]
	if !ok {
		phrase = verdicts[netproto.VerdictUnknown]
	}
	return phrase.String()
}

var reachReasons = map[netproto.ReachReason]Phrase{
	netproto.ReachNotTried:   "Still checking whether others can connect to this computer.",
	netproto.ReachPortClosed: "Others cannot connect to this computer directly, so the tracker arranges connections.",
	netproto.ReachCallsFail:  "Others can reach you only through the tracker, which is slower.",
	netproto.ReachCallsOff:   "Nobody outside your network can download from you. Switch on “Let the tracker arrange connections” in Settings.",
	netproto.ReachNoCalls:    "Nobody outside your network can download from you, because this tracker arranges no connections.",
	netproto.ReachNoLine:     "Nobody outside your network can download from you, because the tracker cannot call this computer now.",
}

var advices = map[netproto.Advice]Phrase{
	netproto.AdviceSwitchOnUPnP:   "The router opens no port. Switch on UPnP in its settings, or forward TCP port {{.Port}} there.",
	netproto.AdviceForwardPort:    "Forward TCP port {{.Port}} in your router’s settings. The router does not open it automatically.",
	netproto.AdviceOpenFirewall:   "Let TCP port {{.Port}} through the firewall.",
	netproto.AdviceLetRouterOpen:  "Switch on “Open the port on the router” in Settings, or forward TCP port {{.Port}} in your router’s settings.",
	netproto.AdviceCannotBeOpened: "Your provider shares one address among customers, or there is a second router: a port cannot be opened.",
}

// Advice is a sentence on what would let others connect to this peer; "" if nothing
// would.
func Advice(r face.Reach) string {
	if phrase, ok := advices[r.Advice]; ok {
		return L(string(phrase), Values{"Port": r.Port})
	}
	return ""
}

// Reach says in sentences how others reach this peer, and what would improve it; ""
// if there is nothing to say.
func Reach(r face.Reach) string {
	var said []string
	switch r.Verdict {
	case netproto.VerdictReachable:
		return L("Others can connect to port {{.Port}} of this computer.", Values{"Port": r.Port})
	case netproto.VerdictRouter:
		return L("Others connect to port {{.Port}} of the router, which passes it on to this computer.", Values{"Port": r.RouterPort})
	}
	if phrase, ok := reachReasons[r.Reason]; ok {
		said = append(said, phrase.String())
	}
	if advice := Advice(r); advice != "" {
		said = append(said, advice)
	}
	return strings.Join(said, " ")
}

var ways = map[face.Way]Phrase{
	face.WayLAN:     "LAN",
	face.WayDirect:  "Direct",
	face.WayRouter:  "Router",
	face.WayCalled:  "Called",
	face.WayRelayed: "Relayed",
}

// Way names how a connection came about; "" without one.
func Way(w face.Way) string {
	if phrase, ok := ways[w]; ok {
		return phrase.String()
	}
	return ""
}
