package serving

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/netproto"
)

func TestOnlyWhatConcernsTheContentTakesItBack(t *testing.T) {
	for _, c := range []struct {
		err    error
		code   netproto.Code
		broken bool
	}{
		{netproto.Errorf(netproto.CodeFileChanged, "song"), netproto.CodeGone, true},
		{netproto.Errorf(netproto.CodeFileUnreadable, "%w", fs.ErrNotExist), netproto.CodeGone, true},
		{netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.EACCES), netproto.CodeGone, true},
		{netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.EIO), netproto.CodeGone, true},
		{netproto.Errorf(netproto.CodeGone, "the download was stopped"), netproto.CodeGone, false},
		{netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.EMFILE), netproto.CodeBusy, false},
		{netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.ENFILE), netproto.CodeBusy, false},
		{netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.ENOMEM), netproto.CodeBusy, false},
		{netproto.Errorf(netproto.CodeBusy, "256 files are read at once"), netproto.CodeBusy, false},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			t.Parallel()
			h := open(t)
			hash := netproto.ContentHash{1}
			song := &content{bytes: []byte("song"), fails: c.err, broken: make(chan error, 1)}
			h.config.Contents.Add(hash, song)
			g, _ := h.visit(t)
			g.ask(1, 2, hash, 4)
			if r := take(t, "the refusal", g.refused); r.Code != c.code || r.Request != 2 {
				t.Errorf("it is refused as %s", r.Code)
			}
			// One goroutine reads: once it read another content, it is done with this one.
			h.config.Contents.Add(netproto.ContentHash{2}, &content{bytes: []byte("fine"), broken: make(chan error, 1)})
			g.ask(3, 4, netproto.ContentHash{2}, 4)
			take(t, "another content", g.data)
			select {
			case err := <-song.broken:
				if !c.broken || !errors.Is(err, c.err) {
					t.Errorf("it counts as broken: %v", err)
				}
			default:
				if c.broken {
					t.Error("it does not count as broken")
				}
			}
		})
	}
}

func TestAContentIsReadOnOneStreamOfAConnectionAtATime(t *testing.T) {
	h := open(t)
	hash := netproto.ContentHash{1}
	h.config.Contents.Add(hash, &content{bytes: []byte("song"), broken: make(chan error, 1)})
	g, _ := h.visit(t)
	g.ask(1, 1, hash, 4)
	take(t, "what the first stream asked for", g.data)
	for stream := range uint32(1000) {
		g.conn.Send(netproto.Open{Stream: 100 + stream, Hash: hash, Size: -1})
		if r := take(t, "the refusal of another one", g.refused); r.Code != netproto.CodeBusy || r.Stream != 100+stream {
			t.Fatalf("stream %d is refused as %s", r.Stream, r.Code)
		}
	}
	if n := readersOf(h, hash); n != 1 {
		t.Errorf("%d streams are told of every piece", n)
	}
	g.conn.Send(netproto.Close{Stream: 1})
	g.ask(5000, 2, hash, 4)
	take(t, "what is asked for after the first stream was closed", g.data)
}

// readersOf counts the streams that learn of new pieces of a content.
func readersOf(h *house, hash netproto.ContentHash) int {
	h.readers.mu.Lock()
	defer h.readers.mu.Unlock()
	return len(h.readers.byContent[h.config.Contents.Select(hash, func(offer.Content) bool { return true })])
}
