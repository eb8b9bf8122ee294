package queue

import (
	"slices"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

var errNotListed = netproto.Errorf(netproto.CodeNotFound, "this download is no longer in the list")

// list is all downloads that the person asked for, in order. [Queue.mu] guards it: the
// caller of its methods holds that lock.
type list struct {
	ordered []*download
	byID    map[string]*download
	byHash  map[netproto.ContentHash][]*download
	errands map[*download]struct{} // those with files to be checked or moved
}

func newList() list {
	return list{byID: map[string]*download{}, byHash: map[netproto.ContentHash][]*download{}, errands: map[*download]struct{}{}}
}

// insert puts a download at the end.
func (l *list) insert(d *download) {
	l.ordered = append(l.ordered, d)
	l.byID[d.record.ID] = d
	l.byHash[d.record.Hash] = append(l.byHash[d.record.Hash], d)
	if d.hasErrand() {
		l.errands[d] = struct{}{}
	}
}

// same returns the download with the same content, folder and choice of files, or
// nil.
func (l *list) same(r library.Download) *download {
	for _, d := range l.byHash[r.Hash] {
		d.mu.Lock()
		same := (d.record.Dir == r.Dir || d.record.Move != nil && d.record.Move.To == r.Dir) && slices.Equal(d.record.Paths, r.Paths)
		d.mu.Unlock()
		if same {
			return d
		}
	}
	return nil
}

// forget takes downloads off the list.
func (l *list) forget(gone ...*download) {
	set := make(map[*download]bool, len(gone))
	for _, d := range gone {
		set[d] = true
	}
	isGone := func(d *download) bool { return set[d] }
	l.ordered = slices.DeleteFunc(l.ordered, isGone)
	for _, d := range gone {
		delete(l.byID, d.record.ID)
		delete(l.errands, d)
		if l.byHash[d.record.Hash] = slices.DeleteFunc(l.byHash[d.record.Hash], isGone); len(l.byHash[d.record.Hash]) == 0 {
			delete(l.byHash, d.record.Hash)
		}
	}
}

// behind returns an order that is after all downloads, for one added at some time.
func (l *list) behind(added time.Time) int64 {
	order := added.UnixNano()
	if n := len(l.ordered); n > 0 {
		order = max(order, l.ordered[n-1].order()+1)
	}
	return order
}

// chosen returns the downloads with these ids, and an error if one is not listed.
func (l *list) chosen(ids []string) ([]*download, error) {
	var first error
	found := make([]*download, 0, len(ids))
	for _, id := range ids {
		if d := l.byID[id]; d != nil {
			found = append(found, d)
		} else {
			first = errNotListed
		}
	}
	return found, first
}

// Way is a direction in the queue.
type Way string

// The ways. Downloads that are moved together keep their order.
const (
	Top    Way = "top"
	Up     Way = "up"
	Down   Way = "down"
	Bottom Way = "bottom"
)

// reorder moves downloads in a direction and returns those whose order changed.
func (l *list) reorder(moved []*download, way Way) ([]*download, error) {
	if len(l.ordered) == 0 {
		return nil, nil
	}
	slices.SortFunc(moved, byOrder)
	var changed []*download
	switch way {
	case Top:
		first := l.ordered[0].order() - int64(len(moved))
		for i, d := range moved {
			d.setOrder(first + int64(i))
		}
		changed = moved
	case Bottom:
		last := l.ordered[len(l.ordered)-1].order()
		for i, d := range moved {
			d.setOrder(last + 1 + int64(i))
		}
		changed = moved
	case Up:
		changed = l.pass(moved, -1)
	case Down:
		slices.Reverse(moved)
		changed = l.pass(moved, +1)
	default:
		return nil, netproto.Errorf(netproto.CodeInvalid, "there is no way %q in the queue", string(way))
	}
	slices.SortStableFunc(l.ordered, byOrder)
	return changed, nil
}

// pass has each of the downloads change places with the next unfinished one in a
// direction, unless that is one of them itself: then they are together at the end of
// the queue.
func (l *list) pass(moved []*download, step int) []*download {
	chosen := map[*download]bool{}
	for _, d := range moved {
		chosen[d] = true
	}
	places := make(map[*download]int, len(l.ordered))
	for i, d := range l.ordered {
		places[d] = i
	}
	var changed []*download
	for _, d := range moved {
		at := places[d]
		other := at + step
		for other >= 0 && other < len(l.ordered) && l.ordered[other].isFinished() {
			other += step
		}
		if other < 0 || other >= len(l.ordered) || chosen[l.ordered[other]] {
			continue
		}
		passed := l.ordered[other]
		order := d.order()
		d.setOrder(passed.order())
		passed.setOrder(order)
		l.ordered[at], l.ordered[other] = passed, d
		places[d], places[passed] = other, at
		changed = append(changed, d, passed)
	}
	return changed
}
