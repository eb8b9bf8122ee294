package server

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

func (s *Server) search(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	q := queryOf(r)
	sort := q.sort()
	search := store.Query{
		Text:    q.text(),
		Kind:    q.kind(),
		MinSize: q.number("min_size", 0, math.MaxInt64, 0),
		MaxSize: q.number("max_size", 0, math.MaxInt64, -1),
		Sort:    sort,
		Reverse: q.order().Reverses(sort),
		Since:   q.time("since"),
		Until:   q.time("until"),
		Owner:   q.owner(),
		Limit:   q.limit(),
		Cursor:  q.cursor(),
		Offline: q.flag("offline"),
	}
	if q.err != nil {
		return q.err
	}
	page, err := s.searches.search(r.Context(), c, search)
	if err != nil {
		return err
	}
	page.Filtered = search.Owner != (netproto.PeerID{}) || !search.Since.IsZero() || !search.Until.IsZero()
	answerSearch(w, page)
	return nil
}

// hitRooms are rooms for the bodies of answers.
var hitRooms = sync.Pool{New: func() any { return new([]byte) }}

// answerSearch writes the body of a successful answer.
func answerSearch(w http.ResponseWriter, page netproto.SearchResponse) {
	room := hitRooms.Get().(*[]byte)
	defer hitRooms.Put(room)
	*room = appendSearch((*room)[:0], page)
	writeBody(w, http.StatusOK, "application/json", *room)
}

// query reads the part of an address after "?". It keeps the first error in err.
type query struct {
	values url.Values
	err    error
}

func queryOf(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return &query{err: netproto.Errorf(netproto.CodeBadRequest, "the part of the address after \"?\" is damaged")}
	}
	return &query{values: values}
}

func (q *query) refuse(format string, args ...any) {
	if q.err == nil {
		q.err = netproto.Errorf(netproto.CodeInvalid, format, args...)
	}
}

func (q *query) text() string {
	text := q.values.Get("q")
	if len(text) > netproto.MaxQueryBytes {
		q.refuse("q has %d bytes, %d are allowed", len(text), netproto.MaxQueryBytes)
	} else if !utf8.ValidString(text) {
		q.refuse("q is not valid UTF-8")
	}
	return text
}

func (q *query) kind() netproto.Kind {
	text := q.values.Get("type")
	if text == "" {
		return ""
	}
	kind, err := netproto.ParseKind(text)
	if err != nil && q.err == nil {
		q.err = err
	}
	return kind
}

func (q *query) sort() netproto.Sort {
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

func (q *query) order() netproto.Order {
	switch order := netproto.Order(q.values.Get("order")); order {
	case "", netproto.OrderAscending, netproto.OrderDescending:
		return order
	default:
		q.refuse("order is asc or desc, not %q", string(order))
		return ""
	}
}

func (q *query) limit() int {
	return int(q.number("limit", 1, netproto.MaxPage, netproto.DefaultPage))
}

func (q *query) cursor() string {
	cursor := q.values.Get("cursor")
	if len(cursor) > netproto.MaxCursorBytes {
		q.refuse("the cursor has %d bytes, %d are allowed", len(cursor), netproto.MaxCursorBytes)
	}
	return cursor
}

// time reads a time as RFC 3339 has it; zero if there is none.
func (q *query) time(name string) time.Time {
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
func (q *query) owner() netproto.PeerID {
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

func (q *query) flag(name string) bool {
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

func (q *query) number(name string, least, most, missing int64) int64 {
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
