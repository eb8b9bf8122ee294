package queue

import (
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

func TestDownloadsMoveInTheOrderOfTheQueue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		way   Way
		moved []string
		want  string
	}{
		{Top, []string{"d"}, "dabcef"},
		{Top, []string{"f", "b"}, "bfacde"}, // they keep their order
		{Bottom, []string{"a", "c"}, "bdefac"},
		{Up, []string{"b"}, "bacdef"},
		{Up, []string{"e"}, "aecdbf"}, // it changes places with b, past the finished ones c and d
		{Up, []string{"a", "b"}, "abcdef"},
		{Up, []string{"b", "e"}, "becdaf"},
		{Down, []string{"b"}, "aecdbf"},
		{Down, []string{"a", "b"}, "eacdbf"},
		{Down, []string{"e", "f"}, "abcdef"},
		{Down, []string{"gone", "a"}, "bacdef"},
	} {
		var records []library.Download
		for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
			state := library.DownloadPaused
			if id == "c" || id == "d" {
				state = library.DownloadFinished
			}
			records = append(records, record(id, state, "/nowhere"))
		}
		h := open(t, records...)
		err := h.Move(c.way, c.moved...)
		if gone := c.moved[0] == "gone"; gone != (netproto.CodeOf(err) == netproto.CodeNotFound) {
			t.Errorf("%s %v says %v", c.way, c.moved, err)
		}
		if got := h.ids(); got != c.want {
			t.Errorf("%s %v gives %s, not %s", c.way, c.moved, got, c.want)
		}
		saved, err := h.library.Downloads()
		check(t, err)
		got := ""
		for _, r := range saved {
			got += r.ID
		}
		if got != c.want {
			t.Errorf("%s %v is remembered as %s, not %s", c.way, c.moved, got, c.want)
		}
	}
	h := open(t, record("a", library.DownloadPaused, "/nowhere"))
	if err := h.Move("sideways", "a"); netproto.CodeOf(err) != netproto.CodeInvalid {
		t.Errorf("an unknown way gives %v", err)
	}
}

func TestOneContentInOneFolderIsOneDownload(t *testing.T) {
	t.Parallel()
	a := record("a", library.DownloadPaused, "/one")
	a.Paths = []string{"x"}
	moving := record("b", library.DownloadPaused, "/one")
	moving.Move = &library.Move{To: "/two"}
	h := open(t, a, moving)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range []struct {
		id, dir string
		paths   []string
		same    string
	}{
		{"a", "/one", []string{"x"}, "a"},
		{"a", "/one", nil, ""}, // other files of the folder
		{"a", "/two", []string{"x"}, ""},
		{"b", "/one", nil, "b"},
		{"b", "/two", nil, "b"}, // it is on its way there
		{"c", "/one", nil, ""},
	} {
		r := record(c.id, library.DownloadActive, c.dir)
		r.Paths = c.paths
		got := ""
		if d := h.list.same(r); d != nil {
			got = d.record.ID
		}
		if got != c.same {
			t.Errorf("%s in %s with %v is taken for %q", c.id, c.dir, c.paths, got)
		}
	}
	gone := h.list.byID["a"]
	h.list.forget(gone)
	if len(h.list.ordered) != 1 || h.list.byID["a"] != nil || len(h.list.byHash) != 1 || h.list.same(a) != nil {
		t.Error("a forgotten one is still known")
	}
	if order := h.list.behind(time.Unix(0, 0)); order <= h.list.ordered[0].order() {
		t.Errorf("a clock that was set back puts new ones at %d", order)
	}
}

func TestTurnsFollowPriorityThenOrderUpToTheLimit(t *testing.T) {
	t.Parallel()
	low, high := record("a", library.DownloadActive, "/nowhere"), record("d", library.DownloadActive, "/nowhere")
	low.Priority, high.Priority = library.PriorityLow, library.PriorityHigh
	check := record("e", library.DownloadActive, "/nowhere")
	check.Check = library.CheckRepair
	h := open(t, low, record("b", library.DownloadActive, "/nowhere"), record("c", library.DownloadActive, "/nowhere"), high, check,
		record("f", library.DownloadPaused, "/nowhere"))
	h.mu.Lock()
	defer h.mu.Unlock()
	next := func() (ids string) {
		for _, d := range h.turns.next() {
			ids += d.record.ID
		}
		return ids
	}
	if got := next(); got != "" {
		t.Errorf("before the start %s have their turn", got)
	}
	h.turns.on = true
	if got := next(); got != "db" {
		t.Errorf("of the first two places %s have one", got)
	}
	h.turns.limit = 10
	if got := next(); got != "dbca" {
		t.Errorf("of many places %s have one", got)
	}
	if d := h.turns.nextErrand(); d == nil || d.record.ID != "e" {
		t.Error("the check has no turn")
	}
	busy := h.list.byID["a"]
	busy.errand = true
	h.turns.running[busy] = struct{}{}
	if h.turns.nextErrand() != nil {
		t.Error("two errands share a disk")
	}
	busy.errand = false
	h.turns.limit = 2
	if got := next(); got != "d" {
		t.Errorf("beside one that runs %s have their turn", got)
	}
	busy.idle = true
	if got := next(); got != "db" {
		t.Errorf("beside one that gets nothing %s have their turn", got)
	}
	delete(h.turns.running, busy)
}

func TestADownloadStartsOnlyOnceItIsRemembered(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.mu.Lock()
	h.turns.on = true
	h.mu.Unlock()
	h.records.saving.Lock() // the disk is slow
	added := make(chan error, 1)
	go func() {
		_, err := h.Add(Request{Hash: hashOf("a"), Name: "a.bin", Size: 4, Dir: t.TempDir()})
		added <- err
	}()
	often := time.NewTicker(time.Millisecond)
	defer often.Stop()
	for late := time.After(patience); h.ids() == ""; {
		select {
		case <-often.C:
		case <-late:
			t.Fatal("it is not in the list")
		}
	}
	h.mu.Lock()
	d := h.list.ordered[0]
	if next := h.turns.next(); len(next) != 0 {
		t.Error("it has its turn before a kill would leave a trace of it")
	}
	d.record.Check = library.CheckRepair
	h.list.errands[d] = struct{}{}
	if h.turns.nextErrand() != nil {
		t.Error("it is checked before it is remembered")
	}
	d.record.Check = ""
	delete(h.list.errands, d)
	h.turns.on = false // nothing can be fetched here
	h.mu.Unlock()
	h.records.saving.Unlock()
	check(t, <-added)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turns.on = true
	if next := h.turns.next(); len(next) != 1 {
		t.Error("it has no turn once it is remembered")
	}
	h.turns.on = false
}
