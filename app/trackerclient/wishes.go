package trackerclient

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"centralizedp2p/netproto"
)

// findsAnswer is a netproto.WishesResponse on its way in.
type findsAnswer struct {
	Wishes int                 `json:"wishes"`
	Found  list[netproto.Find] `json:"found"`
}

// usableFinds returns what of the answer can be used.
func (a *findsAnswer) usableFinds() []netproto.Find {
	return slices.DeleteFunc(a.Found.items, func(f netproto.Find) bool { return !usable(f.Hit) })
}

// SetWishes leaves all wishes of this peer at the tracker, in place of those before.
func (c *Client) SetWishes(ctx context.Context, wishes []netproto.Wish) error {
	return c.call(ctx, http.MethodPut, netproto.RouteWishes, netproto.WishesRequest{Wishes: wishes}, nil, searchBytes)
}

// Finds returns how many wishes of this peer the tracker keeps, and what fits them, after the
// find with that number. The tracker forgets the others.
func (c *Client) Finds(ctx context.Context, after uint64) (kept int, found []netproto.Find, err error) {
	var answer findsAnswer
	answer.Found.most = netproto.MaxWishesWait
	if err := c.call(ctx, http.MethodGet, netproto.RouteWishes+"?after="+strconv.FormatUint(after, 10), nil, &answer, searchBytes); err != nil {
		return 0, nil, err
	}
	return answer.Wishes, answer.usableFinds(), nil
}
