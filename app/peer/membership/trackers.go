package membership

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"centralizedp2p/netproto"
)

// Trackers asks several trackers as if they were one. It merges hits by content. The
// number of sources is the largest that a tracker names: a peer may be with several
// trackers, so a sum would count it twice. It fails only if no tracker answers.
type Trackers []Tracker

// lateTime is how long the other trackers may take once one has answered.
const lateTime = time.Second

// answer is what one tracker answered.
type answer[T any] struct {
	value T
	err   error
	late  bool // it did not come in time
}

// askAll asks all trackers at the same time. Once one has answered without an error,
// the others have lateTime left.
func askAll[T any](ctx context.Context, all Trackers, ask func(ctx context.Context, t Tracker) (T, error)) ([]answer[T], error) {
	type numbered struct {
		answer[T]
		i int
	}
	ctx, cancel := context.WithCancel(ctx)
	answers := make([]answer[T], len(all))
	came := make(chan numbered, len(all))
	for i, t := range all {
		answers[i].late = true
		go func() {
			v, err := ask(ctx, t)
			came <- numbered{answer[T]{value: v, err: err}, i}
		}()
	}
	left := len(all)
	defer func() {
		cancel()
		for ; left > 0; left-- {
			<-came
		}
	}()
	var late <-chan time.Time
	for left > 0 {
		select {
		case a := <-came:
			left--
			answers[a.i] = a.answer
			if a.err == nil && late == nil {
				late = time.After(lateTime)
			}
		case <-late:
			return answers, nil
		}
	}
	return answers, worst(answers)
}

// worst returns nil if any tracker answered, otherwise the error that says most.
func worst[T any](answers []answer[T]) error {
	var first error
	for _, a := range answers {
		if a.err == nil {
			return nil
		}
		if first == nil || netproto.CodeOf(first) == netproto.CodeNotFound {
			first = a.err
		}
	}
	if first == nil {
		first = netproto.Errorf(netproto.CodeUnreachable, "no tracker is chosen yet")
	}
	return first
}

// Search asks each tracker for a page of hits, so the merged page has up to Limit hits
// of each. A content that trackers rank differently may appear again on a later page;
// its hash tells. A cursor is valid only for the same trackers.
func (all Trackers) Search(ctx context.Context, r netproto.SearchRequest) (netproto.SearchResponse, error) {
	return all.pages(ctx, r.Cursor, r.Sort, func(ctx context.Context, t Tracker, cursor string) (netproto.SearchResponse, error) {
		r := r
		r.Cursor = cursor
		return t.Search(ctx, r)
	})
}

// Browse asks each tracker for a page of what a person shares with everybody, by name;
// see [Trackers.Search].
func (all Trackers) Browse(ctx context.Context, id netproto.PeerID, cursor string) (netproto.SearchResponse, error) {
	return all.pages(ctx, cursor, netproto.SortName, func(ctx context.Context, t Tracker, cursor string) (netproto.SearchResponse, error) {
		return t.Browse(ctx, id, cursor)
	})
}

// pages merges a page of each tracker into one.
func (all Trackers) pages(ctx context.Context, cursor string, sort netproto.Sort,
	ask func(ctx context.Context, t Tracker, cursor string) (netproto.SearchResponse, error)) (netproto.SearchResponse, error) {
	if len(all) == 1 {
		return ask(ctx, all[0], cursor)
	}
	cursors, err := parseCursors(cursor)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	asked := all
	if cursors != nil {
		asked = slices.DeleteFunc(slices.Clone(all), func(t Tracker) bool {
			_, more := cursors[t.Address()]
			return !more
		})
	}
	answers, err := askAll(ctx, asked, func(ctx context.Context, t Tracker) (netproto.SearchResponse, error) {
		return ask(ctx, t, cursors[t.Address()])
	})
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	var page netproto.SearchResponse
	next := map[string]string{}
	at := map[netproto.ContentHash]int{}
	for i, a := range answers {
		switch address := asked[i].Address(); {
		case a.late:
			next[address] = cursors[address] // it may answer the next time
		case a.value.Next != "":
			next[address] = a.value.Next
		}
		page.Suggestions = append(page.Suggestions, a.value.Suggestions...)
		page.Corrected = cmp.Or(page.Corrected, a.value.Corrected)
		for _, h := range a.value.Items {
			if k, twice := at[h.Hash]; twice {
				mergeHit(&page.Items[k], h)
				continue
			}
			at[h.Hash] = len(page.Items)
			page.Items = append(page.Items, h)
		}
	}
	if len(page.Items) > 0 {
		slices.SortStableFunc(page.Items, hitOrder(sort))
		page.Next, page.Suggestions, page.Corrected = joinCursors(next), nil, ""
		return page, nil
	}
	slices.Sort(page.Suggestions)
	page.Suggestions = slices.Compact(page.Suggestions)
	page.Suggestions = page.Suggestions[:min(len(page.Suggestions), netproto.MaxSuggestions)]
	return page, nil
}

// Named returns the person on the trackers with an id or a name, in any case;
// "ambiguous" if several have that name, "not-found" if nobody has.
func (all Trackers) Named(ctx context.Context, name string) (netproto.PeerID, error) {
	var id netproto.PeerID
	if id.UnmarshalText([]byte(name)) == nil {
		return id, nil
	}
	answers, err := askAll(ctx, all, func(ctx context.Context, t Tracker) (netproto.PeopleResponse, error) { return t.People(ctx, name, "") })
	if err != nil {
		return id, err
	}
	named := map[netproto.PeerID]bool{}
	for _, a := range answers {
		for _, person := range a.value.Items {
			if strings.EqualFold(person.Name, name) {
				id, named[person.PeerID] = person.PeerID, true
			}
		}
	}
	switch len(named) {
	case 0:
		return id, netproto.Errorf(netproto.CodeNotFound, "nobody called %q is on the tracker", name)
	case 1:
		return id, nil
	}
	return id, netproto.Errorf(netproto.CodeAmbiguous, "%q is the name of %d people: say which ID you mean", name, len(named))
}

func mergeHit(into *netproto.Hit, h netproto.Hit) {
	into.Sources = max(into.Sources, h.Sources)
	if h.Added.Before(into.Added) {
		into.Added = h.Added
	}
	switch {
	case into.Sources > 0:
		into.LastSeen = time.Time{}
	case h.LastSeen.After(into.LastSeen):
		into.LastSeen = h.LastSeen
	}
}

// hitOrder returns the order in which trackers sort hits.
func hitOrder(by netproto.Sort) func(a, b netproto.Hit) int {
	name := func(a, b netproto.Hit) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), slices.Compare(a.Hash[:], b.Hash[:]))
	}
	return func(a, b netproto.Hit) int {
		switch by {
		case netproto.SortName:
			return name(a, b)
		case netproto.SortSize:
			return cmp.Or(cmp.Compare(b.Size, a.Size), name(a, b))
		case netproto.SortNewest:
			return cmp.Or(b.Added.Compare(a.Added), name(a, b))
		case netproto.SortBest:
			if a.Match != b.Match {
				return cmp.Compare(cmp.Or(a.Match, netproto.MatchWords), cmp.Or(b.Match, netproto.MatchWords))
			}
		}
		return cmp.Or(cmp.Compare(b.Sources, a.Sources), name(a, b))
	}
}

// joinCursors makes one cursor out of those of several trackers, by address.
func joinCursors(cursors map[string]string) string {
	if len(cursors) == 0 {
		return ""
	}
	raw, _ := json.Marshal(cursors) // strings never fail
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseCursors(cursor string) (map[string]string, error) {
	if cursor == "" {
		return nil, nil
	}
	var cursors map[string]string
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err = errors.Join(err, json.Unmarshal(raw, &cursors)); err != nil || len(cursors) == 0 {
		return nil, netproto.Errorf(netproto.CodeInvalid, "the trackers in use have changed since the first page: search again")
	}
	return cursors, nil
}

// Resource returns what the trackers know of a content; "not-found" if none knows it.
func (all Trackers) Resource(ctx context.Context, hash netproto.ContentHash) (netproto.ResourceResponse, error) {
	answers, err := askAll(ctx, all, func(ctx context.Context, t Tracker) (netproto.ResourceResponse, error) { return t.Resource(ctx, hash) })
	if err != nil {
		return netproto.ResourceResponse{}, err
	}
	var merged netproto.ResourceResponse
	known := false
	for _, a := range answers {
		switch {
		case a.late || a.err != nil:
		case !known:
			merged, known = a.value, true
		default:
			mergeHit(&merged.Hit, a.value.Hit)
			for _, name := range a.value.Names {
				if !slices.Contains(merged.Names, name) {
					merged.Names = append(merged.Names, name)
				}
			}
		}
	}
	return merged, nil
}

// Sources returns the peers that have a content, each once with all its addresses.
func (all Trackers) Sources(ctx context.Context, hash netproto.ContentHash) ([]netproto.Source, error) {
	answers, err := askAll(ctx, all, func(ctx context.Context, t Tracker) ([]netproto.Source, error) { return t.Sources(ctx, hash) })
	if err != nil {
		return nil, err
	}
	var merged []netproto.Source
	at := map[netproto.PublicKey]int{}
	for _, a := range answers {
		for _, s := range a.value {
			if k, twice := at[s.Key]; twice {
				merged[k] = merged[k].Merge(s)
				continue
			}
			at[s.Key] = len(merged)
			merged = append(merged, s)
		}
	}
	return merged, nil
}
