package face

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// Search finds what others share.
type Search interface {
	// Search returns one page of hits from all trackers in use.
	// "tracker-unreachable" if none of them answers.
	Search(ctx context.Context, request SearchRequest) (SearchPage, error)
	// FolderContents fetches the list of files of a folder from its sources.
	// "no-source" if nobody online has it.
	FolderContents(ctx context.Context, folder netproto.ContentHash) (Folder, error)
	// Have says how much of each content is on this computer now, in the order of
	// contents. It asks nobody and is quick.
	Have(ctx context.Context, contents []netproto.ContentHash) ([]Have, error)
}

// SearchRequest asks for a page of hits.
type SearchRequest struct {
	Words   string          `json:"words"`              // none finds everything
	Kind    netproto.Kind   `json:"kind,omitempty"`     // none is every kind
	MinSize int64           `json:"min_size,omitempty"` // bytes; 0 is no limit
	MaxSize int64           `json:"max_size,omitempty"` // bytes; 0 is no limit
	Owner   netproto.PeerID `json:"owner,omitzero"`     // who shares it; none is anybody
	Since   time.Time       `json:"since,omitzero"`     // first shared then or later; zero is no limit
	Sort    netproto.Sort   `json:"sort,omitempty"`
	Order   netproto.Order  `json:"order,omitempty"`  // none is the usual one of Sort
	Cursor  string          `json:"cursor,omitempty"` // Next of the previous page
}

// SearchPage is one page of hits; each stands for one content.
type SearchPage struct {
	Hits []Hit  `json:"hits"`
	Next string `json:"next,omitempty"` // cursor of the next page; empty at the end
	// Meant lists names that differ from the words by one typing error, if
	// nothing was found.
	Meant []string `json:"meant,omitempty"`
	// Corrected is the words with one of them spelled as names have it, if nothing
	// was found.
	Corrected string `json:"corrected,omitempty"`
}

// Hit is a content that was found.
type Hit struct {
	netproto.Hit
	Kind netproto.Kind `json:"kind"`
	Have Have          `json:"have,omitempty"`
}

// Have says how much of a content is on this computer.
type Have string

// How much of a content there may be.
const (
	HaveNothing Have = ""
	HaveQueued  Have = "queued"  // a download that has not started
	HaveRunning Have = "running" // a download in progress
	HavePaused  Have = "paused"  // a download that the person paused
	HaveStuck   Have = "stuck"   // a download that waits for its disk or folder
	HaveHere    Have = "here"    // downloaded or shared
)

// Folder is what a folder contains.
type Folder struct {
	Files []FolderFile `json:"files"` // in the order of netproto.ComparePaths
}

// FolderFile is a file, or an empty folder, in a folder.
type FolderFile struct {
	netproto.FolderEntry
	Here bool `json:"here,omitempty"` // the content is on this computer
}
