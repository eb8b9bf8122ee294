//go:build !darwin || cgo

package desktop

import (
	"time"

	"centralizedp2p/netproto"
)

// What the engine tells of downloads and uploads, see [Engine].

// DownloadRequest names what to fetch: a hit, or what a link says.
type DownloadRequest struct {
	Hash   netproto.ContentHash `json:"hash"`
	Name   string               `json:"name,omitempty"`
	Size   int64                `json:"size"` // bytes; -1 when it is unknown
	Folder bool                 `json:"folder,omitempty"`
	Paths  []string             `json:"paths,omitempty"` // of the folder's files; none means all
	// Link is where the request comes from, if from a link. Its tracker is
	// asked, and whether the content is a folder is not known before.
	Link string `json:"link,omitempty"`
}

// DownloadState is where a download stands.
type DownloadState string

// The states of a download.
const (
	DownloadWaiting     DownloadState = "waiting" // for a source
	DownloadQueued      DownloadState = "queued"  // for its turn, at Place
	DownloadConnecting  DownloadState = "connecting"
	DownloadDownloading DownloadState = "downloading"
	DownloadVerifying   DownloadState = "verifying"
	DownloadPaused      DownloadState = "paused"
	DownloadMoving      DownloadState = "moving" // its files, to another folder
	DownloadFinished    DownloadState = "finished"
	DownloadNoSpace     DownloadState = "no-space" // goes on by itself when there is some
	DownloadFailed      DownloadState = "failed"   // see Failure
)

// Download is a row of the Downloads page.
type Download struct {
	ID       string               `json:"id"` // names it to the engine, stable over restarts
	Hash     netproto.ContentHash `json:"hash"`
	Name     string               `json:"name"`
	Folder   bool                 `json:"folder,omitempty"`
	Size     int64                `json:"size"` // bytes; -1 while it is unknown
	Done     int64                `json:"done"` // bytes fetched and verified
	Rate     int64                `json:"rate"` // bytes a second
	Sources  int                  `json:"sources"`
	State    DownloadState        `json:"state"`
	Place    int                  `json:"place,omitempty"`     // in the queue of the source or in our own, from 1
	SecsLeft int64                `json:"secs_left,omitempty"` // seconds, 0 while it is unknown
	Path     string               `json:"path"`                // where it is or will be, absolute
	Failure  Failure              `json:"failure,omitzero"`

	Priority  Priority  `json:"priority,omitempty"`
	Limit     int64     `json:"limit,omitempty"`      // bytes a second, of this download; 0 is none
	RetrySecs int64     `json:"retry_secs,omitempty"` // a failed one: seconds until it is tried again by itself
	Added     time.Time `json:"added"`
	Finished  time.Time `json:"finished,omitzero"`
}

// Priority says which of the waiting downloads are next.
type Priority string

// The priorities. All of a higher one come before all of a lower one.
const (
	PriorityHigh   Priority = "high"
	PriorityNormal Priority = ""
	PriorityLow    Priority = "low"
)

// QueueMove is a way in the queue of downloads.
type QueueMove string

// The ways. Several downloads that go the same way keep their order.
const (
	QueueTop    QueueMove = "top"
	QueueUp     QueueMove = "up"
	QueueDown   QueueMove = "down"
	QueueBottom QueueMove = "bottom"
)

// UploadState is where an upload stands.
type UploadState string

// The states of an upload.
const (
	UploadSending UploadState = "sending"
	UploadQueued  UploadState = "queued" // for a slot, at Place
	UploadEnded   UploadState = "ended"
)

// Upload is a row of the Uploads page: one peer fetching one content.
type Upload struct {
	ID      string      `json:"id"`
	Name    string      `json:"name"`              // of the content
	Peer    string      `json:"peer"`              // what the peer calls itself
	Address string      `json:"address,omitempty"` // host:port
	Size    int64       `json:"size"`              // bytes of the content
	Sent    int64       `json:"sent"`              // bytes to this peer
	Rate    int64       `json:"rate"`              // bytes a second
	State   UploadState `json:"state"`
	Place   int         `json:"place,omitempty"` // from 1
}
