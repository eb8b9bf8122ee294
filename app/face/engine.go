// Package face is what a person sees and drives of a peer. [Engine] is its
// contract, in one small interface for each page; all that passes through it
// are plain values that survive JSON, so an engine in another process can stand
// behind it. The package knows no window, no socket and no disk.
//
// An engine only says that something changed. Whoever shows it then pulls
// copies of what is on the screen, at most a few times a second. What a method
// returns belongs to the caller.
//
// Every method may be called from any goroutine and may block until its context
// ends. It then fails with the code "cancelled". Every error is a
// [netproto.Error], whose code says what a person reads; [InvalidSettings] is
// the one exception. The comment of a method names the codes that a caller can
// do something about.
package face

import (
	"context"

	"centralizedp2p/netproto"
)

// Engine is a peer as a person sees and drives it. A page takes the one
// interface that it needs.
type Engine interface {
	Overview
	Downloads
	Queue
	Previews
	Uploads
	Shares
	Search
	Trackers
	Preferences
	People
	Audiences
	Stops
	Web
	Wishes
	Disk
}

// Overview is what the frame shows on every page.
type Overview interface {
	// Watch returns a channel that receives after something changed. Changes
	// that nobody has received yet count as one. The channel is closed when ctx
	// ends or the engine is closed.
	Watch(ctx context.Context) <-chan struct{}
	// Status returns the state of the whole peer. It asks nobody and is quick.
	Status(ctx context.Context) (Status, error)
	// Totals returns what came and went.
	Totals(ctx context.Context) (Totals, error)
	// Leaving returns what others lose if this peer goes now. It asks the
	// tracker about at most [MaxLeavingAsked] contents; when ctx ends it
	// returns what it knows by then.
	Leaving(ctx context.Context) (Leaving, error)
	// Diagnostics returns text for a problem report: versions, addresses and
	// states. It contains no keys and no file names.
	Diagnostics(ctx context.Context) (Diagnostics, error)
	// Checkup looks at everything that a person would be asked for who needs help. It
	// takes some seconds, in which it asks the tracker, writes a temporary file and
	// uses the processor.
	Checkup(ctx context.Context) (netproto.Checkup, error)
}

// Connection is the state of the connection to a tracker.
type Connection string

// The states of the connection to a tracker.
const (
	ConnectionNone         Connection = "none"         // no tracker was chosen
	ConnectionConnecting   Connection = "connecting"   // the first attempt is running
	ConnectionConnected    Connection = "connected"    // the lease is kept
	ConnectionReconnecting Connection = "reconnecting" // lost; the next attempt follows after RetrySeconds
	ConnectionOffline      Connection = "offline"      // lost, and not retried automatically
	ConnectionKeyChanged   Connection = "key-changed"  // the person must decide, see ChangedKey
)

// Status is what the frame shows on every page.
type Status struct {
	Tracker      string     `json:"tracker,omitempty"` // its name, or its address if it has none
	Connection   Connection `json:"connection"`
	RetrySeconds int        `json:"retry_seconds,omitempty"` // until the next attempt
	Failure      Failure    `json:"failure,omitzero"`        // why the tracker is not connected
	Stopped      Failure    `json:"stopped,omitzero"`        // why a part of this peer no longer works until the next start
	DownRate     int64      `json:"down_rate"`               // bytes per second, all downloads
	UpRate       int64      `json:"up_rate"`                 // bytes per second, all uploads
	PeersOnline  int        `json:"peers_online"`            // as the tracker counts them
	Reach        Reach      `json:"reach"`                   // from other peers
	QuickLimit   bool       `json:"quick_limit,omitempty"`   // see [Preferences.SetQuickLimit]
	Counts       Counts     `json:"counts"`
}

// Counts are the numbers in the sidebar.
type Counts struct {
	Downloads int `json:"downloads"` // unfinished
	Failed    int `json:"failed"`    // downloads that need the person
	Uploads   int `json:"uploads"`   // running
	Shares    int `json:"shares"`
	Requests  int `json:"requests,omitempty"` // of others, that wait for an answer
}

// Totals are what came and went.
type Totals struct {
	Today Amounts `json:"today"`
	Ever  Amounts `json:"ever"` // since the profile was made
}

// Amounts are bytes of contents.
type Amounts struct {
	Got  int64 `json:"got"`
	Sent int64 `json:"sent"`
}

// Leaving is what others lose if this peer goes now.
type Leaving struct {
	Uploads int `json:"uploads,omitempty"` // running and waiting
	// Alone lists the names of contents that nobody else online has, those that
	// are being fetched first.
	Alone []string `json:"alone,omitempty"`
}

// MaxLeavingAsked is how many contents the tracker is asked about before this
// peer goes: the person is waiting.
const MaxLeavingAsked = 64

// Diagnostics is what a person copies into a problem report.
type Diagnostics struct {
	Text    string `json:"text"`
	Profile string `json:"profile"` // the folder with everything this peer remembers, absolute
}
