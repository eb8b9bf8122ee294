package library

import (
	"time"

	"centralizedp2p/netproto"
)

// DownloadState is what of a download outlives the process.
type DownloadState string

// The states. What a running download does at the moment is not remembered.
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
	Size     int64                `json:"size"`           // bytes; of a folder all chosen files; -1 = not known yet
	Done     int64                `json:"done,omitempty"` // bytes verified when it last stopped; to be shown
	Folder   bool                 `json:"folder,omitempty"`
	Paths    []string             `json:"paths,omitempty"` // in the folder, the chosen ones; none = all
	Dir      string               `json:"dir"`             // absolute; where it is published
	State    DownloadState        `json:"state"`
	Code     netproto.Code        `json:"code,omitempty"`   // why it failed
	Reason   string               `json:"reason,omitempty"` // the same in words
	Path     string               `json:"path,omitempty"`   // absolute; where it was published
	Added    time.Time            `json:"added"`
	Finished time.Time            `json:"finished,omitzero"`
}

// Downloads are all that were asked for and not removed.
func (l *Library) Downloads() ([]Download, error) { return all[Download](l, bucketDownloads) }

// SaveDownload remembers a download, or what changed about it.
func (l *Library) SaveDownload(d Download) error { return l.put(bucketDownloads, []byte(d.ID), d) }

// RemoveDownload forgets a download; its files stay.
func (l *Library) RemoveDownload(id string) error { return l.remove(bucketDownloads, []byte(id)) }
