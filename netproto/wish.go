package netproto

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RouteWishes is where a peer leaves what it wishes for, and gets what fits:
// GET ?after= → WishesResponse; PUT, WishesRequest → WishesResponse.
const RouteWishes = "/v1/wishes"

// Limits of wishes.
const (
	MaxWishes     = 50 // of one peer
	MaxWishesWait = 20 // finds that wait for one peer
	LeastWishWord = 3  // characters of the longest word of a wish
)

// Wish is a search that goes on, or a content that is waited for. A tracker keeps it as
// long as the lease of its peer, and compares it with what is announced. What is hidden
// fits no wish.
type Wish struct {
	ID      uint32      `json:"id"` // chosen by the peer
	Hash    ContentHash `json:"hash,omitzero"`
	Words   string      `json:"words,omitempty"` // as the q of a search
	Type    Kind        `json:"type,omitempty"`
	MinSize int64       `json:"min_size,omitempty"` // bytes
	MaxSize int64       `json:"max_size,omitempty"` // bytes; 0 is no limit
	Owner   PeerID      `json:"owner,omitzero"`     // only what this peer announces
}

// Check returns why a wish is none, as a CodeInvalid, or nil. Whether its words can be
// searched for is for the tracker to say.
func (w Wish) Check() error {
	var err error
	switch {
	case !w.Hash.IsZero():
		if (w != Wish{ID: w.ID, Hash: w.Hash}) {
			err = fmt.Errorf("a wish for a hash says nothing else")
		}
	case len(w.Words) > MaxQueryBytes || !utf8.ValidString(w.Words):
		err = fmt.Errorf("the words of a wish are at most %d bytes of UTF-8", MaxQueryBytes)
	case w.Words == "":
		err = fmt.Errorf("a wish has words or a hash")
	case !hasWishWord(w.Words):
		err = fmt.Errorf("a wish has at least one word of %d characters", LeastWishWord)
	case w.MinSize < 0 || w.MaxSize < 0:
		err = fmt.Errorf("a size is 0 or more")
	case w.Type != "":
		_, err = ParseKind(string(w.Type))
	}
	if err != nil {
		return Errorf(CodeInvalid, "%w", err)
	}
	return nil
}

// hasWishWord reports whether one of some words is long enough to be wished for.
func hasWishWord(words string) bool {
	apart := func(r rune) bool { return unicode.IsSpace(r) || r == '"' }
	return slices.ContainsFunc(strings.FieldsFunc(words, apart), func(word string) bool {
		return utf8.RuneCountInString(word) >= LeastWishWord && word[0] != '-' && !strings.HasPrefix(word, "type:")
	})
}

// WishesRequest is the body of PUT /v1/wishes: all wishes of a peer, in place of those
// before.
type WishesRequest struct {
	Wishes []Wish `json:"wishes"`
}

// WishesResponse answers PUT and GET /v1/wishes.
type WishesResponse struct {
	Wishes int    `json:"wishes"`          // that the tracker keeps for this peer
	Found  []Find `json:"found,omitempty"` // the oldest first; until a GET with a later "after"
}

// Find is something that fits a wish.
type Find struct {
	Number uint64 `json:"number"` // later ones have larger numbers
	Wish   uint32 `json:"wish"`
	Hit
}

// WishesWaiting tells a peer, over its line, that finds wait at GET /v1/wishes.
type WishesWaiting struct {
	Waiting int `json:"waiting"`
}
