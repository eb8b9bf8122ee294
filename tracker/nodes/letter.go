package nodes

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/store"
)

// Bounds of what a letter has. Whatever is beyond them was not written by a node.
const (
	linesOnce = 4096 // peers; the others follow in further letters
	linesEach = 2    // of a peer: one for each family
)

// letter is what one node says to another: one of its members. It is a JSON object; a member
// that is not known here is of a newer node, and left out.
//
// A letter may be lost, with the database or in a failover, which empties the table of
// letters; and it may come twice. That is harmless for each kind:
//
//   - Lines are all said again once a letter was lost, to a node that is new, to one that
//     says Missed, and each minute. Until then a peer counts as not callable there, or is
//     rung in vain.
//   - Ring and Rung: the caller is told that the callee has not answered yet, tries what it
//     was told, and calls again. A callee that is rung twice knows the call by its id.
//   - Tell: how many notes wait is in the answer to each heartbeat, and peers look for finds
//     now and then at each node.
//   - Wishes, Found and Refused: without an answer the wishes are kept here from then on,
//     and Kept has other nodes drop theirs. If that is lost, too, the peer hears from both,
//     until it sets other wishes or leaves.
//   - Left: the peer closes its lines itself, and wishes and verdicts end with its lease,
//     which the database ends for all nodes.
//   - Spent: a limit is looser, or stricter, for the moment that it takes to come back to
//     its burst.
//
// Bans and the ends of memberships are no letters: each node takes them from the log of the
// database, which loses none, and cuts off whoever they are about (Others.barred). What a
// relay passes on goes from node to node by itself (Others.Reach).
type letter struct {
	Ask    uint64 `json:"ask,omitempty"`    // the number of a question, which has an answer
	Answer uint64 `json:"answer,omitempty"` // to that question

	Lines   *linesLetter               `json:"lines,omitempty"`
	Missed  bool                       `json:"missed,omitempty"` // asks for all Lines
	Ring    *ringLetter                `json:"ring,omitempty"`
	Rung    line.Result                `json:"rung,omitempty"` // answers Ring
	Tell    *tellLetter                `json:"tell,omitempty"`
	Wishes  *WishesAsked               `json:"wishes,omitempty"`
	Found   *netproto.WishesResponse   `json:"found,omitempty"`   // answers Wishes, if they are kept there
	Refused *netproto.Problem          `json:"refused,omitempty"` // likewise
	Kept    *netproto.PeerID           `json:"kept,omitempty"`    // its wishes are kept by the sender now
	Left    *netproto.PeerID           `json:"left,omitempty"`
	Spent   map[string]json.RawMessage `json:"spent,omitempty"` // by the names of Config.Rates
}

// linesLetter says where a node sees the lines of peers; one without any has none there.
type linesLetter struct {
	All bool                                 `json:"all,omitempty"` // whoever is not named here, or in the next letters, has none
	Of  map[netproto.PeerID][]netip.AddrPort `json:"of"`
}

type ringLetter struct {
	Callee netproto.PeerID `json:"callee"`
	Caller netip.Addr      `json:"caller"`
	Ring   netproto.Ring   `json:"ring"`
}

type tellLetter struct {
	To    netproto.PeerID    `json:"to"`
	Frame netproto.LineFrame `json:"frame"`
}

// WishesAsked asks for the wishes of a peer.
type WishesAsked struct {
	Of     netproto.PeerID  `json:"of"`
	Source netip.Addr       `json:"source,omitzero"` // the peer's, as limit.Source
	Set    *[]netproto.Wish `json:"set,omitempty"`   // in place of those before; nil leaves them
	After  uint64           `json:"after,omitempty"` // finds up to this number are forgotten
}

// errNoLetter says that bytes were not written by a node.
var errNoLetter = errors.New("this is no letter of a node")

// readLetter reads what another node wrote, and takes at most a few times its bytes.
func readLetter(said []byte) (l letter, err error) {
	if len(said) > store.MaxSaid {
		return l, fmt.Errorf("%w: it has %d bytes", errNoLetter, len(said))
	}
	if err := json.Unmarshal(said, &l); err != nil {
		return l, fmt.Errorf("%w: %w", errNoLetter, err)
	}
	return l, l.check()
}

// check returns errNoLetter for what no node says, and drops what a newer one may.
func (l *letter) check() error {
	switch l.Rung {
	case "", line.ResultOK, line.ResultSilent, line.ResultBusy, line.ResultDenied, line.ResultNoLine:
	default:
		l.Rung = line.ResultSilent
	}
	var wrong string
	switch {
	case l.Lines != nil && (len(l.Lines.Of) > linesOnce || tooMany(l.Lines.Of)):
		wrong = "too many lines"
	case l.Ring != nil && !l.Ring.whole():
		wrong = "a ring without its call, its caller or its content, or with too many addresses"
	case l.Wishes != nil && l.Wishes.Set != nil && len(*l.Wishes.Set) > netproto.MaxWishes:
		wrong = "too many wishes"
	case l.Found != nil && (len(l.Found.Found) > netproto.MaxWishesWait || slices.ContainsFunc(l.Found.Found, isNothing)):
		wrong = "too many finds, or one of nothing"
	case l.Tell != nil:
		// Of all frames, nodes pass on these.
		l.Tell.Frame = netproto.LineFrame{Note: l.Tell.Frame.Note, Wishes: l.Tell.Frame.Wishes}
		if l.Tell.Frame == (netproto.LineFrame{}) {
			l.Tell = nil
		}
	}
	if wrong != "" {
		return fmt.Errorf("%w: it has %s", errNoLetter, wrong)
	}
	return nil
}

// whole reports whether a ring has what each has.
func (r *ringLetter) whole() bool {
	return r.Caller.IsValid() && r.Ring.Call != (netproto.CallID{}) && !r.Ring.Hash.IsZero() && len(r.Ring.Addresses) <= netproto.MaxCallAddresses &&
		(r.Ring.Relay == nil || r.Ring.Relay.Token != (netproto.RelayToken{}))
}

func isNothing(f netproto.Find) bool { return f.Hash.IsZero() }

func tooMany(of map[netproto.PeerID][]netip.AddrPort) bool {
	for _, seen := range of {
		if len(seen) > linesEach {
			return true
		}
	}
	return false
}

// lineLetters returns the letters that say where this node sees lines. With all, the first
// of them ends what was said before.
func lineLetters(of map[netproto.PeerID][]netip.AddrPort, all bool) (letters []letter) {
	for part := range slices.Chunk(slices.Collect(maps.Keys(of)), linesOnce) {
		l := &linesLetter{All: all && letters == nil, Of: make(map[netproto.PeerID][]netip.AddrPort, len(part))}
		for _, id := range part {
			l.Of[id] = of[id]
		}
		letters = append(letters, letter{Lines: l})
	}
	if all && letters == nil {
		letters = []letter{{Lines: &linesLetter{All: true, Of: of}}}
	}
	return letters
}
