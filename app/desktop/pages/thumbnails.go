//go:build !darwin || cgo

package pages

import (
	"image"
	"slices"
	"time"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/peek"
	"centralizedp2p/app/face"
)

const (
	// thumbnailEdge is the most that a thumbnail has of width and height, in pixels: twice
	// the points that it takes, for dense screens.
	thumbnailEdge = 2 * kit.ThumbnailSize
	// maxThumbnails bounds those that are kept: 4 bytes for a pixel, 32 kB for each.
	maxThumbnails = 300
	// maxWanted bounds those that wait to be made. While somebody scrolls, the rows that
	// were seen first are gone when their turn comes.
	maxWanted = 40
)

// Thumbnails makes small pictures of files, one at a time beside the UI thread, and
// keeps the last ones.
type Thumbnails struct {
	window  Window
	arrived func() // called when there is a new one
	kept    map[thumbnailKey]image.Image
	order   []thumbnailKey // of those kept, the newest last
	wanted  []thumbnailKey // the newest last
	busy    bool
}

// thumbnailKey is a file as it was at a time, or with a size: a file that changes has
// another picture.
type thumbnailKey struct {
	path string
	at   time.Time
	size int64
}

// NewThumbnails returns thumbnails that are made as they are asked for. arrived runs when there
// are new ones.
func NewThumbnails(w Window, arrived func()) *Thumbnails {
	return &Thumbnails{window: w, arrived: arrived, kept: map[thumbnailKey]image.Image{}}
}

// OfDownload returns the thumbnail of a download; nil if there is none, or none yet.
func (t *Thumbnails) OfDownload(d face.Download) image.Image {
	if !d.IsFinished() || d.Folder {
		return nil
	}
	return t.of(d.Name, thumbnailKey{path: d.Path, at: d.Finished})
}

// OfShare returns the thumbnail of a share; nil if there is none, or none yet.
func (t *Thumbnails) OfShare(s face.Share) image.Image {
	if s.State != face.ShareShared || s.Folder {
		return nil
	}
	return t.of(s.Name, thumbnailKey{path: s.Path, size: s.Size})
}

func (t *Thumbnails) of(name string, key thumbnailKey) image.Image {
	if !peek.IsPicture(name) || t.window.Elsewhere() {
		return nil
	}
	picture, known := t.kept[key]
	if !known && !slices.Contains(t.wanted, key) {
		t.wanted = append(t.wanted, key)
		t.wanted = t.wanted[max(len(t.wanted)-maxWanted, 0):]
		t.next()
	}
	return picture
}

// next makes the thumbnail that was wanted last.
func (t *Thumbnails) next() {
	if t.busy || len(t.wanted) == 0 {
		return
	}
	t.busy = true
	key := t.wanted[len(t.wanted)-1]
	t.window.Host().Beside(func() func() {
		picture, err := peek.Thumbnail(key.path, thumbnailEdge)
		if err != nil {
			picture = nil // the row keeps its icon
		}
		return func() {
			t.busy = false
			t.wanted = slices.DeleteFunc(t.wanted, func(k thumbnailKey) bool { return k == key })
			t.keep(key, picture)
			t.next()
		}
	})
}

func (t *Thumbnails) keep(key thumbnailKey, picture image.Image) {
	if len(t.order) == maxThumbnails {
		delete(t.kept, t.order[0])
		t.order = t.order[1:]
	}
	t.kept[key] = picture
	t.order = append(t.order, key)
	if picture != nil {
		t.arrived()
	}
}
