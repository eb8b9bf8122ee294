package face

import (
	"time"

	"centralizedp2p/netproto"
)

// Details is what the details pane shows about one download.
type Details struct {
	ID      string   `json:"id"`
	Sources []Source `json:"sources,omitempty"` // connected ones first, then by bytes received
	Slow    Slow     `json:"slow,omitempty"`
	// Pieces maps the content in at most [MaxCells] cells of about equal size.
	// In a folder the finished files come first, then those in progress, then
	// those that wait. It is nil while the map is unknown: for a download that
	// has not run since the program started.
	Pieces []Cell `json:"pieces,omitempty"`
	// Copies is how many copies of the content the connected sources hold
	// together: 2.4 means two of each piece, and three of 40 % of them. For a
	// folder it counts the files in progress.
	Copies float64 `json:"copies"`
	// Speeds are bytes per second, one value for every [SpeedStepSecs], over the
	// last 5 minutes in which the download ran; the newest comes last.
	Speeds []int64 `json:"speeds,omitempty"`
	Got    int64   `json:"got"` // bytes received from sources since the program started
}

// MaxCells bounds [Details.Pieces].
const MaxCells = 512

// SpeedStepSecs is the time between two values of [Details.Speeds], in seconds.
const SpeedStepSecs = 2

// Cell is a section of a content: several pieces, or part of one.
type Cell struct {
	State  CellState `json:"state"`
	Copies int       `json:"copies,omitempty"` // connected sources that have the whole cell
}

// CellState is how much of a cell is on this computer.
type CellState string

// The states of a cell.
const (
	CellMissing  CellState = "missing"
	CellInFlight CellState = "in-flight" // requested
	CellPartly   CellState = "partly"    // some of its pieces are verified
	CellVerified CellState = "verified"
)

// Slow names what limits the speed of a download.
type Slow string

// What may limit the speed of a download.
const (
	SlowNot        Slow = ""            // nothing worth mentioning
	SlowOneSource  Slow = "one-source"  // only one source is connected
	SlowTheirLimit Slow = "their-limit" // the sources keep this peer in their queues
	SlowMyLimit    Slow = "my-limit"    // the limit of this download, of all downloads, or the quick limit
	SlowMyDisk     Slow = "my-disk"     // writes more slowly than bytes arrive
	SlowRelay      Slow = "relay"       // the tracker passes the bytes on, and is at its limit: see [Source.Limit]
	SlowNetwork    Slow = "network"     // or something else that cannot be told apart
)

// SourceState is the state of a source of a download.
type SourceState string

// The states of a source.
const (
	SourceKnown       SourceState = "known" // not tried yet, or not needed now
	SourceConnecting  SourceState = "connecting"
	SourceIdle        SourceState = "idle"   // connected, but has nothing that is needed now
	SourceQueued      SourceState = "queued" // in its queue, at Place
	SourceDownloading SourceState = "downloading"
	SourceStalled     SourceState = "stalled" // connected, but does not send what it owes
	SourceFailed      SourceState = "failed"  // see Failure; it is tried again
	SourceBanned      SourceState = "banned"  // it sent wrong bytes
)

// SourceOrigin is where the address of a source came from.
type SourceOrigin string

// Where the address of a source may come from.
const (
	OriginTracker SourceOrigin = "tracker"
	OriginPeers   SourceOrigin = "peers" // another source, or the source itself
)

// Source is a peer that has what a download needs.
type Source struct {
	PeerID  netproto.PeerID      `json:"peer_id"`
	Key     netproto.Fingerprint `json:"key"`
	Name    string               `json:"name,omitempty"`    // the name it gave itself
	Address string               `json:"address,omitempty"` // host:port
	State   SourceState          `json:"state"`
	Place   int                  `json:"place,omitempty"` // in its queue, from 1
	Rate    int64                `json:"rate"`            // bytes per second
	Got     int64                `json:"got"`             // bytes received from it
	Share   float64              `json:"share"`           // of all bytes received, 0 to 1
	Whole   bool                 `json:"whole,omitempty"` // it has the whole content
	Local   bool                 `json:"local,omitempty"` // in the local network, or on this computer
	Origin  SourceOrigin         `json:"origin"`
	Way     Way                  `json:"way,omitempty"`   // of the best connection to it
	Limit   int64                `json:"limit,omitempty"` // bytes per second that a relay passes on for it; 0 is unlimited
	Shut    bool                 `json:"shut,omitempty"`  // the tracker cannot connect to it: a router or a firewall is in between
	Failure Failure              `json:"failure,omitzero"`
	// NoRelay is why the tracker did not pass on the bytes of a source that nothing else
	// reached, and RelayAgain from when on it may.
	NoRelay    netproto.NoRelay `json:"no_relay,omitempty"`
	RelayAgain time.Time        `json:"relay_again,omitzero"`
}
