package library

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
)

// damagedFile is where damaged records are moved, beside the library.
const damagedFile = "library.damaged"

// Notes returns what was found damaged when the profile was opened: sentences for a
// person, which say what to do.
func (l *Library) Notes() []string { return l.notes }

func (l *Library) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

// mend looks at each record that a person would miss. It moves a damaged one to a file
// of its own, except that of a tracker's key: it must not be forgotten that there was
// one, so it stays, or comes back from the list of trackers.
func (l *Library) mend() error {
	if err := l.mendTrackers(); err != nil {
		return err
	}
	var moved bytes.Buffer
	gone := map[string][][]byte{} // keys by bucket
	err := l.view(func(tx *bbolt.Tx) error {
		for _, b := range []struct {
			bucket []byte
			value  any
		}{{bucketShares, &Share{}}, {bucketDownloads, &Download{}}, {bucketPeople, &Person{}}, {bucketRequests, &Request{}}, {bucketWishes, &Wish{}}} {
			err := tx.Bucket(b.bucket).ForEach(func(key, record []byte) error {
				if decode(b.bucket, key, record, b.value) != nil {
					gone[string(b.bucket)] = append(gone[string(b.bucket)], bytes.Clone(key))
					fmt.Fprintf(&moved, "%s %q %q\n", b.bucket, key, record)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if record := tx.Bucket(bucketMeta).Get(keySettings); record != nil {
			s := DefaultSettings()
			if err := decode(bucketMeta, keySettings, record, &s); err != nil || s.Validate() != nil {
				gone[string(bucketMeta)] = [][]byte{keySettings}
				fmt.Fprintf(&moved, "%s %q %q\n", bucketMeta, keySettings, record)
			}
		}
		return nil
	})
	if err != nil || len(gone) == 0 {
		return err
	}
	file := filepath.Join(l.dir, damagedFile)
	if err := appendTo(file, moved.Bytes()); err != nil {
		return netproto.Errorf(netproto.CodeStore, "%w", err)
	}
	for bucket, what := range map[string]string{
		string(bucketShares): "%d shares were damaged and are no longer offered: add them again (what was left of them is in %s)",
		string(bucketDownloads): "%d downloads were damaged and are no longer in the list: add them again, and they go on from what is there " +
			"(what was left of them is in %s)",
		string(bucketPeople): "what was known of %d people was damaged: block them again, or verify them, if you had " +
			"(what was left of it is in %s)",
		string(bucketWishes): "%d wishes were damaged and are no longer in the list: make them again",
		string(bucketRequests): "%d requests were damaged and are no longer in the list: send them again " +
			"(what was left of them is in %s)",
		string(bucketMeta): "the settings were damaged (%d record) and are the usual ones now: set them again (what was left of them is in %s)",
	} {
		if n := len(gone[bucket]); n > 0 {
			l.note(what, n, file)
		}
	}
	return l.update(func(tx *bbolt.Tx) error {
		for bucket, keys := range gone {
			for _, key := range keys {
				if err := tx.Bucket([]byte(bucket)).Delete(key); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func appendTo(file string, text []byte) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// mendTrackers brings back keys of trackers: that of a record whose own key in the
// library is wrong from its value, others from the list beside the library, and all of
// them if the library went back to a state before the list. That happens to bbolt if
// the newer one of its two heads is damaged. A tracker whose key is nowhere is known by
// one that no tracker has.
func (l *Library) mendTrackers() error {
	is, err := l.trackersState()
	if err != nil {
		return err
	}
	var list trackerList
	raw, err := os.ReadFile(filepath.Join(l.dir, trackersFile))
	usable := err == nil && len(raw) <= maxTrackersFile && json.Unmarshal(raw, &list) == nil
	behind := usable && list.Changes > is.changes
	if len(is.damaged) == 0 && !behind {
		return nil
	}
	back := maps.Clone(is.misplaced)
	if usable && list.Changes >= is.changes {
		for _, t := range list.Known {
			if behind || !is.known[t.Address] {
				back[t.Address] = t
			}
		}
	}
	lost := map[string]bool{}
	for _, address := range is.damaged {
		_, mended := back[address]
		lost[address] = !mended && len(back) < len(is.damaged)
	}
	err = l.update(func(tx *bbolt.Tx) error {
		trackers := tx.Bucket(bucketTrackers)
		for address, gone := range lost {
			if gone {
				back[address] = Tracker{Address: address, Fingerprint: lostKey}
			} else if err := trackers.Delete([]byte(address)); err != nil {
				return err
			}
		}
		for address, t := range back {
			record, err := encode(bucketTrackers, []byte(address), t)
			if err == nil {
				err = trackers.Put([]byte(address), record)
			}
			if err != nil {
				return err
			}
		}
		return putChanges(tx, max(is.changes, list.Changes))
	})
	if err != nil {
		return err
	}
	for address, gone := range lost {
		if gone {
			delete(back, address)
			l.note("the known key of the tracker %q is damaged: its key will look changed; "+
				"compare it with the one that its owner tells you before you trust it again", address)
		}
	}
	if len(back) > 0 {
		l.note("the library was damaged: the keys of %d trackers were brought back", len(back))
	}
	return nil
}

// trackersState says what the library has of trackers.
type trackersState struct {
	changes   int64              // of the known ones, ever
	known     map[string]bool    // addresses whose record is right
	damaged   []string           // addresses, or what became of them, whose record is not
	misplaced map[string]Tracker // right values of damaged records, by their address
}

func (l *Library) trackersState() (trackersState, error) {
	is := trackersState{known: map[string]bool{}, misplaced: map[string]Tracker{}}
	return is, l.view(func(tx *bbolt.Tx) error {
		is.changes = changesIn(tx)
		return tx.Bucket(bucketTrackers).ForEach(func(key, record []byte) error {
			var t Tracker
			if decode(bucketTrackers, key, record, &t) == nil {
				is.known[string(key)] = true
				return nil
			}
			is.damaged = append(is.damaged, string(key))
			if len(record) > sealBytes && json.Unmarshal(record[sealBytes:], &t) == nil &&
				decode(bucketTrackers, []byte(t.Address), record, &t) == nil {
				is.misplaced[t.Address] = t
			}
			return nil
		})
	})
}

// keyChanges counts the changes of the trackers that are known.
var keyChanges = []byte("tracker-changes")

// changesIn returns the count, 0 if it is damaged: then the list counts.
func changesIn(tx *bbolt.Tx) (n int64) {
	if decode(bucketMeta, keyChanges, tx.Bucket(bucketMeta).Get(keyChanges), &n) != nil {
		return 0
	}
	return n
}

func putChanges(tx *bbolt.Tx, n int64) error {
	record, err := encode(bucketMeta, keyChanges, n)
	if err != nil {
		return err
	}
	return tx.Bucket(bucketMeta).Put(keyChanges, record)
}
