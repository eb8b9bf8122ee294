package trackerclient

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-resty/resty/v2"

	"centralizedp2p/netproto"
)

// A tracker may be several nodes with one key, each at an address of its own. It says
// which; from then on the one that answers is used, and another one when that is lost.
//
// All nodes have the same key, and a key that another one lists is no other node. If one
// node could name the keys of others, whoever gets hold of one node could name his own, and
// stay trusted after it was taken back; a list that only a key out of reach of all nodes may
// sign would need that key, numbers of versions and an end, which owners would have to look
// after. The key of all nodes is sealed in their database instead (--key-secret).

// otherNodeAfter is how long a node may be silent until another one is tried, too. Most
// answers come within milliseconds.
const otherNodeAfter = time.Second

// usableAddresses returns the addresses that a tracker may say it is found at. See
// [viewpoint.lures].
func (v viewpoint) usableAddresses(said []string) []string {
	var list []string
	for _, text := range said[:min(len(said), netproto.MaxAddresses)] {
		at, err := netproto.TrackerAddress(text)
		if err != nil || slices.Contains(list, at) {
			continue
		}
		if literal, err := netip.ParseAddrPort(at); err != nil || !v.lures(literal.Addr().Unmap()) {
			list = append(list, at)
		}
	}
	return list
}

// lures reports whether a tracker that is not in the local network names an address in it,
// or one that is nobody's: it could have this peer look around at home.
func (v viewpoint) lures(ip netip.Addr) bool {
	return ip.IsUnspecified() || ip.IsMulticast() || isLocal(ip) && v.tracker.IsValid() && !isLocal(v.tracker)
}

// setNodes notes all addresses of the tracker, and reports whether they are others than
// before. Each client tries them in an order of its
// own, so that the peers of a node that is lost do not all go to the same other one.
func (c *Client) setNodes(addresses []string) (moved bool) {
	nodes := slices.DeleteFunc(slices.Clone(addresses), func(at string) bool { return at == c.address })
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(nodes) == len(c.nodes) && !slices.ContainsFunc(nodes, func(at string) bool { return !slices.Contains(c.nodes, at) }) {
		return false
	}
	rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	c.nodes = nodes
	return true
}

// several returns how many other nodes the tracker has.
func (c *Client) several() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.nodes)
}

// passOver has the next connections go to other nodes than the one at an address, as long
// as one of them answers.
func (c *Client) passOver(w *way, at string) {
	c.mu.Lock()
	w.doubts[at] = time.Now()
	if w.last == at {
		w.last = ""
	}
	c.mu.Unlock()
	w.transport.CloseIdleConnections()
}

// wayOf returns the way for a request. Searches and lists have one of their own as soon as
// a node does only a part of the work.
func (c *Client) wayOf(method, route string) *way {
	if path, _, _ := strings.Cut(route, "?"); c.split.Load() && netproto.IsList(method, path) {
		return c.lists
	}
	return c.main
}

// lost reports whether an error is about a node and not about what it was asked.
func lost(err error) bool {
	code := netproto.CodeOf(err)
	return code == netproto.CodeUnreachable || code == netproto.CodeStoreAway || code == netproto.CodeWrongNode
}

// exchange makes a request. A tracker that has several nodes is asked at another one, if
// the first breaks off, says that it is without its database or that another one does
// this, or is silent for a while: all that can be asked may be asked twice.
func (c *Client) exchange(
	ctx context.Context, method, route string, ask func(ctx context.Context, w *way) (*resty.Response, error),
) (*resty.Response, error) {
	left, w := c.several(), c.wayOf(method, route)
	if left == 0 {
		return ask(ctx, w)
	}
	type answer struct {
		response *resty.Response
		err      error
	}
	ctx, cancel := context.WithCancel(ctx)
	answers := make(chan answer, 1+left)
	late := time.NewTimer(otherNodeAfter)
	defer late.Stop()
	waiting, asked := 0, ""
	begin := func() {
		asked = c.addresses(w)[0].at
		waiting++
		late.Reset(otherNodeAfter)
		if left == 0 || route == netproto.RouteCalls { // calls wait for another peer
			late.Stop()
		}
		way := w
		go func() {
			response, err := ask(ctx, way)
			answers <- answer{response, err}
		}()
	}
	begin()
	defer func() {
		cancel()
		for range waiting {
			<-answers
		}
	}()
	var first *answer
	for {
		select {
		case <-late.C:
		case a := <-answers:
			waiting--
			code := c.nodeCode(a.response, a.err)
			if first == nil || code == "" || c.nodeCode(first.response, first.err) == netproto.CodeWrongNode {
				first = &a
			}
			if code == netproto.CodeWrongNode {
				c.split.Store(true)
				w = c.wayOf(method, route)
			}
			if code == "" || waiting == 0 && left == 0 {
				return first.response, first.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if left > 0 {
			left--
			c.passOver(w, asked)
			begin()
		}
	}
}

// nodeCode returns what is wrong with a node that was asked; "" if it answered for the whole
// tracker.
func (c *Client) nodeCode(response *resty.Response, err error) netproto.Code {
	switch {
	case err != nil && (errors.Is(err, resty.ErrResponseBodyTooLarge) || netproto.CodeOf(err) == netproto.CodeKeyChanged):
		return ""
	case err != nil:
		return netproto.CodeUnreachable
	case response.StatusCode() < http.StatusBadRequest:
		return ""
	}
	if refused := c.refused(response.StatusCode(), response.Header(), response.Body()); lost(refused) {
		return netproto.CodeOf(refused)
	}
	return ""
}
