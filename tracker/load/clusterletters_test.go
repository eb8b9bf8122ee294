//go:build unix

package load

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strings"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

// speak has a peer with a line at each node be told of notes that others leave at each other
// node. Nodes that cannot speak with each other would answer all else.
func (k *crowd) speak() {
	k.Helper()
	for i, there := range k.nodes {
		id := k.stranger()
		w := k.visit(there, id)
		if err := w.line(); err != nil {
			k.Fatal(err)
		}
		for j, here := range k.nodes {
			if i == j {
				continue
			}
			if err := k.tellThrough(here, id.PeerID(), w); err != nil {
				k.Fatalf("a peer with a line at node %d is not told of a note at node %d: %v", i+1, j+1, err)
			}
		}
		w.Close()
	}
}

// visit has a peer join at a node, from another address each time: an address may leave few
// notes.
func (k *crowd) visit(n *node, id *identity.Identity) *wire {
	k.Helper()
	k.visits++
	w, err := dial(k.Context(), n.at, source(8, k.visits%250), id)
	if err == nil {
		_, err = w.must(joining)
	}
	if err != nil {
		k.Fatal(err)
	}
	return w
}

// tellThrough leaves notes at a node until their receiver hears of one over its line. A letter
// may be lost with the database, and what joined just now is not known everywhere yet.
func (k *crowd) tellThrough(n *node, to netproto.PeerID, line *wire) error {
	k.Helper()
	note := request(http.MethodPost, strings.Replace(netproto.RoutePeerNotes, "{id}", to.String(), 1), netproto.NoteRequest{Note: []byte("sealed")})
	err := errors.New("no note was taken")
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		w := k.visit(n, k.stranger())
		body, refused := w.must(note)
		w.Close()
		var left netproto.NoteResponse
		if refused == nil {
			refused = json.Unmarshal(body, &left)
		}
		if refused != nil || !left.Told {
			if err = refused; err == nil {
				err = errors.New("the node knows no line of it")
			}
			time.Sleep(200 * time.Millisecond)
			continue
		}
		line.SetReadDeadline(time.Now().Add(time.Second))
		for {
			f, lost := netproto.ReadLineFrame(line.in)
			if lost != nil {
				err = lost
				break
			}
			if f.Note != nil {
				return nil
			}
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	return err
}
