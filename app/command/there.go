package command

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"time"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// What share and get do with a peer that runs with the profile already.

// shareThere has a running peer share the paths: until ctx ends, or for good.
func (p *program) shareThere(ctx context.Context, engine face.Engine, paths []string, how sharingWay) (err error) {
	visible, err := how.visible.there(ctx, engine)
	if err != nil {
		return err
	}
	request := face.ShareRequest{Visible: visible}
	if request.Items, err = drive.ItemsOf(ctx, engine, paths, how.secrets); err != nil {
		return err
	}
	before, err := engine.Shares(ctx)
	if err != nil {
		return err
	}
	shared := false
	defer func() {
		if err == nil {
			return
		}
		if failed := unshareThere(ctx, engine, paths, before); shared && netproto.CodeOf(err) == netproto.CodeCancelled {
			err = failed
		}
	}()
	if err := engine.Share(ctx, request); err != nil {
		return err
	}
	l := lookout.There(ctx, p.Screen, engine)
	for _, path := range paths {
		share, err := p.sharedThere(ctx, engine, path)
		if err != nil {
			return err
		}
		l.Announced(share)
	}
	if how.detach {
		return nil
	}
	shared = true
	p.Say("Sharing until you press Ctrl+C.")
	return lookout.Follow(ctx, engine, func() (bool, error) {
		l.Look()
		_, err := engine.Status(ctx)
		return l.Ended(), err
	})
}

// unshareThere withdraws the paths that were not shared before.
func unshareThere(ctx context.Context, engine face.Engine, paths []string, before []face.Share) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drive.AnswerTime)
	defer cancel()
	now, err := engine.Shares(ctx)
	if err != nil {
		return err
	}
	var ours []string
	for _, s := range now {
		if slices.Contains(paths, s.Path) && !slices.ContainsFunc(before, func(b face.Share) bool { return b.ID == s.ID }) {
			ours = append(ours, s.ID)
		}
	}
	return engine.StopSharing(ctx, ours)
}

// sharedThere waits until a path is shared.
func (p *program) sharedThere(ctx context.Context, engine face.Engine, path string) (sharing.Share, error) {
	bar := p.NewBar("Hashing " + filepath.Base(path))
	defer bar.End()
	var share face.Share
	err := lookout.Follow(ctx, engine, func() (bool, error) {
		shares, err := engine.Shares(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(shares, func(s face.Share) bool { return s.Path == path })
		if i < 0 {
			return false, netproto.Errorf(netproto.CodeNotFound, "%s is no longer shared", path)
		}
		share = shares[i]
		switch share.State {
		case face.ShareFailed, face.ShareMissing:
			return false, share.Failure.Error()
		case face.ShareHashing:
			bar.Set(share.Hashed, cmp.Or(share.Size, -1), share.Rate)
		}
		return share.State == face.ShareShared, nil
	})
	if err != nil {
		return sharing.Share{}, err
	}
	if _, err := engine.LinkOf(ctx, share.ID); err != nil {
		return sharing.Share{}, err
	}
	return lookout.ShareThere(ctx, engine, share), nil
}

// fetchThere has a running peer download what was asked for, and waits for it.
func (p *program) fetchThere(ctx context.Context, engine face.Engine, what string, wanted queue.Request, link *netproto.Link) error {
	r := face.DownloadRequest{Hash: wanted.Hash, Name: wanted.Name, Size: -1, To: wanted.Dir, Plain: wanted.Plain}
	switch {
	case link != nil:
		r.Link = link.String()
	case r.Hash.IsZero():
		hit, err := findThere(ctx, engine, what)
		if err != nil {
			return err
		}
		r.Hash, r.Name, r.Size, r.Folder = hit.Hash, hit.Name, hit.Size, hit.Folder
	}
	began := time.Now()
	if err := engine.Download(ctx, r); err != nil {
		return err
	}
	bar := lookout.NewProgress(p.Screen, r.Name, lookout.There(ctx, p.Screen, engine))
	defer bar.End()
	looked := time.Now()
	var last face.Download
	sources := 0 // that sent something
	err := lookout.Follow(ctx, engine, func() (bool, error) {
		list, err := engine.Downloads(ctx)
		if err != nil {
			return false, err
		}
		i := slices.IndexFunc(list, func(d face.Download) bool { return d.Hash == r.Hash && filepath.Dir(d.Path) == r.To })
		if i < 0 {
			return false, netproto.Errorf(netproto.CodeCancelled, "it was removed from the list")
		}
		last = list[i]
		sources = max(sources, last.Sources)
		switch last.State {
		case face.DownloadFailed, face.DownloadNoSpace:
			return false, last.Failure.Error()
		case face.DownloadPaused:
			return false, netproto.Errorf(netproto.CodeCancelled, "it was paused")
		case face.DownloadFinished:
			return true, nil
		}
		bar.Download(lookout.DownloadOf(last))
		if time.Since(looked) >= lookout.Every {
			looked = time.Now()
			bar.Look(lookout.DownloadOf(last))
		}
		return false, nil
	})
	bar.End()
	if err != nil {
		return err
	}
	if !last.Finished.Before(began) { // it was not here already
		sources = max(sources, 1)
	}
	p.completed(completedEvent{Event: "completed", Path: last.Path, Hash: last.Hash, Size: last.Size, Seconds: time.Since(began).Seconds(), Sources: sources})
	return nil
}

// findThere finds the one content with exactly that name.
func findThere(ctx context.Context, engine face.Engine, typed string) (face.Hit, error) {
	name := netproto.SafeName(typed)
	var found []face.Hit
	request := face.SearchRequest{Words: `"` + name + `"`, Sort: netproto.SortName}
	for range maxNamePages {
		page, err := engine.Search(ctx, request)
		if err != nil {
			return face.Hit{}, err
		}
		for _, h := range page.Hits {
			if h.Name == name && !slices.ContainsFunc(found, func(o face.Hit) bool { return o.Hash == h.Hash }) {
				found = append(found, h)
			}
		}
		if request.Cursor = page.Next; request.Cursor == "" {
			break
		}
	}
	switch len(found) {
	case 0:
		return face.Hit{}, noneNamed(typed)
	case 1:
		return found[0], nil
	}
	list := make([]netproto.Hit, len(found))
	for i, h := range found {
		list[i] = h.Hit
	}
	return face.Hit{}, netproto.Errorf(netproto.CodeAmbiguous, "%q is the name of %s", name, hashes(list))
}
