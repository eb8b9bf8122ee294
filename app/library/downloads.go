package library

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
)

// DownloadState is the part of a download's state that outlives the process.
type DownloadState string

// The states. What a running download is doing is not remembered.
const (
	DownloadActive   DownloadState = "active" // running, or waiting for its turn or a source
	DownloadPaused   DownloadState = "paused" // by the person
	DownloadFinished DownloadState = "finished"
	DownloadFailed   DownloadState = "failed" // until the person retries
)

// Download is a content that the person asked for.
type Download struct {
	ID       string               `json:"id"`
	Hash     netproto.ContentHash `json:"hash"`
	Name     string               `json:"name"`           // passes CheckName
	Size     int64                `json:"size"`           // bytes; of a folder, all chosen files; -1 = not known yet
	Done     int64                `json:"done,omitempty"` // bytes verified when it last stopped, to show
	Folder   bool                 `json:"folder,omitempty"`
	Paths    []string             `json:"paths,omitempty"`   // the chosen ones in the folder; none = all
	Plain    bool                 `json:"plain,omitempty"`   // files keep neither times nor executable bits
	Private  bool                 `json:"private,omitempty"` // nobody else reads it
	Dir      string               `json:"dir"`               // absolute; where it is published
	State    DownloadState        `json:"state"`
	Code     netproto.Code        `json:"code,omitempty"`   // why it failed
	Reason   string               `json:"reason,omitempty"` // the same in words
	Path     string               `json:"path,omitempty"`   // absolute; where it was published
	Added    time.Time            `json:"added"`
	Finished time.Time            `json:"finished,omitzero"`

	Priority Priority  `json:"priority,omitempty"`
	Order    int64     `json:"order,omitempty"` // its turn comes after those with a smaller Order
	Limit    int64     `json:"limit,omitempty"` // bytes a second, 0 = none
	Tries    int       `json:"tries,omitempty"` // that failed since the person last intervened
	Retry    time.Time `json:"retry,omitzero"`  // when it is tried again by itself after a failure
	Check    Check     `json:"check,omitempty"` // it has to be hashed again
	Move     *Move     `json:"move,omitempty"`  // it has to be moved
	Removal  Removal   `json:"removal,omitempty"`
}

// Priority says which of the waiting downloads start first.
type Priority string

// The priorities.
const (
	PriorityHigh   Priority = "high"
	PriorityNormal Priority = ""
	PriorityLow    Priority = "low"
)

// Check says what happens to a finished download whose bytes turn out to have
// changed.
type Check string

// The checks; "" is none.
const (
	CheckRepair Check = "repair" // the wrong pieces are fetched again, in their place
	CheckKeep   Check = "keep"   // what is there stays, and the content is fetched under another name
)

// Removal says that a download is being removed from the list. It is remembered
// before anything of the download is gone, so that a kill does not leave half of it.
type Removal string

// The removals; "" is none.
const (
	RemoveUnfinished Removal = "unfinished" // removes what was fetched; the files of a finished one stay
	RemoveFiles      Removal = "files"      // removes finished files, too
)

// Move describes how a download gets to another folder, with every step that must
// be known after a kill.
type Move struct {
	To     string `json:"to"`               // absolute path of the folder; "" if only Left remains to be removed
	Name   string `json:"name,omitempty"`   // a free name there, which it takes
	Copied bool   `json:"copied,omitempty"` // a whole copy is there, under Name or still under its unfinished name
	Left   string `json:"left,omitempty"`   // absolute path of what was copied and has to be removed
}

// Downloads returns all downloads that were not removed, in the order of the queue.
func (l *Library) Downloads() ([]Download, error) {
	list, err := all[Download](l, bucketDownloads)
	for i := range list {
		if list[i].Order == 0 { // the record of an older version
			list[i].Order = list[i].Added.UnixNano()
		}
	}
	slices.SortFunc(list, func(a, b Download) int { return cmp.Or(cmp.Compare(a.Order, b.Order), cmp.Compare(a.ID, b.ID)) })
	return list, err
}

// SaveDownloads remembers downloads, or what changed about them, all at once.
func (l *Library) SaveDownloads(list ...Download) error {
	if len(list) == 0 {
		return nil
	}
	raw := make([][]byte, len(list))
	for i, d := range list {
		var err error
		if raw[i], err = encode(bucketDownloads, []byte(d.ID), d); err != nil {
			return err
		}
	}
	return l.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketDownloads)
		for i, d := range list {
			if err := bucket.Put([]byte(d.ID), raw[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveDownloads forgets downloads, all at once; their files stay.
func (l *Library) RemoveDownloads(ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	err := l.update(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket(bucketDownloads)
		for _, id := range ids {
			if err := bucket.Delete([]byte(id)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, id := range ids {
		if err := os.Remove(l.DownloadList(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return netproto.Errorf(netproto.CodeStore, "the library in %s: %w", l.dir, err)
		}
	}
	return err
}

// DownloadList returns the path under which the list of a finished folder is kept.
// It tells what belongs to the download from what somebody else put there.
func (l *Library) DownloadList(id string) string {
	return filepath.Join(l.dir, "downloads", id+".list")
}

// SaveDownloadList keeps the list of a finished folder.
func (l *Library) SaveDownloadList(id string, list []byte) error {
	file := l.DownloadList(id)
	err := durable.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		err = durable.WriteFile(file, list, 0o600)
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "the library in %s: %w", l.dir, err)
	}
	return nil
}
