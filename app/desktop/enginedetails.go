//go:build !darwin || cgo

package desktop

import "centralizedp2p/netproto"

// Details is what the pane shows about one download.
type Details struct {
	ID      string   `json:"id"`
	Sources []Source `json:"sources,omitempty"` // connected ones first, then by bytes
	Slow    Slow     `json:"slow,omitempty"`
	// Pieces is a map of the content in MaxCells cells at the most, each of them
	// about as many bytes. In a folder the finished files come first, then those
	// under way, then those that wait. Nil while it is not known: of a download
	// that does not run and did not since the program started.
	Pieces []Cell `json:"pieces,omitempty"`
	// Copies is how many copies of the content the connected sources have
	// together: 2.4 is each piece twice, and 40 % of them three times. Of a
	// folder: of its files that are under way.
	Copies float64 `json:"copies"`
	// Speeds are bytes a second, the newest last: one for every SpeedStepSecs,
	// of the last 5 minutes in which it ran.
	Speeds []int64 `json:"speeds,omitempty"`
	Got    int64   `json:"got"` // bytes that came from sources since the program started
}

// MaxCells bounds Details.Pieces.
const MaxCells = 512

// SpeedStepSecs is the time between two values of Details.Speeds, in seconds.
const SpeedStepSecs = 2

// Cell is a part of a content, of several pieces or of a part of one.
type Cell struct {
	State CellState `json:"state"`
	// Copies is how many connected sources have it all.
	Copies int `json:"copies,omitempty"`
}

// CellState is how much of a cell is here.
type CellState string

// The states of a cell.
const (
	CellMissing  CellState = "missing"
	CellInFlight CellState = "in-flight" // asked for
	CellPartly   CellState = "partly"    // some of its pieces are verified
	CellVerified CellState = "verified"
)

// Slow is what keeps a download from being faster.
type Slow string

// What may be slow.
const (
	SlowNot        Slow = ""            // nothing worth a word
	SlowOneSource  Slow = "one-source"  // only one is connected
	SlowTheirLimit Slow = "their-limit" // the sources let us wait in their queues
	SlowMyLimit    Slow = "my-limit"    // of this download, of all of them, or the quick limit
	SlowMyDisk     Slow = "my-disk"     // takes the bytes slower than they come
	SlowNetwork    Slow = "network"     // or something else that cannot be told
)

// SourceState is where a source of a download stands.
type SourceState string

// The states of a source.
const (
	SourceKnown       SourceState = "known" // not tried yet, or not wanted now
	SourceConnecting  SourceState = "connecting"
	SourceIdle        SourceState = "idle"   // connected; it has nothing that is wanted now
	SourceQueued      SourceState = "queued" // there, at Place
	SourceDownloading SourceState = "downloading"
	SourceStalled     SourceState = "stalled" // connected, and sends nothing though it owes something
	SourceFailed      SourceState = "failed"  // see Failure; it is tried again
	SourceBanned      SourceState = "banned"  // it sent wrong bytes
)

// SourceOrigin is who told of a source.
type SourceOrigin string

// Who may tell of a source.
const (
	OriginTracker SourceOrigin = "tracker"
	OriginPeers   SourceOrigin = "peers" // another source, or itself
)

// Source is a peer that has what a download wants.
type Source struct {
	PeerID  netproto.PeerID      `json:"peer_id"`
	Key     netproto.Fingerprint `json:"key"`
	Name    string               `json:"name,omitempty"`    // what it calls itself
	Address string               `json:"address,omitempty"` // host:port
	State   SourceState          `json:"state"`
	Place   int                  `json:"place,omitempty"` // in its queue, from 1
	Rate    int64                `json:"rate"`            // bytes a second
	Got     int64                `json:"got"`             // bytes that came from it
	Share   float64              `json:"share"`           // of all bytes that came, 0 to 1
	Whole   bool                 `json:"whole,omitempty"` // it has everything
	Local   bool                 `json:"local,omitempty"` // in the local network, or on this computer
	Origin  SourceOrigin         `json:"origin"`
	Failure Failure              `json:"failure,omitzero"`
}
