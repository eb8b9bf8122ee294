package localengine

import (
	"context"
	"path/filepath"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// Downloads are the rows of the Downloads page.
func (e *Engine) Downloads(context.Context) ([]face.Download, error) {
	list := e.engine.Downloads()
	rows := make([]face.Download, len(list))
	for i, d := range list {
		rows[i] = face.Download{ID: d.ID, Hash: d.Hash, Name: d.Name, Folder: d.Folder, Size: d.Size, Done: d.Done, Rate: d.Rate, Sources: d.Sources,
			State: face.DownloadState(d.State), Place: d.Place, SecsLeft: seconds(d.Left), Path: d.Path, Failure: face.FailureOf(d.Err),
			Priority: face.Priority(d.Priority), Limit: d.Limit, Added: d.Added, Finished: d.Finished}
		if !d.Retry.IsZero() {
			rows[i].RetrySecs = max(seconds(time.Until(d.Retry)), 1)
		}
	}
	return rows, nil
}

func seconds(d time.Duration) int64 { return int64(d.Round(time.Second) / time.Second) }

// Uploads are the rows of the Uploads page.
func (e *Engine) Uploads(context.Context) ([]face.Upload, error) {
	list := e.engine.Uploads()
	rows := make([]face.Upload, len(list))
	for i, u := range list {
		rows[i] = face.Upload{ID: u.ID, Name: e.engine.NameOf(u.Hash), Peer: u.Peer, Address: u.Address, Size: u.Size, Sent: u.Sent, Rate: u.Rate, Place: u.Place, State: face.UploadSending}
		switch {
		case u.Ended:
			rows[i].State, rows[i].Rate = face.UploadEnded, 0
		case u.Place > 0:
			rows[i].State = face.UploadQueued
		}
	}
	return rows, nil
}

// Shares are the rows of the Shared page.
func (e *Engine) Shares(context.Context) ([]face.Share, error) {
	list := e.engine.Shares()
	rows := make([]face.Share, len(list))
	for i, s := range list {
		rows[i] = face.Share{ID: s.ID, Name: filepath.Base(s.Path), Path: s.Path, Folder: s.Folder, Files: s.Files, Size: s.Size,
			State: face.ShareState(s.State), Hashed: s.Hashed, Rate: s.Rate, Fetched: s.Fetched, Sent: s.Sent, Failure: face.FailureOf(s.Err),
			Notice: face.FailureOf(s.Notice)}
	}
	return rows, nil
}

// Share begins to hash and to announce what was reviewed.
func (e *Engine) Share(ctx context.Context, r face.ShareRequest) error {
	for _, item := range r.Items {
		if err := ctx.Err(); err != nil {
			return coded(err)
		}
		if _, err := e.engine.Share(item.Path, peer.ShareOptions{Remember: true, Except: item.Except}); err != nil {
			return coded(err)
		}
	}
	return nil
}

// LinkOf is the link of a share.
func (e *Engine) LinkOf(_ context.Context, id string) (string, error) {
	for _, s := range e.engine.Shares() {
		if s.ID != id {
			continue
		}
		if link := e.engine.LinkOf(s); link != "" {
			return link, nil
		}
		switch {
		case s.Err != nil:
			return "", coded(s.Err)
		case s.Hash.IsZero():
			return "", netproto.Errorf(netproto.CodeInvalid, "%s has no link before it is hashed", s.Name)
		}
		return "", netproto.Errorf(netproto.CodeUnreachable, "a link names the tracker, and none was reached yet")
	}
	return "", netproto.Errorf(netproto.CodeNotFound, "it is not shared any more")
}
