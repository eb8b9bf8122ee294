package face

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// Web serves pages for people without the app: links from which a phone or a browser in
// the local network downloads, and inboxes to which it sends. They are not encrypted. A
// page lives until it is closed, or this peer ends. A method fails with "not-found" if
// the page is not there.
type Web interface {
	// OfferWeb begins a link and returns the ID of its page, which is first being
	// prepared. For shares whose files are offered by one already, that is returned.
	OfferWeb(ctx context.Context, offer WebOffer) (string, error)
	// ReceiveWeb begins an inbox for a folder, given by its absolute path; "" is the one
	// of the settings. "folder-unwritable" if it cannot be used.
	ReceiveWeb(ctx context.Context, folder string) (string, error)
	// WebPages returns the pages, in the order in which they were begun.
	WebPages(ctx context.Context) ([]WebPage, error)
	// SetWebTerms changes when a link ends. One that has ended stays so.
	SetWebTerms(ctx context.Context, page string, terms WebTerms) error
	// CloseWeb ends pages. IDs that are gone are skipped.
	CloseWeb(ctx context.Context, pages []string) error
}

// WebOffer says what a link hands out: shares, or files and folders, which are then
// shared with nobody else.
type WebOffer struct {
	Shares []string    `json:"shares,omitempty"` // IDs
	Items  []ShareItem `json:"items,omitempty"`
}

// WebTerms say when a link ends.
type WebTerms struct {
	Expires time.Time `json:"expires,omitzero"`
	Count   int       `json:"count,omitempty"` // after that many complete downloads; 0 is no end
}

// WebState is the state of a page.
type WebState string

// The states of a page.
const (
	WebPreparing WebState = "preparing" // what it offers is being hashed
	WebOpen      WebState = "open"
	WebExpired   WebState = "expired" // its time is over
	WebCounted   WebState = "counted" // its downloads are used up
	WebShut      WebState = "shut"    // there were too many wrong PINs
	WebFailed    WebState = "failed"  // see Failure
)

// WebPage is a page as its owner sees it.
type WebPage struct {
	ID      string   `json:"id"`
	State   WebState `json:"state"`
	Failure Failure  `json:"failure,omitzero"`
	URL     string   `json:"url,omitempty"`    // the likeliest one; "" while it is prepared
	Others  []string `json:"others,omitempty"` // the same page, at other addresses of this computer

	// Of a link.
	Name      string               `json:"name,omitempty"` // of the first file or folder
	Size      int64                `json:"size,omitempty"` // bytes
	Files     int                  `json:"files,omitempty"`
	Hash      netproto.ContentHash `json:"hash,omitzero"`    // of a single file
	Hashed    int64                `json:"hashed,omitempty"` // bytes, of Size, while it is prepared
	Terms     WebTerms             `json:"terms,omitzero"`
	Downloads int                  `json:"downloads,omitempty"` // complete ones
	Running   int                  `json:"running,omitempty"`   // under way
	Sent      int64                `json:"sent,omitempty"`      // bytes

	// Of an inbox.
	Inbox    bool         `json:"inbox,omitempty"`
	PIN      string       `json:"pin,omitempty"`
	Folder   string       `json:"folder,omitempty"`
	Arrivals []WebArrival `json:"arrivals,omitempty"` // the newest first, at most [MaxArrivals]
	Stored   int          `json:"stored,omitempty"`   // files that arrived
}

// MaxArrivals bounds [WebPage.Arrivals].
const MaxArrivals = 100

// ArrivalState is how far a file from a phone is.
type ArrivalState string

// The states of a file from a phone.
const (
	ArrivalRunning   ArrivalState = "running"
	ArrivalStored    ArrivalState = "stored"
	ArrivalCancelled ArrivalState = "cancelled"
	ArrivalWrong     ArrivalState = "wrong" // the bytes are not those that were sent; it is not stored
)

// WebArrival is a file from a phone.
type WebArrival struct {
	Name  string               `json:"name"`
	Path  string               `json:"path,omitempty"` // once it is stored, absolute
	Size  int64                `json:"size"`           // bytes
	Done  int64                `json:"done"`           // bytes
	Hash  netproto.ContentHash `json:"hash"`           // once it is stored
	State ArrivalState         `json:"state"`
	From  string               `json:"from,omitempty"` // IP address
}
