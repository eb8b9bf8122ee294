package face

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// Downloads lists the downloads, adds to them and ends them. A method that
// takes IDs skips those that are no longer in the list.
type Downloads interface {
	// Downloads returns the list in the order of the queue: the order in which
	// they were added until [Queue.MoveInQueue] changes it.
	Downloads(ctx context.Context) ([]Download, error)
	// Details returns what the details pane shows about one download;
	// "not-found" if it is no longer in the list.
	Details(ctx context.Context, download string) (Details, error)
	// Download adds a download, or restarts one that is in the list. If the
	// request has a link, its tracker is asked first; see [Trackers.UseTracker]
	// for how that fails. "folder-unwritable" if there is no place for the
	// content.
	Download(ctx context.Context, request DownloadRequest) error

	// Pause stops downloads until they are resumed.
	Pause(ctx context.Context, downloads []string) error
	// Resume lets paused downloads go on.
	Resume(ctx context.Context, downloads []string) error
	// Retry restarts failed downloads.
	Retry(ctx context.Context, downloads []string) error

	// Cancel removes unfinished downloads from the list and deletes what was
	// fetched of them.
	Cancel(ctx context.Context, downloads []string) error
	// Remove removes downloads from the list; finished files stay on the disk.
	Remove(ctx context.Context, downloads []string) error
	// RemoveToTrash removes downloads from the list and moves their finished files to the
	// trash of the system; what was fetched of unfinished ones is deleted. A download whose
	// files cannot be moved stays in the list: "folder-unwritable".
	RemoveToTrash(ctx context.Context, downloads []string) error
	// RemoveWithFiles removes downloads from the list and deletes what was
	// fetched, finished files included. Files that somebody else put into a
	// downloaded folder stay.
	RemoveWithFiles(ctx context.Context, downloads []string) error
}

// Queue decides what is fetched first, how fast, and where it is stored. A
// method that takes IDs skips those that are no longer in the list.
type Queue interface {
	// MoveInQueue moves downloads in the queue; they keep their order among
	// each other.
	MoveInQueue(ctx context.Context, downloads []string, way QueueMove) error
	// SetPriority decides which of the waiting downloads start first.
	SetPriority(ctx context.Context, downloads []string, priority Priority) error
	// SetDownloadLimit limits each of the downloads, in bytes per second; 0
	// is unlimited.
	SetDownloadLimit(ctx context.Context, downloads []string, bytesPerSecond int64) error
	// Prefer makes a download fetch one file in order and before all else, so
	// that it can be opened early. path is slash-separated and names a file in
	// a folder; "" stands for the one file of a download without a folder.
	// "not-found" if the download or the file is not there.
	Prefer(ctx context.Context, download, path string) error
	// Verify hashes what is on the disk again, finished files included. Wrong
	// pieces are fetched again and replaced: changes that somebody made to a
	// finished file are lost.
	Verify(ctx context.Context, downloads []string) error
	// MoveTo moves downloads to another folder, given by its absolute path,
	// together with what was fetched. It replaces nothing there. It returns
	// once the move is queued; the rows show its progress.
	// "folder-unwritable" if the folder cannot be used.
	MoveTo(ctx context.Context, downloads []string, folder string) error
}

// DownloadRequest names what to fetch: a hit, or what a link says.
type DownloadRequest struct {
	Hash   netproto.ContentHash `json:"hash"`
	Name   string               `json:"name,omitempty"`
	Size   int64                `json:"size"` // bytes; -1 if it is unknown
	Folder bool                 `json:"folder,omitempty"`
	Paths  []string             `json:"paths,omitempty"`     // of files in the folder; none means all
	To     string               `json:"to_folder,omitempty"` // the folder to save in, absolute; "" is the one of the settings
	Plain  bool                 `json:"plain,omitempty"`     // files of a folder keep neither their times nor their executable bits
	// Link is the link that the request comes from, if any. Its tracker is
	// asked, because a link does not say whether the content is a folder.
	Link string `json:"link,omitempty"`
}

// DownloadState is the state of a download.
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
	DownloadNoSpace     DownloadState = "no-space" // goes on by itself once there is space
	DownloadFailed      DownloadState = "failed"   // see Failure
)

// Download is a row of the Downloads page.
type Download struct {
	ID       string               `json:"id"` // names it to the engine, stable across restarts
	Hash     netproto.ContentHash `json:"hash"`
	Name     string               `json:"name"`
	Folder   bool                 `json:"folder,omitempty"`
	Size     int64                `json:"size"` // bytes; -1 while it is unknown
	Done     int64                `json:"done"` // bytes fetched and verified
	Rate     int64                `json:"rate"` // bytes per second
	Sources  int                  `json:"sources"`
	State    DownloadState        `json:"state"`
	Place    int                  `json:"place,omitempty"`     // from 1, in the queue of the source or in this peer's own
	SecsLeft int64                `json:"secs_left,omitempty"` // seconds; 0 while it is unknown
	Path     string               `json:"path"`                // where it is or will be, absolute
	Failure  Failure              `json:"failure,omitzero"`

	Priority  Priority  `json:"priority,omitempty"`
	Limit     int64     `json:"limit,omitempty"`      // bytes per second, of this download; 0 is unlimited
	RetrySecs int64     `json:"retry_secs,omitempty"` // seconds until a failed download is retried automatically
	Added     time.Time `json:"added"`
	Finished  time.Time `json:"finished,omitzero"`
}

// Priority decides which of the waiting downloads start first.
type Priority string

// The priorities. All downloads of a higher one come before all of a lower one.
const (
	PriorityHigh   Priority = "high"
	PriorityNormal Priority = ""
	PriorityLow    Priority = "low"
)

// QueueMove is a direction in the queue of downloads.
type QueueMove string

// The directions.
const (
	QueueTop    QueueMove = "top"
	QueueUp     QueueMove = "up"
	QueueDown   QueueMove = "down"
	QueueBottom QueueMove = "bottom"
)

// IsFinished reports whether the whole content is in its place.
func (d Download) IsFinished() bool { return d.State == DownloadFinished }

// IsPaused reports whether the person paused the download.
func (d Download) IsPaused() bool { return d.State == DownloadPaused }

// IsFailed reports whether the download needs the person.
func (d Download) IsFailed() bool { return d.State == DownloadFailed }

// IsActive reports whether the download is to be completed, now or later.
func (d Download) IsActive() bool { return !d.IsFinished() && !d.IsFailed() }

// IsRunning reports whether the download goes on without the person.
func (d Download) IsRunning() bool { return d.IsActive() && !d.IsPaused() }
