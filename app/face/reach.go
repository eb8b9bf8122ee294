package face

import "centralizedp2p/netproto"

// Reach says how others reach this peer, as the tracker says that knows best.
type Reach struct {
	Verdict    netproto.Verdict     `json:"verdict"`
	Tracker    string               `json:"tracker,omitempty"` // that says so, host:port
	Reason     netproto.ReachReason `json:"reason,omitempty"`
	Advice     netproto.Advice      `json:"advice,omitempty"`
	Port       int                  `json:"port,omitempty"`        // TCP, that this peer listens at
	RouterPort int                  `json:"router_port,omitempty"` // that the router passes on
	Protocol   string               `json:"protocol,omitempty"`    // by which the router was asked to: PCP, NAT-PMP, UPnP
}

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
