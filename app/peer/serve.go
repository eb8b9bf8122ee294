package peer

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// ownerRole is the side of a connection that the other one reads from.
type ownerRole struct {
	mu      sync.Mutex
	streams map[uint32]*servedStream
	opening []*servedStream // not answered yet
	queue   []pendingGet
	sending *pendingGet // taken off the queue, not answered to its end
}

// servedStream is a content that the peer opened here. It holds no manifest: a
// peer may open many.
type servedStream struct {
	id       uint32
	content  content
	size     int64 // bytes
	manifest bool  // the peer wants it
	upload   *upload
	file     reader // opened with the first get
	answered bool   // the set of pieces was sent
	queued   bool   // the peer was told to wait for a slot
	// introduced to the other readers
	introduced bool
}

// pendingGet is a get that is not answered, or not to its end.
type pendingGet struct {
	netproto.Get
	stream *servedStream
	sent   uint32
	slot   bool // it holds the peer's slot
}

func (o *ownerRole) open() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.streams)
}

// endServing gives everything back when the connection is over.
func (c *conn) endServing() {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	for id := range c.owner.streams {
		c.closeServed(id)
	}
}

// closeServed forgets a stream and what was asked of it; the owner's lock is held.
func (c *conn) closeServed(id uint32) {
	s := c.owner.streams[id]
	if s == nil {
		return
	}
	delete(c.owner.streams, id)
	c.owner.opening = slices.DeleteFunc(c.owner.opening, func(other *servedStream) bool { return other == s })
	c.dropGets(func(g *pendingGet) bool { return g.stream == s })
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
	s.upload.leave()
}

// dropGets forgets requests; the owner's lock is held.
func (c *conn) dropGets(match func(*pendingGet) bool) {
	c.owner.queue = slices.DeleteFunc(c.owner.queue, func(g pendingGet) bool {
		if !match(&g) {
			return false
		}
		c.release(&g)
		return true
	})
	if g := c.owner.sending; g != nil && match(g) {
		c.endGet(g)
	}
}

// endGet is the end of the request that is being answered; the owner's lock is held.
func (c *conn) endGet(g *pendingGet) {
	if c.owner.sending == g {
		c.owner.sending = nil
		c.release(g)
	}
}

func (c *conn) release(g *pendingGet) {
	if g.slot {
		c.engine.slots.answered(c.key)
	}
}

func (c *conn) refuse(stream, request uint32, code netproto.Code, place int) {
	c.send(netproto.Refuse{Stream: stream, Request: request, Code: code, Place: uint32(place)})
}

func (c *conn) serveOpen(f netproto.Open) error {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if _, taken := c.owner.streams[f.Stream]; taken || len(c.owner.streams) >= netproto.MaxStreams {
		return fmt.Errorf("%w: stream %d is open, or too many are", netproto.ErrFrame, f.Stream)
	}
	found := c.engine.contents.find(f.Hash)
	if found == nil || f.Size >= 0 && f.Size != found.length() {
		c.refuse(f.Stream, 0, netproto.CodeGone, 0)
		return nil
	}
	s := &servedStream{id: f.Stream, content: found, size: found.length(), manifest: f.Manifest, upload: c.engine.uploads.enter(c, f.Hash, found.length())}
	c.owner.streams[f.Stream] = s
	c.owner.opening = append(c.owner.opening, s)
	c.wakeWriter()
	return nil
}

// answerOpen writes what there is to say about the next opened stream. It does
// so here and not through the control frames because a manifest may have many
// MiB: one at a time is in memory.
func (c *conn) answerOpen() (bool, error) {
	c.owner.mu.Lock()
	if len(c.owner.opening) == 0 {
		c.owner.mu.Unlock()
		return false, nil
	}
	s := c.owner.opening[0]
	c.owner.opening = c.owner.opening[1:]
	c.owner.mu.Unlock()
	if s.manifest {
		m := s.content.manifest()
		if m == nil {
			c.giveUp(s)
			return true, nil
		}
		if err := c.writeManifest(s.id, m); err != nil {
			return false, err
		}
	}
	// What the set lacks is told by updates: they begin while the lock is held.
	c.owner.mu.Lock()
	have := s.content.have()
	s.answered = true
	c.owner.mu.Unlock()
	if err := c.writeHave(s.id, have); err != nil {
		return false, err
	}
	if j, ok := s.content.(*job); ok && len(have) > 0 {
		if pieces := j.fetching(); len(pieces) > 0 {
			c.send(netproto.Fetching{Stream: s.id, Pieces: pieces})
		}
	}
	return true, nil
}

// giveUp ends a stream from this side.
func (c *conn) giveUp(s *servedStream) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if c.owner.streams[s.id] == s {
		c.closeServed(s.id)
		c.refuse(s.id, 0, netproto.CodeGone, 0)
	}
}

func (c *conn) writeManifest(stream uint32, m *piece.Manifest) error {
	for first := 0; first == 0 || first < len(m.CVs); first += netproto.MaxManifestHashes {
		end := min(first+netproto.MaxManifestHashes, len(m.CVs))
		part := netproto.Manifest{Stream: stream, Size: m.Size, First: uint32(first), CVs: m.CVs[first:end]}
		if err := c.out.add(netproto.AppendFrame(nil, part)); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) writeHave(stream uint32, have piece.Bits) error {
	for first := 0; first < len(have); first += netproto.MaxHaveBytes {
		end := min(first+netproto.MaxHaveBytes, len(have))
		part := netproto.Have{Stream: stream, First: uint32(first * 8), Bits: have[first:end]}
		if err := c.out.add(netproto.AppendFrame(nil, part)); err != nil {
			return err
		}
	}
	return nil
}

// announcePiece tells those who read a download here that it has one piece more.
func (c *conn) announcePiece(of content, index int) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	for id, s := range c.owner.streams {
		if s.content == of && s.answered {
			c.send(netproto.Update{Stream: id, Pieces: []uint32{uint32(index)}})
		}
	}
}

func (c *conn) serveGet(f netproto.Get) error {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	s := c.owner.streams[f.Stream]
	switch {
	case s == nil: // refused or closed while the get was on its way
		c.refuse(f.Stream, f.Request, netproto.CodeGone, 0)
		return nil
	case len(c.owner.queue) >= netproto.MaxRequests:
		return fmt.Errorf("%w: more than %d requests at once", netproto.ErrFrame, netproto.MaxRequests)
	case int64(f.Piece) >= int64(netproto.PieceCount(s.size)) || int64(f.Offset)+int64(f.Length) > netproto.PieceLength(s.size, int(f.Piece)):
		c.refuse(f.Stream, f.Request, netproto.CodeDenied, 0)
		return nil
	}
	slot := s.size > slotFree
	if slot {
		if place := c.engine.slots.ask(c.key); place > 0 {
			s.queued = true
			s.upload.queued(place)
			c.refuse(f.Stream, f.Request, netproto.CodeQueued, place)
			return nil
		}
	}
	c.owner.queue = append(c.owner.queue, pendingGet{Get: f, stream: s, slot: slot})
	c.wakeWriter()
	return nil
}

func (c *conn) serveCancel(request uint32) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.dropGets(func(g *pendingGet) bool { return g.Request == request })
}

func (c *conn) serveClose(stream uint32) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.closeServed(stream)
}

// sendNext writes the next data frame, if one is asked for.
func (c *conn) sendNext(ctx context.Context) (bool, error) {
	get, file := c.nextGet()
	if get == nil {
		return false, nil
	}
	if file == nil {
		return true, nil
	}
	up := c.upLimit()
	n := min(get.Length-get.sent, uint32(up.frame()))
	if n > 0 {
		if err := c.waitTurn(ctx, up, int(n)); err != nil {
			return false, err
		}
		frame, err := c.out.room(netproto.DataHeaderBytes + int(n))
		if err != nil {
			return false, err
		}
		header := netproto.AppendDataHeader(frame[:0], get.Request, int(n))
		offset := int64(get.Piece)*netproto.PieceSize(get.stream.size) + int64(get.Offset) + int64(get.sent)
		if _, err := file.ReadAt(frame[len(header):], offset); err != nil {
			c.cannotRead(get, err)
			return true, nil
		}
		if err := c.out.added(len(frame)); err != nil {
			return false, err
		}
		get.stream.upload.add(c, int(n))
	}
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if get.sent += n; get.sent >= get.Length {
		c.endGet(get)
	}
	return true, nil
}

// waitTurn returns when n bytes may go out. What waits here is sent before.
func (c *conn) waitTurn(ctx context.Context, up *throttle, n int) error {
	if up.limit() == 0 {
		return nil
	}
	if err := c.out.send(); err != nil {
		return err
	}
	return up.wait(ctx, n)
}

// nextGet is what to send of, and the file to read, which is nil where it
// cannot be opened; the get is nil when nothing is asked.
func (c *conn) nextGet() (*pendingGet, reader) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if c.owner.sending == nil {
		if len(c.owner.queue) == 0 {
			return nil, nil
		}
		first := c.owner.queue[0]
		c.owner.queue = c.owner.queue[1:]
		c.owner.sending = &first
	}
	get := c.owner.sending
	if get.stream.file == nil {
		file, err := get.stream.content.open()
		if err != nil {
			c.endGet(get)
			c.refuse(get.Stream, get.Request, netproto.CodeGone, 0)
			get.stream.content.broken(err)
			return get, nil
		}
		get.stream.file = file
	}
	return get, get.stream.file
}

// cannotRead refuses a request. Where the peer closed the stream meanwhile, and
// so the file, there is nothing wrong with the content.
func (c *conn) cannotRead(get *pendingGet, err error) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.endGet(get)
	if c.owner.streams[get.Stream] != get.stream {
		return
	}
	c.refuse(get.Stream, get.Request, netproto.CodeGone, 0)
	get.stream.content.broken(err)
}
