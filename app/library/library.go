// Package library keeps what this peer remembers between two starts: its shares,
// downloads and settings, and the trackers it trusts. It is one bbolt file in the
// profile folder, which one process at a time may use.
package library

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/netproto/durable"
	"centralizedp2p/netproto/identity"
)

// schema is the version of the file's contents. Version 1 sealed no records. Version 2
// had no people, and its programs would offer what is for chosen people to everybody.
const schema = 3

var (
	bucketMeta      = []byte("meta")      // schema, settings
	bucketTrackers  = []byte("trackers")  // address → Tracker
	bucketShares    = []byte("shares")    // id → Share
	bucketFiles     = []byte("files")     // path → File
	bucketManifests = []byte("manifests") // content hash → size and chaining values
	bucketPartials  = []byte("partials")  // path → the first pieces of a file whose hashing is under way
	bucketDownloads = []byte("downloads") // id → Download
	bucketInodes    = []byte("inodes")    // what 0.2.0 knew of files, once more, by their inode

	keySchema   = []byte("schema")
	keySettings = []byte("settings")
)

// Library is an open profile.
type Library struct {
	dir      string
	db       *boltfile.DB
	lock     *flock.Flock
	identity *identity.Identity
	filing   sync.Mutex            // held while files are saved or forgotten
	showing  sync.Mutex            // held while the file for a Glance is written
	damage   atomic.Pointer[error] // why the database is not used any longer; nil while it is
	notes    []string              // what was damaged at the start
}

// DefaultDir returns the profile in the user's configuration folder.
func DefaultDir() (string, error) {
	base, err := os.UserConfigDir()
	if err != nil {
		return "", netproto.Errorf(netproto.CodeStore, "the system has no configuration folder: %w", err)
	}
	return filepath.Join(base, "centralizedp2p"), nil
}

// Open opens the profile in dir, and creates it if there is none. The error has the
// code "profile-in-use" if another process has it open.
func Open(dir string) (*Library, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, netproto.Errorf(netproto.CodeStore, "the profile %s: %w", dir, err)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	switch locked, err := lock.TryLock(); {
	case err != nil:
		return nil, netproto.Errorf(netproto.CodeStore, "the profile %s: %w", dir, err)
	case !locked:
		return nil, netproto.Errorf(netproto.CodeProfileInUse, "%s%s", dir, holder(dir))
	}
	l := &Library{dir: dir, lock: lock}
	l.holds()
	if err := l.open(); err != nil {
		l.Close()
		return nil, err
	}
	err := l.mend()
	if err == nil {
		err = l.showTrackers()
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// holderFile says which process has the profile. The lock counts, not this file: it is
// for the person who starts a second program. The file of the lock itself cannot be read
// on Windows.
const holderFile = "holder"

// maxHolder bounds how much of it is read, in bytes.
const maxHolder = 200

func (l *Library) holds() {
	said := fmt.Sprintf("process %d", os.Getpid())
	if len(os.Args) > 1 && !strings.ContainsAny(os.Args[1], "/\\:.") { // a command, not what it is about
		said += fmt.Sprintf(" (%s)", os.Args[1])
	}
	_ = os.WriteFile(filepath.Join(l.dir, holderFile), []byte(said), 0o600) // the second program says less then
}

// holder returns what a person reads about the process that has a profile.
func holder(dir string) string {
	file, err := os.Open(filepath.Join(dir, holderFile))
	if err != nil {
		return ""
	}
	defer file.Close()
	said, err := io.ReadAll(io.LimitReader(file, maxHolder))
	if err != nil || len(said) == 0 {
		return ""
	}
	return ", by " + strings.ToValidUTF8(string(said), "")
}

// libraryFile is the database in a profile.
const libraryFile = "library.db"

func (l *Library) open() (err error) {
	if l.identity, err = identity.LoadOrCreate(filepath.Join(l.dir, "peer.key")); err != nil {
		return err
	}
	file := filepath.Join(l.dir, libraryFile)
	if err := create(file); err != nil {
		return netproto.Errorf(netproto.CodeStore, "the library %s: %w", file, err)
	}
	err = l.guard(func() error {
		l.db, err = boltfile.Open(file, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
		return err
	})
	if _, damaged := errors.AsType[*boltfile.DamagedError](err); damaged {
		return netproto.Errorf(netproto.CodeStore, "the library %s cannot be read, or it is damaged: restore it from a backup, "+
			"or move it away and start again; then add shares and downloads anew: %w", file, err)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "the library %s: %w", file, err)
	}
	return l.change(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{bucketMeta, bucketTrackers, bucketShares, bucketFiles, bucketManifests, bucketPartials, bucketDownloads,
			bucketPeople, bucketRequests, bucketWishes} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		if tx.Bucket(bucketInodes) != nil {
			if err := tx.DeleteBucket(bucketInodes); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bucketMeta)
		var found int
		if raw := meta.Get(keySchema); raw != nil {
			if err := json.Unmarshal(raw, &found); err != nil || found > schema {
				return netproto.Errorf(netproto.CodeStore,
					"the library %s was written by a newer version (schema %s, this one knows %d): update this program", file, raw, schema)
			}
		}
		if found == 1 {
			if err := sealAll(tx); err != nil {
				return err
			}
		}
		return meta.Put(keySchema, fmt.Append(nil, schema))
	})
}

// create makes an empty database if there is none, under another name first: a loss of
// power while bbolt makes a file leaves one that cannot be opened. The profile is locked.
func create(file string) error {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return nil // if it cannot be read, opening it tells why
	}
	fresh := file + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	db, err := bbolt.Open(fresh, 0o600, nil)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	return durable.Rename(fresh, file)
}

// Close closes the profile, so that another process may open it.
func (l *Library) Close() error {
	var err error
	if l.db != nil {
		err = l.db.Close()
	}
	return errors.Join(err, l.lock.Close())
}

// Dir returns the folder of the profile.
func (l *Library) Dir() string { return l.dir }

// Identity returns the key of this installation.
func (l *Library) Identity() *identity.Identity { return l.identity }

// FolderFile returns the path under which the list of a shared folder is kept, to
// be served.
func (l *Library) FolderFile(hash netproto.ContentHash) string {
	return filepath.Join(l.dir, "folders", hash.String())
}

// put writes one value as JSON.
func (l *Library) put(bucket, key []byte, value any) error {
	record, err := encode(bucket, key, value)
	if err != nil {
		return err
	}
	return l.update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key, record) })
}

// update changes the file; an error of bbolt becomes one that a person can read.
func (l *Library) update(fn func(*bbolt.Tx) error) error {
	if err := l.change(fn); err != nil {
		return netproto.Errorf(netproto.CodeStore, "the library in %s: %w", l.dir, err)
	}
	return nil
}

// change is bbolt's Update, guarded.
func (l *Library) change(fn func(*bbolt.Tx) error) error {
	return l.guard(func() error { return l.db.Update(fn) })
}

// guard turns a panic of bbolt over a damaged page, or a fault in the memory that it
// maps, into an error: the program goes on with what it has in memory. Afterwards the
// database is not touched again.
func (l *Library) guard(f func() error) (err error) {
	if damage := l.damage.Load(); damage != nil {
		return *damage
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s is damaged (%v): quit the program, move the file away and start again; then add shares and downloads anew",
				libraryFile, p)
			l.damage.Store(&err)
		}
	}()
	return f()
}

func (l *Library) remove(bucket, key []byte) error {
	return l.update(func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Delete(key) })
}

// saveNumbered stores a value under its number. If that is 0, the value gets the next one.
func (l *Library) saveNumbered(bucket []byte, number *uint64, value any) error {
	return l.update(func(tx *bbolt.Tx) (err error) {
		b := tx.Bucket(bucket)
		if *number == 0 {
			if *number, err = b.NextSequence(); err != nil {
				return err
			}
		}
		record, err := encode(bucket, numberKey(*number), value)
		if err != nil {
			return err
		}
		return b.Put(numberKey(*number), record)
	})
}

func numberKey(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

// get reads one value, or returns fs.ErrNotExist, or an error that wraps sealed.ErrDamaged.
func (l *Library) get(bucket, key []byte, value any) error {
	return l.view(func(tx *bbolt.Tx) error {
		record := tx.Bucket(bucket).Get(key)
		if record == nil {
			return fs.ErrNotExist
		}
		return decode(bucket, key, record, value)
	})
}

// view reads the file; an error of bbolt itself becomes one that a person can read.
func (l *Library) view(fn func(*bbolt.Tx) error) error {
	var answer error
	err := l.guard(func() error {
		return l.db.View(func(tx *bbolt.Tx) error {
			answer = fn(tx)
			return nil
		})
	})
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "the library in %s: %w", l.dir, err)
	}
	return answer
}

// all reads every value of a bucket. It leaves out damaged ones, so that the others
// stay usable.
func all[T any](l *Library, bucket []byte) ([]T, error) {
	var values []T
	err := l.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(key, record []byte) error {
			var v T
			if decode(bucket, key, record, &v) == nil {
				values = append(values, v)
			}
			return nil
		})
	})
	return values, err
}
