package lookout

import (
	"context"
	"slices"
	"strconv"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/membership"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/peer/swarm"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
)

// sight is what a lookout sees of a peer: that of this command, or one that runs with the
// profile already.
type sight interface {
	trackers() []membership.Status
	reachability() peer.Reachability
	shares(wanted func(s sharing.Share) bool) []sharing.Share
	announced(s sharing.Share) (bool, error)
	link(s sharing.Share) string
	sent(request uint64) sharing.Omitted // what is left out of what a request sends
	downloads() []queue.Download
	sources(download string) []swarm.SourceDetails
	watch(ctx context.Context) <-chan struct{}
}

// nodeSight sees the peer of this process.
type nodeSight struct{ *node.Node }

func (n nodeSight) trackers() []membership.Status             { return n.Engine.Trackers.Statuses() }
func (n nodeSight) reachability() peer.Reachability           { return n.Engine.Reachability() }
func (n nodeSight) link(s sharing.Share) string               { return n.Engine.LinkOf(s) }
func (n nodeSight) downloads() []queue.Download               { return n.Engine.Downloads.List() }
func (n nodeSight) watch(ctx context.Context) <-chan struct{} { return n.Engine.Watch(ctx) }

func (n nodeSight) shares(wanted func(s sharing.Share) bool) []sharing.Share {
	return slices.DeleteFunc(n.Engine.Shares.List(), func(s sharing.Share) bool { return !wanted(s) })
}

func (n nodeSight) sent(request uint64) sharing.Omitted {
	omitted, _ := n.Engine.Shares.SentOmitted(strconv.FormatUint(request, 10))
	return omitted
}

func (n nodeSight) announced(s sharing.Share) (bool, error) {
	return n.Engine.Trackers.Announced(s.Hash)
}

func (n nodeSight) sources(download string) []swarm.SourceDetails {
	details, _ := n.Engine.Downloads.Details(download)
	return details.Sources
}

// engineSight sees a peer in another process. What that does not answer is not seen: whoever
// looks follows it, and ends when it does.
type engineSight struct {
	ctx    context.Context
	engine face.Engine
}

func (e engineSight) trackers() []membership.Status {
	status, err := e.engine.Status(e.ctx)
	if err != nil {
		return nil
	}
	view, err := e.engine.Tracker(e.ctx)
	if err != nil || view.Address == "" {
		return nil
	}
	list := []membership.Status{{Address: view.Address, State: membership.State(status.Connection), Err: errorOf(status.Failure)}}
	for _, beside := range view.Known {
		if beside.Beside {
			list = append(list, membership.Status{Address: beside.Address, State: membership.State(beside.Connection), Err: errorOf(beside.Failure)})
		}
	}
	return list
}

func (e engineSight) reachability() peer.Reachability {
	status, err := e.engine.Status(e.ctx)
	if err != nil {
		return peer.Reachability{Verdict: netproto.VerdictUnknown}
	}
	r := status.Reach
	return peer.Reachability{Verdict: r.Verdict, Tracker: r.Tracker, Reason: r.Reason, Advice: r.Advice, Port: r.Port, RouterPort: r.RouterPort,
		Protocol: portmap.Protocol(r.Protocol)}
}

func (e engineSight) shares(wanted func(s sharing.Share) bool) []sharing.Share {
	rows, _ := e.engine.Shares(e.ctx)
	var list []sharing.Share
	for _, row := range rows {
		if s := shareOf(row); wanted(s) {
			list = append(list, e.whole(s))
		}
	}
	return list
}

func (e engineSight) sent(request uint64) sharing.Omitted {
	return e.omitted(strconv.FormatUint(request, 10))
}

func (e engineSight) omitted(id string) sharing.Omitted {
	left, _ := e.engine.LeftOut(e.ctx, id)
	o := sharing.Omitted{Counts: map[sharing.Reason]int{}}
	for why, n := range left.Counts {
		o.Counts[sharing.Reason(why)] = n
	}
	for _, named := range left.Named {
		o.Named = append(o.Named, sharing.LeftOut{Path: named.Path, Why: sharing.Reason(named.Why)})
	}
	return o
}

// shareOf is a share of the other peer as this one would list it, without its hash and
// what it leaves out.
func shareOf(row face.Share) sharing.Share {
	s := sharing.Share{State: sharing.State(row.State), Hashed: row.Hashed, Rate: row.Rate, Err: errorOf(row.Failure), Notice: errorOf(row.Notice)}
	s.Share = library.Share{ID: row.ID, Name: row.Name, Path: row.Path, Folder: row.Folder, Files: row.Files, Size: row.Size}
	return s
}

// ShareThere is a share of a running peer, with its hash and what it leaves out.
func ShareThere(ctx context.Context, engine face.Engine, row face.Share) sharing.Share {
	return engineSight{ctx, engine}.whole(shareOf(row))
}

// whole asks for what a row of a share does not have. The hash stands in its link.
func (e engineSight) whole(s sharing.Share) sharing.Share {
	if s.State != sharing.StateShared {
		return s
	}
	if link, err := netproto.ParseLink(e.link(s)); err == nil {
		s.Hash = link.Hash
	}
	if s.Folder {
		s.Omitted = e.omitted(s.ID)
	}
	return s
}

func (e engineSight) announced(s sharing.Share) (bool, error) { return !s.Hash.IsZero(), nil }

func (e engineSight) link(s sharing.Share) string {
	link, _ := e.engine.LinkOf(e.ctx, s.ID)
	return link
}

func (e engineSight) downloads() []queue.Download {
	rows, _ := e.engine.Downloads(e.ctx)
	list := make([]queue.Download, len(rows))
	for i, row := range rows {
		list[i] = DownloadOf(row)
	}
	return list
}

// DownloadOf is a download of the other peer as this one would list it.
func DownloadOf(row face.Download) queue.Download {
	d := queue.Download{State: queue.State(row.State), Rate: row.Rate, Sources: row.Sources, Place: row.Place, Err: errorOf(row.Failure)}
	d.ID, d.Hash, d.Name, d.Folder, d.Size, d.Done, d.Path = row.ID, row.Hash, row.Name, row.Folder, row.Size, row.Done, row.Path
	return d
}

func (e engineSight) sources(download string) []swarm.SourceDetails {
	details, _ := e.engine.Details(e.ctx, download)
	list := make([]swarm.SourceDetails, len(details.Sources))
	for i, s := range details.Sources {
		list[i] = swarm.SourceDetails{PeerID: s.PeerID, Name: s.Name, Address: s.Address, State: swarm.SourceState(s.State), Err: errorOf(s.Failure)}
		if s.Shut {
			list[i].Reach = netproto.ReachableNo
		}
	}
	return list
}

func (e engineSight) watch(ctx context.Context) <-chan struct{} { return e.engine.Watch(ctx) }

// errorOf is a failure as an error; nil for none.
func errorOf(f face.Failure) error {
	if f.IsZero() {
		return nil
	}
	return f.Error()
}
