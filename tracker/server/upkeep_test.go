package server

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"centralizedp2p/tracker/store"
)

// endlessStore always has more to forget.
type endlessStore struct {
	store.Store
	pieces int
	enough func()
}

func (s *endlessStore) Reap(context.Context, int) (more bool, err error) {
	if s.pieces++; s.pieces == 1_000 {
		s.enough()
	}
	return true, nil
}

func TestUpkeepRestsBetweenItsPieces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		endless := &endlessStore{enough: cancel}
		if err := (&Server{store: endless}).upkeep(ctx); err != nil {
			t.Fatal(err)
		}
		if most := int(time.Second/reapPause) + 1; endless.pieces > most {
			t.Errorf("%d pieces in a second, at most %d leave time for others", endless.pieces, most)
		}
	})
}
