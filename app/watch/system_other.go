//go:build !windows

package watch

import (
	"github.com/fsnotify/fsnotify"

	"centralizedp2p/netproto"
)

// notifier watches each folder by itself.
type notifier struct{ *fsnotify.Watcher }

func openSystem() (*system, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeWatchLimit, "%w", err)
	}
	return &system{watches: notifier{w}, events: w.Events, errors: w.Errors}, nil
}

func (n notifier) Add(dir string, _ bool) error { return n.Watcher.Add(dir) }
