package localengine

import (
	"context"
	"path/filepath"
	"slices"
	"sync"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// shares implements [face.Shares].
type shares struct {
	*core

	mu      sync.Mutex
	stopped map[string]stopped // in this run, by ID
}

// stopped is a share that was withdrawn, as it was.
type stopped struct {
	path    string
	options sharing.Options
}

// Shares returns the rows of the Shared page.
func (ss *shares) Shares(context.Context) ([]face.Share, error) {
	list := ss.engine.Shares.List()
	rows := make([]face.Share, len(list))
	for i, s := range list {
		rows[i] = face.Share{
			ID: s.ID, Name: filepath.Base(s.Path), Path: s.Path, Folder: s.Folder, Files: s.Files, Size: s.Size,
			State: face.ShareState(s.State), Hashed: s.Hashed, Rate: s.Rate, Fetched: s.Fetched, Sent: s.Sent,
			Failure: face.FailureOf(s.Err), Notice: face.FailureOf(s.Notice),
			Visible: face.Visibility(s.Visible.To), To: ss.namesOf(s.Visible), Expires: s.Visible.Expires, Left: left(s),
		}
	}
	return rows, nil
}

// Share starts to hash and to announce what was reviewed.
func (ss *shares) Share(ctx context.Context, r face.ShareRequest) error {
	if err := checkVisible(r.Visible); err != nil {
		return err
	}
	visible := remembered(r.Visible)
	for _, item := range r.Items {
		options := sharing.Options{Remember: true, Except: item.Except, Allow: item.Allow, Visible: &visible, Count: r.Visible.Count}
		if err := ss.share(ctx, item.Path, options); err != nil {
			return err
		}
	}
	return nil
}

func (ss *shares) share(ctx context.Context, path string, options sharing.Options) error {
	if err := ctx.Err(); err != nil {
		return coded(err)
	}
	_, err := ss.engine.Shares.Add(path, options)
	return coded(err)
}

// StopSharing withdraws shares, and keeps them for ShareAgain while the program
// runs.
func (ss *shares) StopSharing(_ context.Context, ids []string) error {
	list := ss.engine.Shares.List()
	ss.mu.Lock()
	for _, s := range list {
		if slices.Contains(ids, s.ID) {
			ss.stopped[s.ID] = stopped{s.Path, sharing.Options{Remember: true, Except: s.Except, Allow: s.Allow, AllowAll: s.AllowAll, Visible: &s.Visible}}
		}
	}
	ss.mu.Unlock()
	return coded(ss.engine.Shares.Stop(ids...))
}

// ShareAgain shares what was withdrawn, with the same exceptions.
func (ss *shares) ShareAgain(ctx context.Context, ids []string) error {
	var back []stopped
	ss.mu.Lock()
	for _, id := range ids {
		if s, ok := ss.stopped[id]; ok {
			back = append(back, s)
			delete(ss.stopped, id)
		}
	}
	ss.mu.Unlock()
	if len(back) == 0 {
		return netproto.Errorf(netproto.CodeNotFound, "it was not shared before")
	}
	for _, s := range back {
		if err := ss.share(ctx, s.path, s.options); err != nil {
			return err
		}
	}
	return nil
}

// LeftOut says what of a shared folder, or of what is sent, is left out.
func (ss *shares) LeftOut(_ context.Context, id string) (face.LeftOut, error) {
	omitted, sent := ss.engine.Shares.SentOmitted(id)
	if !sent {
		s, err := ss.byID(id)
		if err != nil {
			return face.LeftOut{}, err
		}
		omitted = s.Omitted
	}
	left := face.LeftOut{Counts: map[face.LeftOutReason]int{}}
	for why, n := range omitted.Counts {
		left.Counts[face.LeftOutReason(why)] = n
	}
	for _, o := range omitted.Named {
		left.Named = append(left.Named, face.LeftOutPath{Path: o.Path, Why: face.LeftOutReason(o.Why)})
	}
	return left, nil
}

// LinkOf returns the link of a share.
func (ss *shares) LinkOf(_ context.Context, id string) (string, error) {
	s, err := ss.byID(id)
	if err != nil {
		return "", err
	}
	if link := ss.engine.LinkOf(s); link != "" {
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
