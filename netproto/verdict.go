package netproto

// Verdict is how others reach this peer.
type Verdict string

// The verdicts, the best first.
const (
	VerdictReachable   Verdict = "reachable"   // its port is open
	VerdictRouter      Verdict = "router"      // the router passes its port on
	VerdictCalled      Verdict = "called"      // a tracker arranges connections
	VerdictRelay       Verdict = "relay"       // only through a tracker
	VerdictUnreachable Verdict = "unreachable" // outside the local network
	VerdictUnknown     Verdict = "unknown"     // yet
)

// ReachReason says why a verdict is no better; "" if others connect by themselves.
type ReachReason string

// Why a verdict is no better.
const (
	ReachNoTracker  ReachReason = "no-tracker"  // no tracker is joined
	ReachNotTried   ReachReason = "not-tried"   // the tracker has not tried yet, or the router has not answered
	ReachPortClosed ReachReason = "port-closed" // others cannot connect by themselves
	ReachCallsFail  ReachReason = "calls-fail"  // and arranged connections come to nothing
	ReachCallsOff   ReachReason = "calls-off"   // and arranged connections are switched off
	ReachNoCalls    ReachReason = "no-calls"    // and no tracker arranges any
	ReachNoLine     ReachReason = "no-line"     // and the tracker cannot call this peer now
)

// Advice says what would open the port for others; "" if it is open.
type Advice string

// What a person can do.
const (
	AdviceSwitchOnUPnP   Advice = "switch-on-upnp"   // or forward the port: the router does not answer
	AdviceForwardPort    Advice = "forward-port"     // in the router, which does not open one by itself
	AdviceOpenFirewall   Advice = "open-firewall"    // no router is in between
	AdviceLetRouterOpen  Advice = "let-router-open"  // the setting is off
	AdviceCannotBeOpened Advice = "cannot-be-opened" // the provider shares one address among customers, or there are two routers
)
