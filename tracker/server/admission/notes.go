package admission

import (
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
)

// notesCrowd is how many people, each with all the notes that one may send, an address
// can stand for.
const notesCrowd = 4

// noteRates bound how many notes are sent. What waits is bounded by the store.
type noteRates struct {
	minute, hour     *limit.Rates[netproto.PeerID]
	minuteAt, hourAt *limit.SourceRates
}

func newNoteRates() noteRates {
	const minutes, hours = netproto.MaxNotesMinute, netproto.MaxNotesHour
	return noteRates{
		minute:   limit.NewRates[netproto.PeerID](minutes/time.Minute.Seconds(), minutes, limit.MaxEntries),
		hour:     limit.NewRates[netproto.PeerID](hours/time.Hour.Seconds(), hours, limit.MaxEntries),
		minuteAt: limit.NewSourceRates(notesCrowd*minutes/time.Minute.Seconds(), notesCrowd*minutes, limit.MaxEntries),
		hourAt:   limit.NewSourceRates(notesCrowd*hours/time.Hour.Seconds(), notesCrowd*hours, limit.MaxEntries),
	}
}

// Note counts a note before anything is done for it. What the peer may not send is not
// counted against its neighbours.
func (g *Guard) Note(c origin.Caller) error {
	n, now := &g.notes, g.Now()
	wait := n.minute.Take(c.ID, 1, now)
	if wait == 0 {
		wait = n.hour.Take(c.ID, 1, now)
	}
	if wait > 0 {
		return TooMany(limitNotes, wait, "they were notes from this peer")
	}
	source := limit.Source(c.Addr)
	if wait = n.minuteAt.Take(source, 1, now); wait == 0 {
		wait = n.hourAt.Take(source, 1, now)
	}
	if wait > 0 {
		return TooMany(limitNotesAddress, wait, "they were notes from your address")
	}
	return nil
}
