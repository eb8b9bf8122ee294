package library

import (
	"errors"
	"io/fs"

	"centralizedp2p/netproto/sealed"
)

// announcedKey is the key of what the tracker at an address was told.
func announcedKey(address string) []byte { return []byte("announced " + address) }

// Announced returns the sum that was remembered last of all that the tracker at an address
// was told; "" if it is not certain. A damaged record counts as none.
func (l *Library) Announced(address string) (sum string, err error) {
	err = l.get(bucketMeta, announcedKey(address), &sum)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, sealed.ErrDamaged) {
		return "", nil
	}
	return sum, err
}

// SaveAnnounced remembers that sum; "" forgets it.
func (l *Library) SaveAnnounced(address, sum string) error {
	if sum == "" {
		return l.remove(bucketMeta, announcedKey(address))
	}
	return l.put(bucketMeta, announcedKey(address), sum)
}
