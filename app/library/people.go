package library

import (
	"cmp"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

var (
	bucketPeople   = []byte("people")   // public key → Person
	bucketRequests = []byte("requests") // number → Request
)

// Person is somebody whom the person at this computer knows or blocked.
type Person struct {
	Key       netproto.PublicKey `json:"key"`
	Name      string             `json:"name,omitempty"` // the last one seen
	Favourite bool               `json:"favourite,omitempty"`
	Verified  bool               `json:"verified,omitempty"`
	Blocked   bool               `json:"blocked,omitempty"`
	Always    bool               `json:"always,omitempty"` // their requests are accepted at once
	Folder    string             `json:"folder,omitempty"` // absolute, where those are saved; "" is the download folder
	Seen      time.Time          `json:"seen,omitzero"`
}

// Stranger reports whether nothing worth remembering is known of a person.
func (p Person) Stranger() bool {
	return !p.Favourite && !p.Verified && !p.Blocked && !p.Always && p.Folder == ""
}

// People returns those who are known, ordered by key.
func (l *Library) People() ([]Person, error) { return all[Person](l, bucketPeople) }

// SavePerson remembers a person, or forgets a stranger.
func (l *Library) SavePerson(p Person) error {
	if p.Stranger() {
		return l.remove(bucketPeople, p.Key[:])
	}
	return l.put(bucketPeople, p.Key[:], p)
}

// RequestState is what became of a request.
type RequestState string

// The states of a request.
const (
	RequestPreparing RequestState = "preparing" // of the sender: being hashed
	RequestSending   RequestState = "sending"   // of the sender: no tracker has it yet
	RequestWaiting   RequestState = "waiting"   // for an answer
	RequestAccepted  RequestState = "accepted"
	RequestDone      RequestState = "done"
	RequestDeclined  RequestState = "declined"
	RequestFailed    RequestState = "failed"
	RequestWithdrawn RequestState = "withdrawn"
	RequestExpired   RequestState = "expired"
)

// Over reports whether nothing more happens to a request in this state.
func (s RequestState) Over() bool {
	switch s {
	case RequestPreparing, RequestSending, RequestWaiting, RequestAccepted:
		return false
	}
	return true
}

// Request is "NAME sends you 3 files", sent or received.
type Request struct {
	Number  uint64              `json:"number"` // never given twice
	ID      netproto.RequestID  `json:"id"`     // which its sender made
	Peer    netproto.PublicKey  `json:"peer"`   // the other person
	Out     bool                `json:"out,omitempty"`
	Name    string              `json:"name,omitempty"` // of the other person
	Message string              `json:"message,omitempty"`
	Items   []netproto.NoteItem `json:"items,omitempty"`
	Sent    time.Time           `json:"sent"`
	State   RequestState        `json:"state"`
	Since   time.Time           `json:"since"`            // it is in that state, by the clock of this computer
	Code    netproto.Code       `json:"code,omitempty"`   // why it failed, or is not on its way yet
	Reason  string              `json:"reason,omitempty"` // the same in words

	Sources   []RequestSource `json:"sources,omitempty"`   // of a sent one
	Dir       string          `json:"dir,omitempty"`       // of an accepted one, absolute
	Downloads []string        `json:"downloads,omitempty"` // their ids
	// Owed is what the other person has not been told yet.
	Owed []RequestNews `json:"owed,omitempty"`
}

// RequestSource is a file or folder that is sent, with the exceptions of a [Share].
type RequestSource struct {
	Path     string   `json:"path"`
	Except   []string `json:"except,omitempty"`
	Allow    []string `json:"allow,omitempty"`
	AllowAll bool     `json:"allow_all,omitempty"`
}

// RequestNews is a note that is to be left at a tracker.
type RequestNews struct {
	Kind   netproto.NoteKind   `json:"kind"`
	Result netproto.NoteResult `json:"result,omitempty"`
}

// Requests returns all of them, the oldest first.
func (l *Library) Requests() ([]Request, error) {
	list, err := all[Request](l, bucketRequests)
	slices.SortFunc(list, func(a, b Request) int { return cmp.Compare(a.Number, b.Number) })
	return list, err
}

// SaveRequest remembers a request, or what changed about it. One without a number gets
// one, which is returned.
func (l *Library) SaveRequest(r Request) (uint64, error) {
	err := l.saveNumbered(bucketRequests, &r.Number, &r)
	return r.Number, err
}

// RemoveRequest forgets a request.
func (l *Library) RemoveRequest(number uint64) error {
	return l.remove(bucketRequests, numberKey(number))
}
