package face

import (
	"context"
	"time"

	"centralizedp2p/netproto"
)

// Wishes keeps searches that go on, and contents that are waited for. A method fails with
// "not-found" if the wish is not there.
type Wishes interface {
	// Wishes returns all of them, the newest first.
	Wishes(ctx context.Context) ([]Wish, error)
	// AddWish keeps a wish and returns its ID; one that is there already goes on.
	// "invalid" without a word of netproto.LeastWishWord characters or a hash, "full"
	// beyond netproto.MaxWishes, "folder-unwritable" if nothing can be saved in its folder.
	AddWish(ctx context.Context, request WishRequest) (string, error)
	// RemoveWishes ends wishes. What was downloaded for them stays.
	RemoveWishes(ctx context.Context, wishes []string) error
	// SeeWishes notes that the person has seen what was found.
	SeeWishes(ctx context.Context) error
}

// WishRequest says what is wished for: words, or a content by its hash.
type WishRequest struct {
	Hash     netproto.ContentHash `json:"hash,omitzero"`
	Name     string               `json:"name,omitempty"` // of the content, if it is known
	Words    string               `json:"words,omitempty"`
	Kind     netproto.Kind        `json:"kind,omitempty"`
	MinSize  int64                `json:"min_size,omitempty"` // bytes
	MaxSize  int64                `json:"max_size,omitempty"` // bytes; 0 is no limit
	Owner    netproto.PeerID      `json:"owner,omitzero"`
	Download bool                 `json:"download,omitempty"` // what fits is downloaded
	Folder   string               `json:"folder,omitempty"`   // absolute, where to; "" is the one of the settings
}

// Wish is one that is kept.
type Wish struct {
	ID string `json:"id"`
	WishRequest
	Since time.Time `json:"since"`
	Found []Find    `json:"found,omitempty"` // the newest first
}

// Find is something that fits a wish.
type Find struct {
	Hash   netproto.ContentHash `json:"hash"`
	Name   string               `json:"name"`
	Size   int64                `json:"size"` // bytes
	Folder bool                 `json:"folder,omitempty"`
	At     time.Time            `json:"at"`
	New    bool                 `json:"new,omitempty"` // the person has not seen it yet
}
