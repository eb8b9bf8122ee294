package netproto

import (
	"bytes"
	"encoding/json"
	"time"
)

// Routes of the people on a tracker, and of the notes that they leave each other.
const (
	RoutePeers     = "/v1/peers"            // GET ?q=&limit=&cursor= → PeopleResponse
	RoutePeer      = "/v1/peers/{id}"       // GET → Person
	RoutePeerNotes = "/v1/peers/{id}/notes" // POST, NoteRequest → NoteResponse
	RouteNotes     = "/v1/notes"            // GET → NotesResponse
	RouteNote      = "/v1/notes/{id}"       // DELETE, {id} is a NoteID
)

// Limits of notes. A tracker keeps a note until its receiver confirms it.
const (
	MaxNoteBytes     = 8 << 10   // of a sealed note
	MaxNotesWaiting  = 32        // for one receiver
	MaxNotesPair     = 4         // of them from one sender
	MaxNotesReceiver = 256 << 10 // bytes for one receiver
	MaxNotesSender   = 64        // from one sender, to all receivers
	MaxNotesMinute   = 10        // sent by one peer in a minute
	MaxNotesHour     = 60        // and in an hour
	NoteLife         = 7 * 24 * time.Hour
	MaxOwners        = 3 // named in a hit
)

// Person is a peer as others on its tracker see it.
type Person struct {
	PeerID    PeerID    `json:"peer_id"`
	Key       PublicKey `json:"key"`
	Name      string    `json:"name,omitempty"`
	Online    bool      `json:"online"`
	LastSeen  time.Time `json:"last_seen,omitzero"` // when it went offline; absent while it is online
	Resources int       `json:"resources"`          // that it announced, without hidden ones
	Bytes     int64     `json:"bytes"`              // of them
}

// PeopleResponse answers GET /v1/peers: those online first, then by name. Peers that
// joined with Unlisted are left out.
type PeopleResponse struct {
	Items []Person `json:"items"`
	Next  string   `json:"next,omitempty"` // cursor of the next page, even after a page with few people or none; empty at the end
}

// Owner is somebody who has the content of a hit.
type Owner struct {
	PeerID PeerID `json:"peer_id"`
	Name   string `json:"name,omitempty"`
}

// Owners are at most MaxOwners people; those that are missing have no id. As an array
// it leaves a [Hit] comparable. Its JSON is a list.
type Owners [MaxOwners]Owner

// List returns those that there are.
func (o Owners) List() []Owner {
	n := 0
	for n < len(o) && o[n].PeerID != (PeerID{}) {
		n++
	}
	return o[:n:n]
}

// MarshalJSON writes a list.
// Whether "&", "<" and ">" are escaped is left to the encoder.
func (o Owners) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(o.List())
	return text.Bytes(), err
}

// UnmarshalJSON reads a list, up to the first that has no id, and leaves out those
// that are too many.
func (o *Owners) UnmarshalJSON(text []byte) error {
	var list []Owner
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	*o = Owners{}
	copy(o[:], list)
	*o = Owners(append(o.List(), make([]Owner, MaxOwners)...)[:MaxOwners])
	return nil
}

// NoteID names a note that waits at a tracker: 16 random bytes that the tracker makes.
type NoteID [16]byte

func (i NoteID) String() string { return base32Lower.EncodeToString(i[:]) }

// MarshalText makes an id a JSON string of 26 characters, as an [Invite] is.
func (i NoteID) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads 26 characters.
func (i *NoteID) UnmarshalText(text []byte) error { return (*Invite)(i).UnmarshalText(text) }

// NoteRequest is the body of POST /v1/peers/{id}/notes.
type NoteRequest struct {
	Note []byte `json:"note"` // sealed to the key of the receiver (identity.Seal), at most MaxNoteBytes
}

// NoteResponse answers POST /v1/peers/{id}/notes once the note is kept.
type NoteResponse struct {
	ID   NoteID `json:"id"`
	Told bool   `json:"told,omitempty"` // the receiver was told over its line; otherwise its next heartbeat does
}

// SealedNote is a note that waits for its receiver. What it says about the sender is
// the tracker's word; the key that counts is inside.
type SealedNote struct {
	ID   NoteID    `json:"id"`
	From PeerID    `json:"from"`
	Left time.Time `json:"left"` // when the tracker took it
	Note []byte    `json:"note"`
}

// NotesResponse answers GET /v1/notes: all that wait for the caller, the oldest first.
// Each is given again until it is confirmed with DELETE /v1/notes/{id}.
type NotesResponse struct {
	Notes []SealedNote `json:"notes"`
}

// NotesWaiting tells a peer over its line that notes wait for it. It does not carry
// them: there is one way to fetch a note and one to confirm it, a sealed note is
// longer than a frame, and a reader of an earlier version skips the frame.
type NotesWaiting struct {
	Waiting int `json:"waiting"`
}
