package trackerclient

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"centralizedp2p/netproto"
)

// What a content is and who has it are one question: over a long line each one takes a
// round trip, and a peer that learns what a content is goes on to fetch it.

// tellsFor is how long the answer stands. Then a download asks for its sources again.
const tellsFor = time.Second

// described is a content as the tracker described it. The zero value describes none.
type described struct {
	netproto.ResourceResponse
	at time.Time
}

// Resource returns what the tracker knows about a content; "not-found" if it knows
// nothing. It does not ask again what it answered within the last second.
func (c *Client) Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error) {
	told := c.lately(hash)
	if told.at.IsZero() {
		var err error
		if told, err = c.describe(ctx, hash); err != nil {
			return netproto.ResourceResponse{}, err
		}
	}
	return netproto.ResourceResponse{Hit: told.Hit, Names: slices.Clone(told.Names)}, nil
}

func (c *Client) describe(ctx context.Context, hash netproto.ContentHash) (described, error) {
	var answer struct {
		netproto.Hit
		Names list[string]          `json:"names"`
		Peers list[netproto.Source] `json:"peers"`
	}
	answer.Names.most, answer.Names.cut = maxNames, true // a popular content may have more
	answer.Peers.most = maxSources
	if err := c.call(ctx, http.MethodGet, withHash(netproto.RouteResource, hash)+"?peers=true", nil, &answer, namesBytes+sourcesBytes); err != nil {
		return described{}, err
	}
	if answer.Hash != hash || !usable(answer.Hit) {
		return described{}, netproto.Errorf(netproto.CodeProtocol, "the tracker %s says nothing usable about %s", c.address, hash)
	}
	names := slices.DeleteFunc(answer.Names.items, func(name string) bool { return netproto.CheckName(name) != nil })
	told := described{netproto.ResourceResponse{Hit: answer.Hit, Names: names, Peers: answer.Peers.items}, time.Now()}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = told
	return told, nil
}

// lately returns what the tracker has just said about a content, if anything.
func (c *Client) lately(hash netproto.ContentHash) described {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.told.at) >= c.tellsFor {
		c.told = described{}
	}
	if c.told.Hash != hash {
		return described{}
	}
	return c.told
}

// Sources lists the online peers that have a content, with the addresses at which they
// may be dialled: IP addresses, and private ones only if the tracker is in the local
// network or the peer is behind the same public address as this one. An address without
// a host gets that of the tracker. It does not ask for those that [Client.Resource] has
// just brought.
func (c *Client) Sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error) {
	found := slices.Clone(c.lately(hash).Peers)
	if len(found) == 0 { // an older tracker names none there
		var answer struct {
			Sources list[netproto.Source] `json:"sources"`
		}
		answer.Sources.most = maxSources
		if err := c.call(ctx, http.MethodGet, withHash(netproto.RouteSources, hash), nil, &answer, sourcesBytes); err != nil {
			return nil, err
		}
		found = answer.Sources.items
	}
	c.mu.Lock()
	from := c.seen
	c.mu.Unlock()
	for i, s := range found {
		found[i] = from.sourceOf(s)
	}
	return found, nil
}

func withHash(route string, hash netproto.ContentHash) string {
	return strings.Replace(route, "{hash}", hash.String(), 1)
}
