package face

import (
	"context"
	"time"
)

// Shares lists what this peer offers to others and changes it.
type Shares interface {
	// Shares returns the list in the order in which they were added.
	Shares(ctx context.Context) ([]Share, error)
	// Review inspects files and folders that a person wants to share; it shares
	// nothing. What cannot be shared is part of the answer, not an error.
	Review(ctx context.Context, paths []string) (Review, error)
	// Share starts to hash and to announce what was reviewed. "file-unreadable"
	// if an item is not there or cannot be read; items before it are shared.
	Share(ctx context.Context, request ShareRequest) error
	// StopSharing withdraws shares. IDs that are no longer shared are skipped.
	StopSharing(ctx context.Context, shares []string) error
	// ShareAgain undoes a StopSharing of this run: the same paths with the same
	// exceptions. "not-found" if none of the shares was stopped in this run.
	ShareAgain(ctx context.Context, shares []string) error
	// LinkOf returns the cp2p:// link of a share. "invalid" before it is hashed,
	// "tracker-unreachable" if no tracker was ever joined, "not-found" if it is
	// no longer shared.
	LinkOf(ctx context.Context, share string) (string, error)
	// LeftOut says what of a shared folder is not shared, and why; or of what a
	// request of the outbox sends. "not-found" if it is no longer shared.
	LeftOut(ctx context.Context, share string) (LeftOut, error)
}

// ShareState is the state of a share.
type ShareState string

// The states of a share.
const (
	ShareWaiting   ShareState = "waiting" // to be hashed
	ShareHashing   ShareState = "hashing"
	ShareShared    ShareState = "shared"
	ShareRehashing ShareState = "rehashing" // it changed
	ShareMissing   ShareState = "missing"   // the file or folder is not there
	ShareFailed    ShareState = "failed"    // see Failure
	ShareEnded     ShareState = "ended"     // its time or its count is over: see Visible
)

// Share is a row of the Shared page: a file or a folder.
type Share struct {
	ID      string     `json:"id"` // names it to the engine, stable across restarts
	Name    string     `json:"name"`
	Path    string     `json:"path"` // absolute
	Folder  bool       `json:"folder,omitempty"`
	Files   int        `json:"files"` // 1 for a file
	Size    int64      `json:"size"`  // bytes
	State   ShareState `json:"state"`
	Hashed  int64      `json:"hashed,omitempty"` // bytes, while it is hashed
	Rate    int64      `json:"rate,omitempty"`   // bytes per second, while it is hashed
	Fetched int        `json:"fetched"`          // how often it was fetched completely
	Sent    int64      `json:"sent"`             // bytes, ever
	Failure Failure    `json:"failure,omitzero"`
	Notice  Failure    `json:"notice,omitzero"` // why changes of it are noticed late

	Visible Visibility `json:"visible,omitempty"`
	To      string     `json:"to,omitempty"`     // names of the chosen people, to be shown; see [Audiences]
	Expires time.Time  `json:"expires,omitzero"` // it ends then
	Left    int        `json:"left,omitempty"`   // complete uploads until it ends; 0 without such an end
}

// LeftOut is what the last look at a shared folder left out.
type LeftOut struct {
	Counts map[LeftOutReason]int `json:"counts,omitempty"`
	Named  []LeftOutPath         `json:"named,omitempty"` // at most 1,000, in the order of their paths
}

// LeftOutPath is something in a shared folder that is not shared.
type LeftOutPath struct {
	Path string        `json:"path"` // slash-separated, relative to the folder
	Why  LeftOutReason `json:"why"`
}

// LeftOutReason is why something in a folder is not shared, "unreadable" or "link" for
// example. There may be others later.
type LeftOutReason string

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
	Files   int          `json:"files"`             // 1 for a file; includes Secrets
	Size    int64        `json:"size"`              // bytes; includes Secrets
	Secret  bool         `json:"secret,omitempty"`  // a file that looks like a secret
	Secrets []SecretFile `json:"secrets,omitempty"` // in a folder
}

// SecretFile is a file in a folder that looks like a secret. It is shared only if a
// [ShareItem] allows it.
type SecretFile struct {
	Path string `json:"path"` // slash-separated, relative to the folder
	Size int64  `json:"size"` // bytes
}

// SkippedPath is a path that cannot be shared.
type SkippedPath struct {
	Path   string     `json:"path"`
	Reason SkipReason `json:"reason"`
	Count  int        `json:"count,omitempty"` // of such paths below Path; 0 means Path itself
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
	SkipOwn        SkipReason = "own"     // a key or data of this program, which is never shared
	SkipTooLarge   SkipReason = "too-large"
	SkipTooLong    SkipReason = "path-too-long" // or in too many folders, for others
	SkipIgnored    SkipReason = "ignored"       // by a pattern in the settings; Count counts a folder once
)

// ShareRequest is what a person decided in the review.
type ShareRequest struct {
	Items   []ShareItem `json:"items"`
	Visible Visible     `json:"visible,omitzero"`
}

// ShareItem is a file or folder to share.
type ShareItem struct {
	Path   string   `json:"path"`             // absolute
	Except []string `json:"except,omitempty"` // slash-separated paths in the folder that are not shared
	Allow  []string `json:"allow,omitempty"`  // such paths of secrets that are shared; "." for a secret file itself
}
