package face

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// People shows who is there, and sends files to them. A person is a key: the one
// who is called differently today is the same person. A method fails with "not-found"
// if the person or the request is not there.
type People interface {
	// People returns those who are on the trackers in use, and those who are known
	// here: favourites first, then known people, then those online, by name. At most
	// [MaxPeople]; words finds the others by their name. "tracker-unreachable" if no
	// tracker answers; the list then has those who are known here.
	People(ctx context.Context, words string) (PeopleList, error)
	// Person returns one of them.
	Person(ctx context.Context, person netproto.PeerID) (Person, error)
	// Browse returns one page of what a person shares with everybody, by name.
	// cursor is Next of the page before, or empty.
	Browse(ctx context.Context, person netproto.PeerID, cursor string) (SearchPage, error)
	// Know changes what is remembered of a person. A blocked person can neither send
	// requests nor fetch anything from here.
	Know(ctx context.Context, person netproto.PeerID, known Known) error

	// ReviewSend inspects files and folders that a person wants to send, as
	// [Shares.Review] does; what is shared already can be sent, too.
	ReviewSend(ctx context.Context, paths []string) (Review, error)
	// Send offers files and folders to a person and nobody else. It returns the ID of
	// the request; the rest shows in Outbox. Secrets in folders are left out as in a
	// share, unless the items allow them. "too-large" if there are more than
	// netproto.MaxNoteItems items, or the message is longer than
	// netproto.MaxNoteMessage bytes; "file-unreadable" if an item is not there.
	Send(ctx context.Context, request SendRequest) (string, error)
	// Outbox returns what was sent from here, the newest first.
	Outbox(ctx context.Context) ([]Request, error)
	// Inbox returns what others sent, the newest first. Those in the state
	// RequestWaiting are the cards that want an answer.
	Inbox(ctx context.Context) ([]Request, error)
	// Accept downloads what a waiting request offers into a folder, given by its
	// absolute path; "" is that of the person, or the one of the settings.
	// "folder-unwritable" if it cannot be used.
	Accept(ctx context.Context, request, folder string) error
	// Decline refuses waiting requests.
	Decline(ctx context.Context, requests []string) error
	// Withdraw takes requests of the outbox back: nothing more can be fetched.
	Withdraw(ctx context.Context, requests []string) error
	// Clear removes requests that are over from both lists; files stay.
	Clear(ctx context.Context, requests []string) error
}

// Audiences says and changes who may see a share, after it was made.
type Audiences interface {
	// VisibleTo returns who may have a share; "not-found" if it is no longer shared.
	VisibleTo(ctx context.Context, share string) (Visible, error)
	// SetVisible changes it for each of the shares; those that are no longer shared
	// are skipped. What somebody is fetching and may no longer have stops.
	SetVisible(ctx context.Context, shares []string, visible Visible) error
}

// Stops ends uploads.
type Stops interface {
	// StopUploads ends uploads. Their peers get nothing more of those contents before
	// this program starts again. IDs of uploads that ended are skipped.
	StopUploads(ctx context.Context, uploads []string) error
}

// MaxPeople bounds [PeopleList].
const MaxPeople = 1000

// PeopleList is what the People page shows.
type PeopleList struct {
	People []Person `json:"people"`
	More   bool     `json:"more,omitempty"` // there are others, to be found by their names
}

// Person is somebody with a key.
type Person struct {
	PeerID netproto.PeerID    `json:"peer_id"`
	Key    netproto.PublicKey `json:"key"` // their picture is made of it
	Name   string             `json:"name,omitempty"`
	Known
	Online    bool      `json:"online"`
	LastSeen  time.Time `json:"last_seen,omitzero"` // while offline
	Resources int       `json:"resources"`          // that they share with everybody
	Bytes     int64     `json:"bytes"`              // of them
	Moved     Amounts   `json:"moved"`              // between them and this computer, ever
	// Words are six words that both people see, if each has the other's real key.
	Words []string `json:"words"`
}

// Known is what is remembered of a person; the zero value is a stranger.
type Known struct {
	Favourite bool   `json:"favourite,omitempty"`
	Verified  bool   `json:"verified,omitempty"` // the words were compared
	Blocked   bool   `json:"blocked,omitempty"`
	Always    bool   `json:"always,omitempty"`        // their requests are accepted at once
	Folder    string `json:"always_folder,omitempty"` // absolute, where those are saved; "" is the one of the settings
}

// SendRequest says what goes to whom.
type SendRequest struct {
	To      netproto.PeerID `json:"to"`
	Items   []ShareItem     `json:"items"`
	Message string          `json:"message,omitempty"`
}

// RequestState is what became of a request.
type RequestState string

// The states of a request.
const (
	RequestPreparing RequestState = "preparing" // being hashed; sent requests only
	RequestSending   RequestState = "sending"   // no tracker has taken it yet; see Failure for why
	RequestWaiting   RequestState = "waiting"   // for the receiver to answer
	RequestAccepted  RequestState = "accepted"  // being fetched
	RequestDone      RequestState = "done"
	RequestDeclined  RequestState = "declined"
	RequestFailed    RequestState = "failed"    // see Failure
	RequestWithdrawn RequestState = "withdrawn" // by its sender
	RequestExpired   RequestState = "expired"   // nobody answered for netproto.NoteLife
)

// Over reports whether nothing more happens to a request in this state.
func (s RequestState) Over() bool {
	switch s {
	case RequestPreparing, RequestSending, RequestWaiting, RequestAccepted:
		return false
	}
	return true
}

// Request is "NAME sends you 3 files", as either side sees it.
type Request struct {
	ID      string             `json:"id"`
	Number  int                `json:"number"` // for the command line; the same as long as it is in the list
	PeerID  netproto.PeerID    `json:"peer_id"`
	Key     netproto.PublicKey `json:"key"` // of the other person, as Name
	Name    string             `json:"name,omitempty"`
	Message string             `json:"message,omitempty"`
	Items   []RequestItem      `json:"items"`
	Size    int64              `json:"size"` // bytes of all items
	Files   int                `json:"files"`
	Sent    time.Time          `json:"sent"`
	State   RequestState       `json:"state"`
	Failure Failure            `json:"failure,omitzero"`
	Folder  string             `json:"folder,omitempty"` // where an accepted one is saved, absolute
	// Downloads are the IDs of the downloads of an accepted request of the inbox.
	Downloads []string `json:"downloads,omitempty"`
}

// RequestItem is a file or folder in a request. Hash, size and files of a folder are
// not known before it is hashed.
type RequestItem struct {
	Name   string               `json:"name"`
	Hash   netproto.ContentHash `json:"hash"`
	Size   int64                `json:"size"` // bytes
	Folder bool                 `json:"folder,omitempty"`
	Files  int                  `json:"files"` // 1 for a file
}

// Visibility says who may have a share.
type Visibility string

// Who may have a share.
const (
	VisibleEverybody Visibility = ""     // it is in searches and lists
	VisibleLink      Visibility = "link" // whoever has the link or the hash
	VisiblePeople    Visibility = "keys" // chosen people; for others it is not there
)

// Visible says who may have a share, and for how long.
type Visible struct {
	To      Visibility           `json:"to,omitempty"`
	People  []netproto.PublicKey `json:"people,omitempty"` // with VisiblePeople
	Expires time.Time            `json:"expires,omitzero"` // it ends then
	Count   int                  `json:"count,omitempty"`  // it ends after that many further complete uploads; 0 is no end
}
