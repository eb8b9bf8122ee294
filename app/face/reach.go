package face

// Reach says how others reach this peer, as the tracker says that knows best.
type Reach struct {
	Verdict    Verdict     `json:"verdict"`
	Tracker    string      `json:"tracker,omitempty"` // that says so, host:port
	Reason     ReachReason `json:"reason,omitempty"`
	Advice     Advice      `json:"advice,omitempty"`
	Port       int         `json:"port,omitempty"`        // TCP, that this peer listens at
	RouterPort int         `json:"router_port,omitempty"` // that the router passes on
	Protocol   string      `json:"protocol,omitempty"`    // by which the router was asked to: PCP, NAT-PMP, UPnP
}

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
	AdviceLetRouterOpen  Advice = "let-router-open"  // Settings.RouterPort is off
	AdviceCannotBeOpened Advice = "cannot-be-opened" // the provider shares one address among customers, or there are two routers
)

// Way says how a connection to another peer came about.
type Way string

// The ways, the best first.
const (
	WayLAN     Way = "lan"     // in the local network
	WayDirect  Way = "direct"  // to or from a public address
	WayRouter  Way = "router"  // to a port that the peer's router passes on
	WayCalled  Way = "called"  // a tracker arranged it
	WayRelayed Way = "relayed" // a tracker passes the bytes on
)
