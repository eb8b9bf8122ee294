package localengine

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer"
	"centralizedp2p/netproto"
)

// StopSharing takes shares back, and remembers them for ShareAgain as long as
// the program runs.
func (e *Engine) StopSharing(_ context.Context, ids []string) error {
	e.mu.Lock()
	for _, s := range e.engine.Shares() {
		if slices.Contains(ids, s.ID) {
			e.stopped[s.ID] = face.ShareItem{Path: s.Path, Except: s.Except}
		}
	}
	e.mu.Unlock()
	return coded(e.engine.StopSharing(ids))
}

// ShareAgain offers what was taken back, without what was not offered before.
func (e *Engine) ShareAgain(ctx context.Context, ids []string) error {
	var request face.ShareRequest
	e.mu.Lock()
	for _, id := range ids {
		if item, ok := e.stopped[id]; ok {
			request.Items = append(request.Items, item)
			delete(e.stopped, id)
		}
	}
	e.mu.Unlock()
	if len(request.Items) == 0 {
		return netproto.Errorf(netproto.CodeNotFound, "it was not shared before")
	}
	return e.Share(ctx, request)
}

// askedAtOnce is how many contents the tracker is asked about at a time.
const askedAtOnce = 8

// Leaving is what others lose if this peer goes now. While nobody else is
// online they lose nothing, and where the tracker does not answer it is not
// known.
func (e *Engine) Leaving(ctx context.Context) (face.Leaving, error) {
	var leaving face.Leaving
	type content struct {
		hash netproto.ContentHash
		name string
	}
	var contents []content
	add := func(hash netproto.ContentHash, name string) {
		if len(contents) < face.MaxLeavingAsked && !hash.IsZero() &&
			!slices.ContainsFunc(contents, func(c content) bool { return c.hash == hash }) {
			contents = append(contents, content{hash, name})
		}
	}
	for _, u := range e.engine.Uploads() {
		if !u.Ended {
			leaving.Uploads++
			add(u.Hash, e.engine.NameOf(u.Hash))
		}
	}
	tracker, self := e.engine.Tracker(), e.library.Identity().PeerID()
	if e.engine.TrackerStatus().State != peer.TrackerConnected {
		return leaving, nil
	}
	if stats, err := tracker.Stats(ctx); err != nil || stats.PeersOnline < 2 {
		return leaving, nil
	}
	for _, s := range slices.Backward(e.engine.Shares()) { // what was added last is the likeliest to be here alone
		add(s.Hash, s.Name)
	}
	alone := make([]bool, len(contents))
	var group errgroup.Group
	group.SetLimit(askedAtOnce)
	for i, c := range contents {
		group.Go(func() error {
			sources, err := tracker.Sources(ctx, c.hash)
			elsewhere := slices.ContainsFunc(sources, func(s netproto.Source) bool { return !s.Part && s.PeerID != self })
			alone[i] = err == nil && !elsewhere // what is not known is not counted
			return nil
		})
	}
	_ = group.Wait()
	for i, c := range contents {
		if alone[i] {
			leaving.Alone = append(leaving.Alone, c.name)
		}
	}
	return leaving, nil
}
