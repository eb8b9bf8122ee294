package seedapi

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"centralizedp2p/netproto"
)

// The list that a seed client gets has no pages, so it has bounds: at about 200
// bytes a row, this is as much as a client wants to hold.
const (
	maxList      = 10_000  // rows
	maxListBytes = 2 << 20 // of the whole answer

	listLasts = time.Second // unless a seed client registers something
	maxViews  = 8

	rowsAtOnce = 128 // before others may go first
)

// lists makes the list for seed clients, one at a time, and keeps it for a moment:
// it is the same for all of them in one place.
type lists struct {
	posted atomic.Uint64 // registrations so far
	mu     sync.Mutex    // held while a list is made
	kept   map[view]keptList
}

// view is what a list depends on besides what is shared.
type view struct {
	here  bool       // the client runs on the tracker's computer
	local netip.Addr // what the tracker is to the client
}

type keptList struct {
	body   []byte
	begun  time.Time
	posted uint64
}

// answers reports whether the list may answer now what was asked earlier: it is still
// young, or it was begun after that. Without the latter, each of many clients that
// wait would get a list of its own when making one takes longer than a list lasts.
func (l keptList) answers(asked, now time.Time) bool {
	return now.Sub(l.begun) < listLasts || !l.begun.Before(asked)
}

// list returns the answer that lists everything, at most maxListBytes: the rows of
// seed clients, then what our peers share, each the oldest first.
func (a *API) list(ctx context.Context, c Caller) ([]byte, error) {
	seen, asked := view{c.Addr.IsLoopback(), c.Local}, time.Now()
	a.lists.mu.Lock()
	defer a.lists.mu.Unlock()
	now, posted := time.Now(), a.lists.posted.Load()
	if kept, ok := a.lists.kept[seen]; ok && kept.posted == posted && kept.answers(asked, now) {
		return kept.body, nil
	}
	if err := ctx.Err(); err != nil { // the client went while others were served
		return nil, err
	}
	var body []byte
	err := a.Work(ctx, c, func(yield func()) (err error) {
		body, err = a.makeList(ctx, c, yield)
		return err
	})
	if err != nil {
		return nil, err
	}
	if a.lists.kept == nil || len(a.lists.kept) >= maxViews {
		a.lists.kept = map[view]keptList{}
	}
	a.lists.kept[seen] = keptList{body, now, posted}
	return body, nil
}

func (a *API) makeList(ctx context.Context, c Caller, yield func()) ([]byte, error) {
	rows, err := a.Store.SeedRows(ctx, "", maxList)
	if err != nil {
		return nil, err
	}
	yield()
	offers, err := a.Store.Offers(ctx, "", maxList-len(rows))
	if err != nil {
		return nil, err
	}
	var b listBuilder
	for i, row := range rows {
		if i%rowsAtOnce == 0 {
			yield()
		}
		b.add(row.SeedResource)
	}
	for i, offer := range offers {
		if i%rowsAtOnce == 0 {
			yield()
		}
		if row, _, ok := rowOfOffer(offer, c); ok {
			b.add(row)
		}
	}
	return b.end(), nil
}

// listBuilder writes an answer whose data is a list, in a string: the list is
// escaped row by row, so that it is never there twice.
type listBuilder struct {
	body []byte
	row  []byte // as JSON
	full bool
}

const (
	listBegins = `{"success": true, "data": "[`
	listEnds   = `]"}`
)

// add appends a row, unless one did not fit before.
func (b *listBuilder) add(row netproto.SeedResource) {
	if b.full {
		return
	}
	b.row = b.row[:0]
	if len(b.body) == 0 {
		b.body = append(b.body, listBegins...)
	} else {
		b.row = append(b.row, ", "...)
	}
	b.row = appendPy(b.row, objectOf(row)) // ASCII
	start := len(b.body)
	for _, c := range b.row {
		if c == '"' || c == '\\' {
			b.body = append(b.body, '\\')
		}
		b.body = append(b.body, c)
	}
	if len(b.body)+len(listEnds) > maxListBytes {
		b.body, b.full = b.body[:start], true
	}
}

func (b *listBuilder) end() []byte {
	if len(b.body) == 0 {
		b.body = append(b.body, listBegins...)
	}
	return append(b.body, listEnds...)
}
