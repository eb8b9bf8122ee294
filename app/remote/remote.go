// Package remote carries [face.Engine] between processes: a [Server] answers for an
// engine over HTTP with JSON, and a [Client] is that engine elsewhere. They meet on the
// local socket of a profile, which only its user can open.
//
//	GET  /v1/peer           → Peer: who answers, and which methods it has
//	POST /v1/engine/METHOD  {"argument": …} → {"result": …}
//	GET  /openapi.json      → all of this for programs in other languages
//	GET  /v1/events         → text/event-stream: "event: changed", comments as heartbeats
//
// By choice a server also answers other computers, over TLS 1.3 with keys on both sides.
// Their callers are paired first (code.go), and use of the disk what is allowed
// (bounded.go).
//
//	POST   /v1/pairing      → Code: a code is shown from now on       local socket only
//	POST   /v1/page-code    → Code: to log in to the page of page.go  local socket only
//	GET    /v1/controllers  → […Paired]                               local socket only
//	DELETE /v1/controllers  {"key": …}                                local socket only
//	POST   /v1/pair         {"name": …, "proof": …} → {"proof": …}    TLS only
//	POST   /v1/upload       files (upload.go) → {"paths": […]}        TLS only
//
// Every answer names the program and the version of this interface that it has; one with a
// higher version is not understood. Fields, arguments and methods may be added without
// that: what a side does not know it leaves out. A method that the other side does not
// have is "method-not-allowed".
//
// A failure is a problem (RFC 9457) with a code of netproto; it may hold a result
// besides, and the fields of [face.InvalidSettings]. A caller that hangs up cancels its
// call.
//
// A method of [face.Engine] is carried if it has a line in arguments (methods.go) and a
// method of [Client] (engine.go).
package remote

import (
	"encoding/json"
	"path/filepath"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Routes.
const (
	routePeer   = "/v1/peer"
	routeEngine = "/v1/engine/"
	routeEvents = "/v1/events"

	routeOpenAPI = "/openapi.json"

	routePairing     = "/v1/pairing"     // on the local socket
	routeControllers = "/v1/controllers" // on the local socket
	routePageCode    = "/v1/page-code"   // on the local socket
	routePair        = "/v1/pair"        // on TLS
	routeUpload      = "/v1/upload"      // on TLS
)

// The headers of every answer that say which program gives it.
const (
	headerVersion = "CentralizedP2P-Version"
	headerAPI     = "CentralizedP2P-API" // which it understands
)

// The types of bodies.
const (
	mediaJSON  = "application/json"
	mediaBytes = "application/octet-stream"
)

// DefaultPort is where peers answer other computers, if they do.
const DefaultPort = 5050

const (
	// API is the version of this interface; a higher one is not understood.
	API = 1

	maxArguments = 8 << 20  // bytes of a call: a thousand paths to leave out of a share
	maxAnswer    = 64 << 20 // bytes: 100,000 rows
	maxHeader    = 16 << 10 // bytes

	maxConnections = 128 // from other computers
	maxStreams     = 64  // of events

	headerTime  = 10 * time.Second
	bodyTime    = time.Minute      // to read the arguments of a call
	writeTime   = 30 * time.Second // for one write to a caller that does not read
	heartbeat   = 15 * time.Second
	silenceTime = 3 * heartbeat // after which a stream counts as lost
)

// Peer says who answers.
type Peer struct {
	API     int      `json:"api"`
	Version string   `json:"version"`
	Methods []string `json:"methods"` // of face.Engine, sorted
}

// Socket returns where the peer with that profile listens to its user.
func Socket(profile string) string { return filepath.Join(profile, "peer.sock") }

// answer is the body of a call that succeeded.
type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
}

// problem is the body of a call that failed. Unlike a tracker's, it holds the detail of
// every failure: its reader is the owner of the peer.
type problem struct {
	netproto.Problem
	Fields face.InvalidSettings `json:"fields,omitempty"`
	Result json.RawMessage      `json:"result,omitempty"`
}
