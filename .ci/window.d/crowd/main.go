// Crowd puts many peers on a tracker that runs on this computer, for the tests of the
// window. Each has a key and an address of its own: Linux answers at all of 127.0.0.0/8.
//
//	crowd people LINK COUNT FILES        people who are online until the program is ended; each shares FILES files
//	crowd requests LINK PEER COUNT       people who together send COUNT requests to one person, most of them wrong
//
// It prints a line of JSON once everything is there, or sent.
package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

const (
	atOnce     = 16 // peers that talk to the tracker at a time
	callTime   = 30 * time.Second
	fromEach   = 4 // requests of one sender
	answerSize = 1 << 20
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "crowd:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) < 2 {
		return errors.New("say who comes, and the link of the tracker")
	}
	link, err := netproto.ParseLink(args[1])
	if err != nil {
		return err
	}
	if len(args) != 4 || args[0] != "people" && args[0] != "requests" {
		return fmt.Errorf("%q are no arguments", args)
	}
	last, err := strconv.ParseUint(args[3], 10, 16)
	if err != nil {
		return err
	}
	if args[0] == "requests" {
		var to netproto.PeerID
		if err := to.UnmarshalText([]byte(args[2])); err != nil {
			return err
		}
		return requests(ctx, link, to, int(last))
	}
	count, err := strconv.ParseUint(args[2], 10, 16)
	if err != nil {
		return err
	}
	return people(ctx, link, int(count), int(last))
}

// peer is somebody on the tracker.
type peer struct {
	id     *identity.Identity
	client *http.Client
	base   string
}

// newPeer makes the peer with a number: the number chooses its address, so that few
// share a network.
func newPeer(link netproto.Link, number int) (*peer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	id, err := identity.New(key)
	if err != nil {
		return nil, err
	}
	from := &net.TCPAddr{IP: net.IPv4(127, byte(1+number/250%250), byte(number%250), 9)}
	pinned := id.ClientTLS(identity.HTTP, func(key ed25519.PublicKey) error {
		if !link.Fingerprint.IsZero() && netproto.FingerprintOf(key) != link.Fingerprint {
			return errors.New("the tracker has another key")
		}
		return nil
	})
	transport := &http.Transport{DialContext: (&net.Dialer{LocalAddr: from}).DialContext, TLSClientConfig: pinned}
	return &peer{id: id, client: &http.Client{Transport: transport, Timeout: callTime}, base: "https://" + netproto.URLHost(link.Tracker)}, nil
}

// call asks the tracker, and reads the answer unless that is nil. It fails with a
// *netproto.Error if the tracker refuses.
func (p *peer) call(ctx context.Context, method, route string, body, answer any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, p.base+route, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, answerSize))
	if err == nil && response.StatusCode >= 300 {
		err = netproto.Errorf(netproto.CodeBusy, "%s: %s", response.Status, said)
	}
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(said, answer)
}

func (p *peer) join(ctx context.Context, name string) error {
	return p.call(ctx, http.MethodPut, netproto.RouteSelf, netproto.JoinRequest{Name: name, Port: 9}, nil)
}

// each does something for numbers below count, a few at a time, and returns what failed
// first.
func each(ctx context.Context, count int, do func(number int) error) error {
	var (
		next   atomic.Int64
		group  sync.WaitGroup
		failed = make(chan error, atOnce)
	)
	for range atOnce {
		group.Go(func() {
			for ctx.Err() == nil {
				number := int(next.Add(1)) - 1
				if number >= count {
					return
				}
				if err := do(number); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return ctx.Err()
	}
}

// people are online, and share files, until ctx ends.
func people(ctx context.Context, link netproto.Link, count, files int) error {
	list := make([]*peer, count)
	held := netproto.HeartbeatRequest{Count: files}
	err := each(ctx, count, func(number int) error {
		p, err := newPeer(link, number)
		if err != nil {
			return err
		}
		list[number] = p
		if err := p.join(ctx, fmt.Sprintf("Neighbour %04d", number)); err != nil {
			return err
		}
		var announced netproto.AnnounceRequest
		for file := range files {
			r := netproto.Resource{Size: int64(1000*number + file + 1), Name: fmt.Sprintf("row %05d.dat", number*files+file)}
			if _, err := rand.Read(r.Hash[:]); err != nil {
				return err
			}
			announced.Resources = append(announced.Resources, r)
		}
		return p.call(ctx, http.MethodPost, netproto.RouteResources, announced, nil)
	})
	if err != nil {
		return err
	}
	fmt.Printf("{\"people\":%d,\"files\":%d}\n", count, count*files)
	beat := time.NewTicker(15 * time.Second)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			err := each(ctx, count, func(number int) error {
				return list[number].call(ctx, http.MethodPost, netproto.RouteHeartbeat, held, nil)
			})
			if err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// requests sends requests from many keys as fast as the tracker takes them.
func requests(ctx context.Context, link netproto.Link, to netproto.PeerID, count int) error {
	var taken, refused atomic.Int64
	route := strings.Replace(netproto.RoutePeerNotes, "{id}", to.String(), 1)
	err := each(ctx, (count+fromEach-1)/fromEach, func(number int) error {
		p, err := newPeer(link, number)
		if err != nil {
			return err
		}
		defer p.client.CloseIdleConnections()
		if err := p.join(ctx, fmt.Sprintf("Pest %d", number)); err != nil {
			return err
		}
		var receiver netproto.Person
		if err := p.call(ctx, http.MethodGet, strings.TrimSuffix(route, "/notes"), nil, &receiver); err != nil {
			return err
		}
		for i := range min(fromEach, count-number*fromEach) {
			text, err := hostile(number*fromEach + i)
			if err != nil {
				return err
			}
			sealed, err := p.id.Seal(receiver.Key, text)
			if err != nil {
				return err
			}
			err = p.call(ctx, http.MethodPost, route, netproto.NoteRequest{Note: sealed}, nil)
			switch refusal := (*netproto.Error)(nil); {
			case err == nil:
				taken.Add(1)
			case errors.As(err, &refusal):
				refused.Add(1)
			default:
				return err
			}
		}
		return nil
	})
	fmt.Printf("{\"sent\":%d,\"taken\":%d,\"refused\":%d}\n", taken.Load()+refused.Load(), taken.Load(), refused.Load())
	return err
}

// marked stands in notes where the wrong ones get something that no program of ours
// would send. It has as many bytes as each of those.
const marked = "MARKED!!"

// wrongs take the place of the mark: a sequence for terminals, line feeds, a change of
// the direction of writing, a way out of the folder, and bytes that are no text.
var wrongs = []string{marked, "\x1b[2J\a\b\t\v", "\n\n\r\n\n\n\n\n", "\u202egp\u202c", "../../.\x00", "\xff\xfe\xc0\x80\xff\xff\xff\xff"}

// hostile returns the text of a request with names as long as they may be.
func hostile(number int) ([]byte, error) {
	long := func(most int) string {
		text := fmt.Sprintf("%s %d ", marked, number)
		return text + strings.Repeat("W", most-len(text))
	}
	n := netproto.Note{Kind: netproto.NoteRequested, From: long(netproto.MaxPeerName), Message: long(netproto.MaxNoteMessage), Sent: time.Now()}
	if _, err := rand.Read(n.ID[:]); err != nil {
		return nil, err
	}
	item := netproto.NoteItem{Size: netproto.MaxContentSize, Name: long(netproto.MaxNameBytes), Files: 1}
	if _, err := rand.Read(item.Hash[:]); err != nil {
		return nil, err
	}
	for range 20 {
		n.Items = append(n.Items, item)
	}
	text, err := netproto.AppendNote(nil, n)
	return bytes.ReplaceAll(text, []byte(marked), []byte(wrongs[number%len(wrongs)])), err
}
