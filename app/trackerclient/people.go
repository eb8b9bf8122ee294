package trackerclient

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"centralizedp2p/netproto"
)

const (
	peopleBytes = 256 << 10
	notesBytes  = 2*netproto.MaxNotesReceiver + 64<<10 // base64, and what stands around it
)

// usablePerson returns what of a person can be used: the id must be that of the key.
func usablePerson(p netproto.Person) (netproto.Person, bool) {
	if netproto.PeerIDOf(p.Key[:]) != p.PeerID || p.Resources < 0 || p.Bytes < 0 {
		return netproto.Person{}, false
	}
	p.Name = netproto.Printable(netproto.Cut(p.Name, netproto.MaxPeerName))
	return p, true
}

// People returns one page of the people on the tracker whose names have words in them.
func (c *Client) People(ctx context.Context, words, cursor string) (netproto.PeopleResponse, error) {
	values := url.Values{"limit": {strconv.Itoa(netproto.MaxPage)}}
	if words != "" {
		values.Set("q", words)
	}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	var answer struct {
		Items list[netproto.Person] `json:"items"`
		Next  string                `json:"next"`
	}
	answer.Items.most = netproto.MaxPage
	if err := c.call(ctx, http.MethodGet, netproto.RoutePeers+"?"+values.Encode(), nil, &answer, peopleBytes); err != nil {
		return netproto.PeopleResponse{}, err
	}
	page := netproto.PeopleResponse{Next: answer.Next}
	if len(page.Next) > netproto.MaxCursorBytes {
		page.Next = ""
	}
	for _, p := range answer.Items.items {
		if p, ok := usablePerson(p); ok {
			page.Items = append(page.Items, p)
		}
	}
	return page, nil
}

// Person returns what the tracker says of a person; "not-found" if it knows nobody with
// that id.
func (c *Client) Person(ctx context.Context, id netproto.PeerID) (netproto.Person, error) {
	var answer netproto.Person
	if err := c.call(ctx, http.MethodGet, withPeer(netproto.RoutePeer, id), nil, &answer, otherBytes); err != nil {
		return netproto.Person{}, err
	}
	p, ok := usablePerson(answer)
	if !ok || p.PeerID != id {
		return netproto.Person{}, netproto.Errorf(netproto.CodeProtocol, "the tracker %s says nothing usable about the peer %s", c.address, id)
	}
	return p, nil
}

// Browse returns one page of what a person shares with everybody.
func (c *Client) Browse(ctx context.Context, id netproto.PeerID, cursor string) (netproto.SearchResponse, error) {
	values := url.Values{"limit": {strconv.Itoa(netproto.MaxPage)}}
	if cursor != "" {
		values.Set("cursor", cursor)
	}
	var answer searchAnswer
	answer.Items.most, answer.Suggestions.most = netproto.MaxPage, netproto.MaxSuggestions
	if err := c.call(ctx, http.MethodGet, withPeer(netproto.RoutePeerResources, id)+"?"+values.Encode(), nil, &answer, searchBytes); err != nil {
		return netproto.SearchResponse{}, err
	}
	return answer.response(), nil
}

// LeaveNote has the tracker keep a sealed note for a person. "not-found" if it knows
// nobody with that id, "too-many-requests" if it keeps enough notes already.
func (c *Client) LeaveNote(ctx context.Context, to netproto.PeerID, note []byte) (netproto.NoteResponse, error) {
	var answer netproto.NoteResponse
	return answer, c.call(ctx, http.MethodPost, withPeer(netproto.RoutePeerNotes, to), netproto.NoteRequest{Note: note}, &answer, otherBytes)
}

// Notes returns the sealed notes that wait for this peer.
func (c *Client) Notes(ctx context.Context) ([]netproto.SealedNote, error) {
	var answer struct {
		Notes list[netproto.SealedNote] `json:"notes"`
	}
	answer.Notes.most = netproto.MaxNotesWaiting
	if err := c.call(ctx, http.MethodGet, netproto.RouteNotes, nil, &answer, notesBytes); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(answer.Notes.items, func(n netproto.SealedNote) bool { return len(n.Note) > netproto.MaxNoteBytes }), nil
}

// ConfirmNote has the tracker forget a note.
func (c *Client) ConfirmNote(ctx context.Context, id netproto.NoteID) error {
	return c.call(ctx, http.MethodDelete, strings.Replace(netproto.RouteNote, "{id}", id.String(), 1), nil, nil, otherBytes)
}

func withPeer(route string, id netproto.PeerID) string {
	return strings.Replace(route, "{id}", id.String(), 1)
}
