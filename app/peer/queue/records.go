package queue

import (
	"log/slog"
	"sync"

	"centralizedp2p/app/library"
)

// records are the downloads as the library remembers them.
type records struct {
	library *library.Library
	log     *slog.Logger
	saving  sync.Mutex // held while the library is written
}

// save remembers downloads as they are now, all at once.
func (rs *records) save(list ...*download) error {
	rs.saving.Lock()
	defer rs.saving.Unlock()
	records := make([]library.Download, 0, len(list))
	for _, d := range list {
		d.mu.Lock()
		if !d.removed {
			records = append(records, d.record)
		}
		d.mu.Unlock()
	}
	return rs.library.SaveDownloads(records...)
}

// saved is save for callers that can only log an error.
func (rs *records) saved(d *download) {
	if err := rs.save(d); err != nil {
		rs.log.Error("remembering a download", "name", d.record.Name, "error", err)
	}
}

// mark remembers that downloads are being removed, and returns their records, which
// are the last ones that are saved.
func (rs *records) mark(list []*download, removal library.Removal) ([]library.Download, error) {
	rs.saving.Lock()
	defer rs.saving.Unlock()
	records := make([]library.Download, len(list))
	for i, d := range list {
		d.mu.Lock()
		d.record.Removal = removal
		records[i] = d.record
		d.mu.Unlock()
	}
	return records, rs.library.SaveDownloads(records...)
}
