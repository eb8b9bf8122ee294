package server_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

// wish leaves wishes that have to be taken.
func (c *client) wish(wishes ...netproto.Wish) (kept netproto.WishesResponse) {
	c.Helper()
	c.call("PUT", netproto.RouteWishes, netproto.WishesRequest{Wishes: wishes}, &kept)
	return kept
}

// finds returns what was found after a number.
func (c *client) finds(after uint64) (got netproto.WishesResponse) {
	c.Helper()
	c.call("GET", fmt.Sprintf("%s?after=%d", netproto.RouteWishes, after), nil, &got)
	return got
}

// found waits until some things were found, and returns their names.
func (c *client) found(n int) string {
	c.Helper()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); ; {
		var found []string
		for _, f := range c.finds(0).Found {
			found = append(found, fmt.Sprintf("%d %s", f.Wish, f.Name))
		}
		if len(found) >= n {
			return strings.Join(found, " | ")
		}
		select {
		case <-again.C:
		case <-late:
			c.Fatalf("only these were found: %q", found)
		}
	}
}

func TestWhatIsAnnouncedFulfilsWishes(t *testing.T) {
	tr := startTracker(t, nil)
	anna, ben, carl := tr.client(""), tr.client(""), tr.client("")
	for _, c := range []*client{anna, ben, carl} {
		c.join(netproto.JoinRequest{Port: 4000})
	}
	secret := file("secret lecture.pdf")
	secret.Hidden = true
	wanted := file("wanted by its hash")
	kept := anna.wish(netproto.Wish{ID: 1, Words: "LECTURE -old"}, netproto.Wish{ID: 2, Words: "type:video film"}, netproto.Wish{ID: 3, Hash: wanted.Hash},
		netproto.Wish{ID: 4, Words: "lecture", Owner: carl.id.PeerID()}, netproto.Wish{ID: 5, Hash: secret.Hash}, netproto.Wish{ID: 6, Words: "pdf", MinSize: 1 << 40})
	if kept.Wishes != 6 {
		t.Errorf("%d wishes are kept", kept.Wishes)
	}
	line := anna.line()
	anna.announce(file("my own lecture.txt"))
	ben.announce(secret, file("old lecture.pdf"), file("film.txt"), file("film.mkv"), file("Lecture 1.pdf"))
	if f := line.hear(); f.Wishes == nil || f.Wishes.Waiting == 0 {
		t.Errorf("over the line came %+v", f)
	}
	if got := anna.found(2); got != "2 film.mkv | 1 Lecture 1.pdf" {
		t.Errorf("found: %s", got)
	}
	if f := anna.line().hear(); f.Wishes == nil || f.Wishes.Waiting != 2 {
		t.Errorf("what came before there was a line: %+v", f)
	}
	ben.announce(file("Lecture 1.pdf"), wanted) // the first one again
	carl.announce(file("lecture of carl.pdf"))
	if got := anna.found(5); got != "2 film.mkv | 1 Lecture 1.pdf | 3 wanted by its hash | 1 lecture of carl.pdf | 4 lecture of carl.pdf" &&
		got != "2 film.mkv | 1 Lecture 1.pdf | 3 wanted by its hash | 4 lecture of carl.pdf | 1 lecture of carl.pdf" {
		t.Errorf("found: %s", got)
	}
	var beat netproto.HeartbeatResponse
	if anna.call("POST", netproto.RouteHeartbeat, held("my own lecture.txt"), &beat); beat.Wishes != 5 {
		t.Errorf("a heartbeat tells of %d finds", beat.Wishes)
	}
	all := anna.finds(0).Found
	if rest := anna.finds(all[2].Number).Found; len(rest) != 2 || rest[0] != all[3] {
		t.Errorf("after the third there are %+v", rest)
	}
	anna.wish(netproto.Wish{ID: 1, Words: "LECTURE -old"})
	if rest := anna.finds(0); rest.Wishes != 1 || len(rest.Found) != 1 || rest.Found[0].Wish != 1 {
		t.Errorf("of the wish that goes on there are %+v", rest)
	}
	if others := ben.finds(0); others.Wishes != 0 || len(others.Found) != 0 {
		t.Errorf("another peer gets %+v", others)
	}
	anna.call("DELETE", netproto.RouteSelf, nil, nil)
	if rest := anna.finds(0); rest.Wishes != 0 || len(rest.Found) != 0 {
		t.Errorf("after the lease there are %+v", rest)
	}
	anna.refused("PUT", netproto.RouteWishes, `{"wishes":[{"id":1,"words":"lecture"}]}`, netproto.CodeJoinFirst)
}

func TestWishesThatAreNoneAreRefused(t *testing.T) {
	tr := startTracker(t, nil)
	peer := tr.client("")
	peer.join(netproto.JoinRequest{Port: 4000})
	hash := file("a").Hash.String()
	peer.wish(netproto.Wish{ID: 7, Words: "stays"})
	for _, body := range []string{
		`{"wishes":[{"id":1}]}`, `{"wishes":[{"id":1,"words":"ab"}]}`, `{"wishes":[{"id":1,"words":"-abc"}]}`, `{"wishes":[{"id":1,"words":"type:video"}]}`,
		`{"wishes":[{"id":1,"words":"abc","type":"smell"}]}`, `{"wishes":[{"id":1,"words":"abc","min_size":-1}]}`,
		`{"wishes":[{"id":1,"words":"abc","hash":"` + hash + `"}]}`, `{"wishes":[{"id":1,"words":"` + strings.Repeat("x", netproto.MaxQueryBytes+1) + `"}]}`,
		`{"wishes":[{"id":1,"words":"` + strings.Repeat("abc1 ", netproto.MaxQueryTerms) + `a b c d e f g h i j k l m n o p q r"}]}`,
	} {
		peer.refused("PUT", netproto.RouteWishes, body, netproto.CodeInvalid)
	}
	peer.refused("PUT", netproto.RouteWishes, `{"wishes":[`+strings.Repeat(`{"id":1,"words":"abc"},`, netproto.MaxWishes)+`{"id":1,"words":"abc"}]}`, netproto.CodeTooLarge)
	peer.refused("GET", netproto.RouteWishes+"?after=-1", "", netproto.CodeInvalid)
	peer.refused("DELETE", netproto.RouteWishes, "", netproto.CodeMethod)
	if kept := peer.finds(0); kept.Wishes != 1 {
		t.Errorf("%d wishes are kept", kept.Wishes)
	}
}
