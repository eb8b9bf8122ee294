//go:build !darwin || cgo

package desktop

import (
	"context"
	"errors"

	"centralizedp2p/netproto"
)

// Engine is what the window shows and drives. Everything that passes through
// it is a plain value that survives JSON, so that an engine in another process
// can stand behind it.
//
// The engine says only that something changed; the window then pulls copies of
// what it shows, at most four times a second. What a pull returns belongs to
// the caller. Every method may be called from any goroutine, may block until
// its context ends, and fails with a [netproto.Error] that says which code a
// person is to read about; [InvalidSettings] is the one other error.
type Engine interface {
	// Watch returns a channel that receives after something changed; changes
	// that nobody took yet count as one. It is closed when ctx ends.
	Watch(ctx context.Context) <-chan struct{}

	// Status is what the frame shows on every page.
	Status(ctx context.Context) (Status, error)
	// Downloads are in the order of the queue: at first that in which they were
	// added, see MoveInQueue.
	Downloads(ctx context.Context) ([]Download, error)
	// Uploads are those running and waiting now, then the last ones that ended.
	Uploads(ctx context.Context) ([]Upload, error)
	// Shares are in the order in which they were added.
	Shares(ctx context.Context) ([]Share, error)
	Tracker(ctx context.Context) (TrackerView, error)
	Settings(ctx context.Context) (Settings, error)
	// Diagnostics is text for a report about a problem: versions, addresses,
	// states. It holds no key and no names of files.
	Diagnostics(ctx context.Context) (Diagnostics, error)

	// Leaving is what others lose if this peer goes now. It asks the tracker
	// about MaxLeavingAsked contents at the most, and tells what it knows when
	// ctx ends.
	Leaving(ctx context.Context) (Leaving, error)

	// Search answers with one page of hits.
	Search(ctx context.Context, request SearchRequest) (SearchPage, error)
	// FolderContents fetches the list of files of a folder that was found.
	FolderContents(ctx context.Context, folder netproto.ContentHash) (Folder, error)
	// Download adds a download, or starts one again that is in the list.
	Download(ctx context.Context, request DownloadRequest) error

	// Pause stops downloads until they are resumed.
	Pause(ctx context.Context, downloads []string) error
	Resume(ctx context.Context, downloads []string) error
	// Retry starts failed downloads again.
	Retry(ctx context.Context, downloads []string) error
	// Cancel takes unfinished downloads off the list and deletes what was
	// fetched of them.
	Cancel(ctx context.Context, downloads []string) error
	// Remove takes downloads off the list; finished files stay where they are.
	Remove(ctx context.Context, downloads []string) error
	// RemoveWithFiles takes downloads off the list and deletes what was fetched,
	// finished files too; what somebody else put into a folder stays.
	RemoveWithFiles(ctx context.Context, downloads []string) error

	// Details is what the pane shows about one download; "not-found" when it is
	// not in the list any more.
	Details(ctx context.Context, download string) (Details, error)
	MoveInQueue(ctx context.Context, downloads []string, way QueueMove) error
	SetPriority(ctx context.Context, downloads []string, priority Priority) error
	// SetDownloadLimit bounds each of the downloads, in bytes a second; 0 is no limit.
	SetDownloadLimit(ctx context.Context, downloads []string, bytesPerSecond int64) error
	// Prefer has a download fetch one file from its begin on, in order and before
	// all else, so that it can be looked at soon; path is that of a file in a
	// folder, slash-separated, and "" for a download of one file.
	Prefer(ctx context.Context, download, path string) error
	// Verify hashes again what is on the disk, finished files too. Pieces that
	// are wrong there are fetched again, in their place: changes that somebody
	// made to a finished file are lost.
	Verify(ctx context.Context, downloads []string) error
	// MoveTo moves downloads to another folder, given with its whole path: what
	// was fetched goes along, and nothing is replaced there. It returns when the
	// move is queued; how it goes the rows tell.
	MoveTo(ctx context.Context, downloads []string, folder string) error

	// Review looks at files and folders that a person wants to share. Nothing
	// is shared by it. It stops early when ctx ends.
	Review(ctx context.Context, paths []string) (Review, error)
	// Share begins to hash and to announce what was reviewed.
	Share(ctx context.Context, request ShareRequest) error
	StopSharing(ctx context.Context, shares []string) error
	// ShareAgain takes a StopSharing of this run back: the same paths with the
	// same exceptions. "not-found" where there was none.
	ShareAgain(ctx context.Context, shares []string) error
	// LinkOf is the cp2p:// link of a share; there is none before it is hashed
	// and while no tracker was ever joined.
	LinkOf(ctx context.Context, share string) (string, error)

	// UseTracker switches to a tracker: HOST, HOST:PORT or a cp2p:// link. It
	// returns when the tracker answered or did not.
	UseTracker(ctx context.Context, address string) error
	// AlsoUseTracker uses a tracker beside that one, or does not any more: what
	// is shared is announced to all, searches and downloads ask all.
	AlsoUseTracker(ctx context.Context, address string, on bool) error
	ForgetTracker(ctx context.Context, address string) error
	// Reconnect tries the tracker in use now instead of after RetrySeconds.
	Reconnect(ctx context.Context) error
	// AcceptTrackerKey trusts the key that a known tracker shows now, if it is
	// still the one with that fingerprint.
	AcceptTrackerKey(ctx context.Context, address string, key netproto.Fingerprint) error
	// StartTracker runs a tracker on this computer and uses it.
	StartTracker(ctx context.Context) error
	StopTracker(ctx context.Context) error

	// ApplySettings checks the settings, applies and remembers them. When a
	// field is not acceptable it changes nothing and returns [InvalidSettings].
	ApplySettings(ctx context.Context, settings Settings) error
	// SetQuickLimit has the rates QuickDown and QuickUp count instead of the
	// usual limits, or not any more. It is remembered.
	SetQuickLimit(ctx context.Context, on bool) error
	// TestPort asks the tracker to connect to this peer, and waits for what came
	// of it. It is unknown where the tracker does not find out in time.
	TestPort(ctx context.Context) (netproto.Reachability, error)
}

// Failure is an error as a value; the zero Failure is none. The window makes
// sentences of it, in [explain].
type Failure struct {
	Code   netproto.Code `json:"code"`
	Detail string        `json:"detail,omitempty"` // which file, address or value
}

// FailureOf is an error as a value: its code and the detail that goes with it.
func FailureOf(err error) Failure {
	if err == nil {
		return Failure{}
	}
	if e, ok := errors.AsType[*netproto.Error](err); ok {
		return Failure{Code: e.Code, Detail: e.Detail}
	}
	return Failure{Code: netproto.CodeInternal, Detail: err.Error()}
}

// IsZero tells whether nothing failed.
func (f Failure) IsZero() bool { return f.Code == "" }

// Error makes the failure an error again, one that [netproto.CodeOf] knows.
func (f Failure) Error() *netproto.Error { return &netproto.Error{Code: f.Code, Detail: f.Detail} }

// Connection is the state of the line to the tracker.
type Connection string

// The states of the line to the tracker.
const (
	ConnectionNone         Connection = "none"         // no tracker was chosen
	ConnectionConnecting   Connection = "connecting"   // the first attempt runs
	ConnectionConnected    Connection = "connected"    // the lease is kept
	ConnectionReconnecting Connection = "reconnecting" // lost; tried again after RetrySeconds
	ConnectionOffline      Connection = "offline"      // lost, and not tried again by itself
	ConnectionKeyChanged   Connection = "key-changed"  // the person must decide, see ChangedKey
)

// Status is what the frame shows on every page.
type Status struct {
	Tracker      string                `json:"tracker,omitempty"` // its name, else its address
	Connection   Connection            `json:"connection"`
	RetrySeconds int                   `json:"retry_seconds,omitempty"` // until the next attempt
	Failure      Failure               `json:"failure,omitzero"`        // why the line is down
	DownRate     int64                 `json:"down_rate"`               // bytes a second, all downloads
	UpRate       int64                 `json:"up_rate"`                 // bytes a second, all uploads
	PeersOnline  int                   `json:"peers_online"`            // known to the tracker
	Reachable    netproto.Reachability `json:"reachable"`               // from other peers
	QuickLimit   bool                  `json:"quick_limit,omitempty"`   // see [Engine.SetQuickLimit]
	Counts       Counts                `json:"counts"`
}

// Counts stand in the sidebar.
type Counts struct {
	Downloads int `json:"downloads"` // not finished
	Failed    int `json:"failed"`    // downloads that need the person
	Uploads   int `json:"uploads"`   // running
	Shares    int `json:"shares"`
}

// Have says what of a content is on this computer already.
type Have string

// What there may be of a content.
const (
	HaveNothing Have = ""
	HaveQueued  Have = "queued"  // a download that has not begun
	HaveRunning Have = "running" // a download under way, or paused
	HaveHere    Have = "here"    // downloaded or shared
)

// SearchRequest asks for a page of hits.
type SearchRequest struct {
	Words   string        `json:"words"`              // none finds everything
	Kind    netproto.Kind `json:"kind,omitempty"`     // none is every kind
	MinSize int64         `json:"min_size,omitempty"` // bytes; 0 is no limit
	MaxSize int64         `json:"max_size,omitempty"` // bytes; 0 is no limit
	Sort    netproto.Sort `json:"sort,omitempty"`
	Cursor  string        `json:"cursor,omitempty"` // Next of the page before
}

// SearchPage is one page of hits; each stands for one content.
type SearchPage struct {
	Hits []Hit  `json:"hits"`
	Next string `json:"next,omitempty"` // cursor of the next page; empty at the end
	// Meant are names that differ from the words by one typing error, where
	// nothing was found.
	Meant []string `json:"meant,omitempty"`
}

// Hit is a content that was found.
type Hit struct {
	netproto.Hit
	Kind netproto.Kind `json:"kind"`
	Have Have          `json:"have,omitempty"`
}

// Folder is what a folder contains.
type Folder struct {
	Files []FolderFile `json:"files"` // in the order of netproto.ComparePaths
}

// FolderFile is a file, or an empty folder, in a folder.
type FolderFile struct {
	netproto.FolderEntry
	Here bool `json:"here,omitempty"` // the content is on this computer
}

// ShareState is where a share stands.
type ShareState string

// The states of a share.
const (
	ShareWaiting   ShareState = "waiting" // to be hashed
	ShareHashing   ShareState = "hashing"
	ShareShared    ShareState = "shared"
	ShareRehashing ShareState = "rehashing" // it changed
	ShareMissing   ShareState = "missing"   // file or folder is not there
	ShareFailed    ShareState = "failed"    // see Failure
)

// Share is a row of the Shared page: a file or a folder.
type Share struct {
	ID      string     `json:"id"` // names it to the engine, stable over restarts
	Name    string     `json:"name"`
	Path    string     `json:"path"` // absolute
	Folder  bool       `json:"folder,omitempty"`
	Files   int        `json:"files"` // 1 for a file
	Size    int64      `json:"size"`  // bytes
	State   ShareState `json:"state"`
	Hashed  int64      `json:"hashed,omitempty"` // bytes, while it is hashed
	Rate    int64      `json:"rate,omitempty"`   // bytes a second, while it is hashed
	Fetched int        `json:"fetched"`          // how often it was fetched as a whole
	Sent    int64      `json:"sent"`             // bytes, ever
	Failure Failure    `json:"failure,omitzero"`
	Notice  Failure    `json:"notice,omitzero"` // why changes of it are noticed late
}

// Review is what sharing some paths would mean.
type Review struct {
	Items   []ReviewItem  `json:"items"`
	Skipped []SkippedPath `json:"skipped,omitempty"`
}

// ReviewItem is a file or folder that can be shared.
type ReviewItem struct {
	Path    string       `json:"path"` // absolute
	Name    string       `json:"name"`
	Folder  bool         `json:"folder,omitempty"`
	Files   int          `json:"files"`             // 1 for a file; those of Secrets count
	Size    int64        `json:"size"`              // bytes; those of Secrets count
	Secret  bool         `json:"secret,omitempty"`  // a file whose name looks like a secret
	Secrets []SecretFile `json:"secrets,omitempty"` // in a folder
}

// SecretFile is a file in a folder whose name looks like a secret.
type SecretFile struct {
	Path string `json:"path"` // slash-separated, relative to the folder
	Size int64  `json:"size"` // bytes
}

// SkippedPath is what cannot be shared.
type SkippedPath struct {
	Path   string     `json:"path"`
	Reason SkipReason `json:"reason"`
	Count  int        `json:"count,omitempty"` // of paths like this one below Path; 0 is Path itself
}

// SkipReason is why a path cannot be shared.
type SkipReason string

// The reasons why a path cannot be shared.
const (
	SkipUnreadable SkipReason = "unreadable"
	SkipSymlink    SkipReason = "symlink"
	SkipSpecial    SkipReason = "special" // device, socket, pipe
	SkipShared     SkipReason = "shared"  // already
	SkipName       SkipReason = "name"    // some systems cannot store it
	SkipTooLarge   SkipReason = "too-large"
	SkipIgnored    SkipReason = "ignored" // by a pattern in the settings; Count counts a folder once
)

// ShareRequest is what a person decided in the review.
type ShareRequest struct {
	Items []ShareItem `json:"items"`
}

// ShareItem is a file or folder to share.
type ShareItem struct {
	Path   string   `json:"path"`             // absolute
	Except []string `json:"except,omitempty"` // slash-separated paths in the folder that are not shared
}

// KnownTracker is a tracker that was used before.
type KnownTracker struct {
	Address     string               `json:"address"` // host:port
	Name        string               `json:"name,omitempty"`
	Fingerprint netproto.Fingerprint `json:"fingerprint"`
	Beside      bool                 `json:"beside,omitempty"`     // it is used beside the main one
	Connection  Connection           `json:"connection,omitempty"` // while it is used beside
	Failure     Failure              `json:"failure,omitzero"`     // why it is not connected then
}

// ChangedKey is a known tracker that shows another key than it did.
type ChangedKey struct {
	Address string               `json:"address"`
	Known   netproto.Fingerprint `json:"known"`
	Shown   netproto.Fingerprint `json:"shown"`
}

// TrackerView is what the Tracker page shows.
type TrackerView struct {
	KnownTracker                  // in use; no address when there is none
	LeaseSeconds   int            `json:"lease_seconds,omitempty"`
	RoundTripMilli int            `json:"round_trip_milli,omitempty"` // of the last heartbeat
	PeersOnline    int            `json:"peers_online"`
	Resources      int            `json:"resources"` // contents with an online source
	Known          []KnownTracker `json:"known,omitempty"`
	Nearby         []KnownTracker `json:"nearby,omitempty"` // seen on the local network
	ChangedKey     *ChangedKey    `json:"changed_key,omitempty"`
	Own            OwnTracker     `json:"own"`
}

// OwnTracker is the tracker on this computer.
type OwnTracker struct {
	Running   bool     `json:"running"`
	Addresses []string `json:"addresses,omitempty"` // host:port, the likeliest first
	Invite    string   `json:"invite,omitempty"`    // a cp2p:// link to it
	Peers     int      `json:"peers,omitempty"`     // online
	Resources int      `json:"resources,omitempty"`
	Rate      float64  `json:"rate,omitempty"` // requests a second
	Failure   Failure  `json:"failure,omitzero"`
}

// Leaving is what others lose if this peer goes now.
type Leaving struct {
	Uploads int `json:"uploads,omitempty"` // running and waiting
	// Alone are the names of contents that nobody else online has, those that
	// are being fetched first.
	Alone []string `json:"alone,omitempty"`
}

// MaxLeavingAsked is how many contents the tracker is asked about before this
// peer goes: what a person waits for must be short.
const MaxLeavingAsked = 64

// Diagnostics is what a person copies into a report.
type Diagnostics struct {
	Text    string `json:"text"`
	Profile string `json:"profile"` // the folder with everything this peer remembers, absolute
}
