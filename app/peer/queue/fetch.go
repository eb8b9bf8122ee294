package queue

import (
	"context"
	"path/filepath"

	"centralizedp2p/app/library"
)

// fetch runs a download once and remembers the result.
func (d *download) fetch(ctx context.Context) {
	path, err := d.run(ctx)
	d.mu.Lock()
	progress := d.attempt.Progress()
	d.done = progress.Done
	d.record.Done = d.done
	if progress.Total >= 0 {
		d.record.Size = progress.Total
	}
	switch {
	case err == nil:
		d.succeed(path)
	case ctx.Err() != nil || d.record.State == library.DownloadPaused: // it was stopped meanwhile
	default:
		d.failRecord(err)
	}
	record := d.record
	d.mu.Unlock()
	d.records.saved(d)
	if err == nil {
		d.share(record)
	}
}

// share offers what was downloaded, if the person wants that. It passes on what is known
// of the files, so that they are not hashed again.
func (d *download) share(record library.Download) {
	if d.config.Share == nil || !d.config.Share() {
		return
	}
	fetched := d.last().Fetched()
	files := make([]library.File, 0, len(fetched.Files))
	for _, f := range fetched.Files {
		files = append(files, library.File{Path: filepath.Join(record.Dir, filepath.FromSlash(f.Name)), State: f.State, Hash: f.Hash})
	}
	if err := d.config.Shares.AddFetched(record.Path, files, fetched.Manifests); err != nil {
		d.config.Log.Warn("sharing a finished download", "path", record.Path, "error", err)
	}
}
