package serving

import (
	"sync/atomic"
	"testing"

	"centralizedp2p/netproto"
)

// Whoever may not have a content cannot tell it from one that is not here.
func TestAContentForOthersIsNotThere(t *testing.T) {
	h := open(t)
	hash, absent := netproto.ContentHash{1}, netproto.ContentHash{2}
	h.config.Contents.Add(hash, &content{bytes: []byte("secret"), only: func(netproto.PublicKey) bool { return false }})
	g, _ := h.visit(t)
	g.ask(1, 1, absent, 1)
	toOpen, toGet := take(t, "a refusal", g.refused), take(t, "a refusal", g.refused)
	g.ask(2, 2, hash, 1)
	toOpen.Stream, toGet.Stream, toGet.Request = 2, 2, 2
	for _, want := range []netproto.Refuse{toOpen, toGet} {
		if got := take(t, "a refusal", g.refused); got != want {
			t.Errorf("it is refused with %+v, and what is not there with %+v", got, want)
		}
	}
}

func TestWhoMayNoLongerHaveAContentGetsNoMoreOfIt(t *testing.T) {
	h := open(t)
	var may atomic.Bool
	may.Store(true)
	hash := netproto.ContentHash{1}
	h.config.Contents.Add(hash, &content{bytes: []byte("secret"), only: func(netproto.PublicKey) bool { return may.Load() }})
	g, _ := h.visit(t)
	g.ask(1, 1, hash, 1)
	take(t, "the first byte", g.data)
	may.Store(false)
	g.conn.Send(netproto.Get{Stream: 1, Request: 2, Length: 1})
	if f := take(t, "a refusal", g.refused); f.Code != netproto.CodeGone || f.Request != 2 {
		t.Errorf("it is refused with %+v", f)
	}
}

// A content may be in two shares.
func TestWhoMayHaveAContentByAnotherShareReadsOn(t *testing.T) {
	h := open(t)
	var mayOne, mayTwo atomic.Bool
	hash := netproto.ContentHash{1}
	for _, may := range []*atomic.Bool{&mayOne, &mayTwo} {
		may.Store(true)
		h.config.Contents.Add(hash, &content{bytes: []byte("text"), only: func(netproto.PublicKey) bool { return may.Load() }})
	}
	g, _ := h.visit(t)
	g.ask(1, 1, hash, 1)
	take(t, "the first byte", g.data)
	mayOne.Store(false)
	g.conn.Send(netproto.Get{Stream: 1, Request: 2, Length: 1})
	take(t, "the first byte again", g.data)
	mayTwo.Store(false)
	g.conn.Send(netproto.Get{Stream: 1, Request: 3, Length: 1})
	if f := take(t, "a refusal", g.refused); f.Code != netproto.CodeGone || f.Request != 3 {
		t.Errorf("it is refused with %+v", f)
	}
}

func TestABlockedPeerGetsNothing(t *testing.T) {
	h := open(t)
	var blocked atomic.Bool
	h.config.Refuses = func(netproto.PublicKey) bool { return blocked.Load() }
	hash := netproto.ContentHash{1}
	h.config.Contents.Add(hash, &content{bytes: []byte("text")})
	g, _ := h.visit(t)
	g.ask(1, 1, hash, 1)
	take(t, "the first byte", g.data)
	blocked.Store(true)
	g.conn.Send(netproto.Get{Stream: 1, Request: 2, Length: 1})
	take(t, "a refusal", g.refused)
	other, _ := h.visit(t)
	other.ask(1, 1, hash, 1)
	if f := take(t, "a refusal", other.refused); f.Code != netproto.CodeGone {
		t.Errorf("it is refused with %+v", f)
	}
}

func TestAStoppedUploadStaysStopped(t *testing.T) {
	h := open(t)
	hash, second := netproto.ContentHash{1}, netproto.ContentHash{2}
	h.config.Contents.Add(hash, &content{bytes: []byte("text")})
	h.config.Contents.Add(second, &content{bytes: []byte("text")})
	g, _ := h.visit(t)
	g.ask(1, 1, hash, 1)
	take(t, "the first byte", g.data)
	h.Stop(h.List()[0].ID)
	g.conn.Send(netproto.Get{Stream: 1, Request: 2, Length: 1})
	if f := take(t, "a refusal", g.refused); f.Code != netproto.CodeDenied {
		t.Errorf("it is refused with %+v", f)
	}
	g.conn.Send(netproto.Close{Stream: 1})
	g.conn.Send(netproto.Open{Stream: 2, Hash: hash, Size: -1})
	if f := take(t, "a refusal", g.refused); f.Code != netproto.CodeDenied || f.Stream != 2 {
		t.Errorf("opened again, it is refused with %+v", f)
	}
	g.ask(3, 3, second, 1)
	take(t, "a byte of something else", g.data)
	other, _ := h.visit(t)
	other.ask(1, 1, hash, 1)
	take(t, "a byte for somebody else", other.data)
}

func TestAPieceIsSentWhileTheListOfUploadsIsLocked(t *testing.T) {
	h := open(t)
	hash := netproto.ContentHash{1}
	h.config.Contents.Add(hash, &content{bytes: []byte("text")})
	g, _ := h.visit(t)
	g.ask(1, 1, hash, 1)
	take(t, "the first byte", g.data)
	h.mu.Lock()
	defer h.mu.Unlock()
	g.conn.Send(netproto.Get{Stream: 1, Request: 2, Length: 1})
	take(t, "another byte", g.data)
}
