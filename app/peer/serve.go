package peer

import (
	"context"
	"fmt"
	"sync"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// ownerRole is the side of a connection that the other one reads from.
type ownerRole struct {
	mu      sync.Mutex
	streams map[uint32]*servedStream
	queue   []pendingGet
	sending *pendingGet // taken off the queue, not answered yet
}

// servedStream is a content that the peer opened here.
type servedStream struct {
	content  content
	hash     netproto.ContentHash
	manifest *piece.Manifest
	upload   *upload
	file     reader // opened with the first get
}

// pendingGet is a get that is not answered, or not to its end.
type pendingGet struct {
	netproto.Get
	stream *servedStream
	sent   uint32
}

func (o *ownerRole) open() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.streams)
}

func (o *ownerRole) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, s := range o.streams {
		s.close()
		delete(o.streams, id)
	}
	o.queue = nil
}

func (s *servedStream) close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
	s.upload.leave()
}

func (c *conn) refuse(stream, request uint32, code netproto.Code, place int) {
	c.send(netproto.Refuse{Stream: stream, Request: request, Code: code, Place: uint32(place)})
}

func (c *conn) serveOpen(f netproto.Open) error {
	c.owner.mu.Lock()
	_, taken := c.owner.streams[f.Stream]
	n := len(c.owner.streams)
	c.owner.mu.Unlock()
	if taken || n >= netproto.MaxStreams {
		return fmt.Errorf("%w: stream %d is open, or too many are", netproto.ErrFrame, f.Stream)
	}
	found := c.engine.contents.find(f.Hash)
	var m *piece.Manifest
	if found != nil {
		m = found.manifest()
	}
	if m == nil || f.Size >= 0 && f.Size != m.Size {
		c.refuse(f.Stream, 0, netproto.CodeGone, 0)
		return nil
	}
	c.owner.mu.Lock()
	c.owner.streams[f.Stream] = &servedStream{content: found, hash: f.Hash, manifest: m, upload: c.engine.uploads.enter(c, f.Hash, m.Size)}
	c.owner.mu.Unlock()
	if f.Manifest {
		c.sendManifest(f.Stream, m)
	}
	c.sendHave(f.Stream, found.have())
	return nil
}

func (c *conn) sendManifest(stream uint32, m *piece.Manifest) {
	for first := 0; first == 0 || first < len(m.CVs); first += netproto.MaxManifestHashes {
		end := min(first+netproto.MaxManifestHashes, len(m.CVs))
		c.send(netproto.Manifest{Stream: stream, Size: m.Size, First: uint32(first), CVs: m.CVs[first:end]})
	}
}

func (c *conn) sendHave(stream uint32, have piece.Bits) {
	for first := 0; first < len(have); first += netproto.MaxHaveBytes {
		end := min(first+netproto.MaxHaveBytes, len(have))
		c.send(netproto.Have{Stream: stream, First: uint32(first * 8), Bits: have[first:end]})
	}
}

// announcePiece tells those who read a download here that it has one piece more.
func (c *conn) announcePiece(of content, index int) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	for id, s := range c.owner.streams {
		if s.content == of {
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
	case int64(f.Piece) >= int64(s.manifest.Pieces()) || int64(f.Offset)+int64(f.Length) > s.manifest.Length(int(f.Piece)):
		c.refuse(f.Stream, f.Request, netproto.CodeDenied, 0)
		return nil
	}
	if place := c.engine.slots.ask(c.key, s.manifest.Size); place > 0 {
		s.upload.queued(place)
		c.refuse(f.Stream, f.Request, netproto.CodeQueued, place)
		return nil
	}
	c.owner.queue = append(c.owner.queue, pendingGet{Get: f, stream: s})
	c.wakeWriter()
	return nil
}

func (c *conn) serveCancel(request uint32) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.owner.drop(func(g *pendingGet) bool { return g.Request == request })
}

func (c *conn) serveClose(stream uint32) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	s := c.owner.streams[stream]
	if s == nil {
		return
	}
	delete(c.owner.streams, stream)
	c.owner.drop(func(g *pendingGet) bool { return g.stream == s })
	s.close()
}

// drop forgets requests; the caller holds the lock.
func (o *ownerRole) drop(match func(*pendingGet) bool) {
	kept := o.queue[:0]
	for i := range o.queue {
		if !match(&o.queue[i]) {
			kept = append(kept, o.queue[i])
		}
	}
	o.queue = kept
	if o.sending != nil && match(o.sending) {
		o.sending = nil
	}
}

// sendNext writes the next data frame, if one is asked for.
func (c *conn) sendNext(ctx context.Context) (bool, error) {
	get, file := c.nextGet()
	if get == nil {
		return false, nil
	}
	n := min(get.Length-get.sent, netproto.MaxDataBytes)
	if n > 0 && file != nil {
		if err := c.engine.up.wait(ctx, int(n)); err != nil {
			return false, err
		}
		buf := buffers.Get().(*[]byte)
		defer buffers.Put(buf)
		header := netproto.AppendDataHeader((*buf)[:0], get.Request, int(n))
		frame := (*buf)[:len(header)+int(n)]
		offset := get.stream.manifest.Offset(int(get.Piece)) + int64(get.Offset) + int64(get.sent)
		if _, err := file.ReadAt(frame[len(header):], offset); err != nil {
			c.cannotRead(get, err)
			return true, nil
		}
		if err := c.write(frame); err != nil {
			return false, err
		}
		get.stream.upload.add(c, int(n))
		c.engine.slots.sent(c.key)
	}
	c.advance(get, n)
	return true, nil
}

// nextGet is what to send of, and the file to read; nil when nothing is asked.
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
			c.owner.sending = nil
			c.refuse(get.Stream, get.Request, netproto.CodeGone, 0)
			get.stream.content.broken(err)
			return get, nil
		}
		get.stream.file = file
	}
	return get, get.stream.file
}

// advance counts what was sent, unless the request was cancelled meanwhile.
func (c *conn) advance(get *pendingGet, n uint32) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	if c.owner.sending != get {
		return
	}
	if get.sent += n; get.sent >= get.Length {
		c.owner.sending = nil
	}
}

func (c *conn) cannotRead(get *pendingGet, err error) {
	c.owner.mu.Lock()
	if c.owner.sending == get {
		c.owner.sending = nil
	}
	c.owner.mu.Unlock()
	c.refuse(get.Stream, get.Request, netproto.CodeGone, 0)
	get.stream.content.broken(err)
}
