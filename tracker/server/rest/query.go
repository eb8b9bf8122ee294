package rest

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Query reads the part of an address after "?". It keeps the first error in Err.
type Query struct {
	values url.Values
	Err    error
}

// QueryOf returns the query of a request; Err says if it is damaged as a whole.
func QueryOf(r *http.Request) *Query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &Query{Err: netproto.Errorf(netproto.CodeBadRequest, "the part of the address after \"?\" is damaged")}
	}
	return &Query{values: values}
}

func (q *Query) refuse(format string, args ...any) {
	if q.Err == nil {
		q.Err = netproto.Errorf(netproto.CodeInvalid, format, args...)
	}
}

// Search reads all that a search may ask for.
func (q *Query) Search() store.Query {
	sort := q.sort()
	return store.Query{
		Text:    q.Text(),
		Kind:    q.kind(),
		MinSize: q.Number("min_size", 0, math.MaxInt64, 0),
		MaxSize: q.Number("max_size", 0, math.MaxInt64, -1),
		Sort:    sort,
		Reverse: q.order().Reverses(sort),
		Since:   q.time("since"),
		Until:   q.time("until"),
		Owner:   q.owner(),
		Limit:   q.Limit(),
		Cursor:  q.Cursor(),
		Offline: q.Flag("offline"),
	}
}

// Text reads q, what a name has to fit; "" if it is missing.
func (q *Query) Text() string {
	text := q.values.Get("q")
	if len(text) > netproto.MaxQueryBytes {
		q.refuse("q has %d bytes, %d are allowed", len(text), netproto.MaxQueryBytes)
	} else if !utf8.ValidString(text) {
		q.refuse("q is not valid UTF-8")
	}
	return text
}

func (q *Query) kind() netproto.Kind {
	text := q.values.Get("type")
	if text == "" {
		return ""
	}
	kind, err := netproto.ParseKind(text)
	if err != nil && q.Err == nil {
		q.Err = err
	}
	return kind
}

func (q *Query) sort() netproto.Sort {
	switch sort := netproto.Sort(q.values.Get("sort")); sort {
	case "":
		return netproto.SortSources
	case netproto.SortSources, netproto.SortName, netproto.SortSize, netproto.SortNewest, netproto.SortBest:
		return sort
	default:
		q.refuse("sort is best, sources, name, size or newest, not %q", string(sort))
		return ""
	}
}

func (q *Query) order() netproto.Order {
	switch order := netproto.Order(q.values.Get("order")); order {
	case "", netproto.OrderAscending, netproto.OrderDescending:
		return order
	default:
		q.refuse("order is asc or desc, not %q", string(order))
		return ""
	}
}

// Limit reads how many items a page has at most; netproto.DefaultPage if it is missing.
func (q *Query) Limit() int {
	return int(q.Number("limit", 1, netproto.MaxPage, netproto.DefaultPage))
}

// Cursor reads where a page begins; "" at the beginning.
func (q *Query) Cursor() string {
	cursor := q.values.Get("cursor")
	if len(cursor) > netproto.MaxCursorBytes {
		q.refuse("the cursor has %d bytes, %d are allowed", len(cursor), netproto.MaxCursorBytes)
	}
	return cursor
}

// time reads a time as RFC 3339 has it; zero if there is none.
func (q *Query) time(name string) time.Time {
	text := q.values.Get(name)
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		q.refuse("%s is a time such as 2026-03-01T12:00:00Z, not %q", name, netproto.Cut(text, 40))
	}
	return at
}

// owner reads the id of a peer; zero if there is none.
func (q *Query) owner() netproto.PeerID {
	text := q.values.Get("owner")
	if text == "" {
		return netproto.PeerID{}
	}
	id, err := uuid.Parse(text)
	if err != nil || id == (netproto.PeerID{}) {
		q.refuse("owner is a peer id, not %q", netproto.Cut(text, 40))
	}
	return id
}

// Flag reads true or false; false if it is missing.
func (q *Query) Flag(name string) bool {
	switch text := q.values.Get(name); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		q.refuse("%s is true or false, not %q", name, text)
		return false
	}
}

// Number reads a whole number from least to most.
func (q *Query) Number(name string, least, most, missing int64) int64 {
	text := q.values.Get(name)
	if text == "" {
		return missing
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		q.refuse("%s is a number from %d to %d, not %q", name, least, most, text)
	}
	return n
}
