package library

import (
	"cmp"
	"slices"
	"time"

	"centralizedp2p/netproto"
)

var bucketWishes = []byte("wishes") // number → Wish

// Wish is a search that goes on, or a content that is waited for.
type Wish struct {
	Number uint64 `json:"number"`
	netproto.Wish
	Name     string    `json:"name,omitempty"`     // what the person calls it; of a hash, if it is known
	Since    time.Time `json:"since"`              // when it was made
	Download bool      `json:"download,omitempty"` // what fits is downloaded
	Folder   string    `json:"folder,omitempty"`   // absolute, where to; "" is the download folder
	Found    []Found   `json:"found,omitempty"`    // the newest first
	// Seen are contents that were there before, or that were found; the newest last.
	Seen []netproto.ContentHash `json:"seen,omitempty"`
	// Looked are the addresses of trackers that were searched since the wish was made.
	Looked []string `json:"looked,omitempty"`
}

// FoundSince returns how many finds are later than a time.
func (w Wish) FoundSince(t time.Time) (count int) {
	for _, f := range w.Found {
		if f.At.After(t) {
			count++
		}
	}
	return count
}

// Found is something that fits a wish.
type Found struct {
	Hash   netproto.ContentHash `json:"hash"`
	Name   string               `json:"name"`
	Size   int64                `json:"size"` // bytes
	Folder bool                 `json:"folder,omitempty"`
	At     time.Time            `json:"at"`
	New    bool                 `json:"new,omitempty"` // the person has not seen it yet
}

// Wishes returns all of them, the oldest first.
func (l *Library) Wishes() ([]Wish, error) {
	list, err := all[Wish](l, bucketWishes)
	slices.SortFunc(list, func(a, b Wish) int { return cmp.Compare(a.Number, b.Number) })
	return list, err
}

// SaveWish remembers a wish, or what changed about it. One without a number gets one,
// which is returned.
func (l *Library) SaveWish(w Wish) (uint64, error) {
	err := l.saveNumbered(bucketWishes, &w.Number, &w)
	return w.Number, err
}

// RemoveWish forgets a wish.
func (l *Library) RemoveWish(number uint64) error { return l.remove(bucketWishes, numberKey(number)) }
