package peer_test

import (
	"slices"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
)

// queueEntry is what was acknowledged of one download.
type queueEntry struct {
	id, name string // id is "" while it is not known
	priority library.Priority
	limit    int64 // bytes a second
	paused   pausing
}

type pausing string

const (
	notPaused   pausing = ""
	mayBePaused pausing = "may be paused" // unless it is finished or failed
	isPaused    pausing = "paused"
)

// begins notes how the queue may look until the change is acknowledged.
func (w *queueWitness) begins(s queueStep, before []queue.State) {
	next := slices.Clone(w.queue)
	w.possible = [][]queueEntry{w.queue, next}
	chosen := func(e queueEntry) bool { return slices.Contains(s.IDs, e.id) }
	for i := range next {
		if e := &next[i]; chosen(*e) {
			switch s.Do {
			case "pause":
				e.paused = mayBePaused
			case "resume":
				e.paused = notPaused
			case "priority":
				e.priority = s.Priority
			case "limit":
				e.limit = s.Limit
			case "remove", "remove files":
				w.removes(e.name, before[slices.Index(s.IDs, e.id)], s.Do == "remove files")
			}
		}
	}
	switch moved, others := parted(next, chosen); s.Do {
	case "add":
		if _, there := w.kept[s.Name]; there {
			w.kept[s.Name] = false
		}
		w.possible[1] = append(next, queueEntry{name: s.Name})
	case "remove", "remove files":
		w.possible[1] = others
	case string(queue.Top):
		w.possible[1] = append(moved, others...)
	case string(queue.Bottom):
		w.possible[1] = append(others, moved...)
	case string(queue.Up), string(queue.Down): // past finished ones, too
		at := slices.IndexFunc(next, chosen)
		for other := range next {
			if other != at && (other < at) == (s.Do == string(queue.Up)) {
				swapped := slices.Clone(next)
				swapped[at], swapped[other] = swapped[other], swapped[at]
				w.possible = append(w.possible, swapped)
			}
		}
	}
}

func parted(list []queueEntry, chosen func(queueEntry) bool) (yes, no []queueEntry) {
	for _, e := range list {
		if chosen(e) {
			yes = append(yes, e)
		} else {
			no = append(no, e)
		}
	}
	return yes, no
}

// removes notes what happens to the files of a download.
func (w *queueWitness) removes(name string, state queue.State, files bool) {
	_, there := w.kept[name]
	switch {
	case state == queue.StateFinished && files:
		delete(w.kept, name)
	case state == queue.StateFinished:
		w.kept[name] = true
	case !files || there: // it may be finished in the meantime
		w.kept[name] = false
	}
}

// done notes that a change was acknowledged.
func (w *queueWitness) done(line queueLine) {
	w.Helper()
	s := *line.Done
	if s.Do == "add" {
		w.possible[1][len(w.possible[1])-1].id = s.IDs[0]
	}
	for _, entries := range slices.Backward(w.possible) {
		if slices.EqualFunc(entries, line.Order, func(e queueEntry, id string) bool { return e.id == id }) {
			for i := range entries {
				if at := slices.Index(s.IDs, entries[i].id); s.Do == "pause" && at >= 0 {
					entries[i].paused = notPaused
					if line.States[at] == queue.StatePaused {
						entries[i].paused = isPaused
					}
				}
			}
			w.queue, w.possible = entries, [][]queueEntry{entries}
			return
		}
	}
	w.fail("this is no order for that")
}
