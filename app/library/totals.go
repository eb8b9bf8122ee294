package library

import (
	"errors"
	"io/fs"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/sealed"
)

var keyTotals = []byte("totals")

// Amounts are bytes of contents.
type Amounts struct {
	Got  int64 `json:"got"`
	Sent int64 `json:"sent"`
}

// Totals are what came and went since the profile was made.
type Totals struct {
	Ever   Amounts         `json:"ever"`
	Day    string          `json:"day"` // 2006-01-02
	Today  Amounts         `json:"today"`
	People []PersonAmounts `json:"people,omitempty"`
}

// PersonAmounts are what came from a person and went there.
type PersonAmounts struct {
	Key netproto.PublicKey `json:"key"`
	Amounts
}

// Totals returns what was remembered last. A damaged record counts as none.
func (l *Library) Totals() (Totals, error) {
	var t Totals
	switch err := l.get(bucketMeta, keyTotals, &t); {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, sealed.ErrDamaged):
		return Totals{}, nil
	case err != nil:
		return Totals{}, err
	}
	return t, nil
}

// SaveTotals remembers what came and went.
func (l *Library) SaveTotals(t Totals) error { return l.put(bucketMeta, keyTotals, t) }
