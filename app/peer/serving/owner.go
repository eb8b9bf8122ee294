package serving

import (
	"context"
	"fmt"
	"slices"
	"time"

	"centralizedp2p/app/peer/flow"
	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// Owner returns the handler that answers what the peer of a connection asks.
func (s *Server) Owner(c *session.Conn) session.Owner {
	return &owner{server: s, conn: c, courtesy: flow.NewCourtesy(), asked: make(chan struct{}, 1), ready: make(chan frame, readAhead),
		streams: map[uint32]*stream{}, byHash: map[netproto.ContentHash]*stream{}, hold: hold{slots: s.slots, key: c.Key}}
}

// Busy reports whether the peer has anything open here.
func (o *owner) Busy() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.streams) > 0
}

// Reads reports whether the peer has a content open here; with first, only if it was
// not asked with first before.
func (o *owner) Reads(hash netproto.ContentHash, first bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.byHash[hash]
	if s == nil || first && s.introduced {
		return false
	}
	s.introduced = s.introduced || first
	return true
}

// End closes all streams. The writing goroutine is over.
func (o *owner) End() {
	o.mu.Lock()
	o.over = true
	var ended []closed
	for id := range o.streams {
		ended = append(ended, o.closeStream(id))
	}
	o.mu.Unlock()
	for _, c := range ended {
		c.finish()
	}
	if o.counted != nil { // of a stream that was closed before
		o.counted.tell(false)
	}
}

// closed is what is left to do, without the lock, for a stream that was closed.
type closed struct {
	file   offer.Reader // nil: it was not open
	upload *upload      // nil: there was no such stream
}

func (c closed) finish() {
	if c.upload != nil {
		c.upload.tell(false)
	}
	if c.file != nil {
		c.file.Close()
	}
}

// closeStream forgets a stream and what was asked of it. The caller holds the lock.
func (o *owner) closeStream(id uint32) closed {
	s := o.streams[id]
	if s == nil {
		return closed{}
	}
	delete(o.streams, id)
	delete(o.byHash, s.hash)
	o.server.readers.remove(s)
	o.opening = slices.DeleteFunc(o.opening, func(other *stream) bool { return other == s })
	o.dropGets(func(g *get) bool { return g.stream == s })
	file := s.file
	s.file = nil
	s.upload.leave()
	return closed{file, s.upload}
}

// dropGets forgets requests; the caller holds the lock.
func (o *owner) dropGets(match func(*get) bool) {
	o.queue = slices.DeleteFunc(o.queue, func(g *get) bool {
		if !match(g) {
			return false
		}
		o.release(g)
		return true
	})
	if g := o.sending; g != nil && match(g) {
		o.endGet(g)
	}
}

// Open begins a stream, or refuses it. A content is read on one stream of a connection
// at a time: what each stream costs is paid once. Older peers open another one for the
// same content, when they fetch it into two folders: they are told to come again.
func (o *owner) Open(f netproto.Open) error {
	var found offer.Content
	if !o.server.config.Refuses(o.conn.Key) {
		found = o.server.config.Contents.FindFor(f.Hash, o.conn.Key)
	}
	size := int64(-1)
	if found != nil {
		size = found.Length()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, taken := o.streams[f.Stream]; taken || len(o.streams) >= netproto.MaxStreams {
		return fmt.Errorf("%w: stream %d is open, or too many are", netproto.ErrFrame, f.Stream)
	}
	if size < 0 || f.Size >= 0 && f.Size != size {
		o.refuse(f.Stream, 0, netproto.CodeGone, 0)
		return nil
	}
	if o.byHash[f.Hash] != nil {
		o.refuse(f.Stream, 0, netproto.CodeBusy, 0)
		return nil
	}
	if o.server.stopped(uploadKey{peer: o.conn.Key, hash: f.Hash}) {
		o.refuse(f.Stream, 0, netproto.CodeDenied, 0)
		return nil
	}
	s := &stream{owner: o, id: f.Stream, content: found, hash: f.Hash, size: size, manifest: f.Manifest}
	s.upload = o.server.enter(uploadKey{peer: o.conn.Key, hash: f.Hash}, o.conn.Name(), o.conn.Address(), size)
	o.streams[f.Stream], o.byHash[f.Hash] = s, s
	o.opening = append(o.opening, s)
	o.opened.Store(true)
	o.conn.WakeWriter()
	return nil
}

// Next writes the answer to an opened stream, or a data frame that was read.
func (o *owner) Next(ctx context.Context, out *session.Out) (bool, error) {
	o.start.Do(func() { o.server.reading(func() { o.readFiles(ctx) }) })
	if answered, err := o.answerOpen(out); answered || err != nil {
		return answered, err
	}
	select {
	case f := <-o.ready:
		defer session.Buffers.Put(f.buf)
		o.count(f.stream.upload, f.content)
		if o.server.config.Traffic.PoliteTo(o.conn.Local) {
			defer o.probe(f.bytes)
		}
		bytes := (*f.buf)[:f.bytes]
		if len(bytes) < session.Large {
			return true, out.Add(bytes)
		}
		return true, out.AddLarge(bytes)
	default:
		o.tell(time.Now())
		return false, nil
	}
}

// tellEvery is how long bytes of a content may wait to be counted for it.
const tellEvery = 100 * time.Millisecond

// count counts bytes of an upload that are being written. Only the writing goroutine calls
// it, and tell.
func (o *owner) count(u *upload, bytes int) {
	if o.counted != u && o.counted != nil {
		o.counted.tell(false)
	}
	o.counted = u
	u.add(bytes)
	o.tell(time.Now())
}

// tell has what was counted told if that is due.
func (o *owner) tell(now time.Time) {
	if o.counted != nil && now.Sub(o.told) >= tellEvery {
		o.counted.tell(false)
		o.told = now
	}
}

// probe counts bytes of data frames, and sees how long they wait in front of the line.
func (o *owner) probe(bytes int) {
	if token, due := o.courtesy.Sent(bytes, time.Now()); due {
		o.conn.Send(netproto.Ping{Token: token})
	}
}

// Pong takes the answer to a probe. Other pings have the token 0.
func (o *owner) Pong(token uint64) { o.courtesy.Answered(token, time.Now()) }

// answerOpen writes the manifest and the set of pieces for the next opened stream. A
// manifest may have many MiB, so it does not wait among the control frames: only one
// at a time is in memory.
func (o *owner) answerOpen(out *session.Out) (bool, error) {
	if !o.opened.Load() {
		return false, nil
	}
	o.mu.Lock()
	if len(o.opening) == 0 {
		o.opened.Store(false)
		o.mu.Unlock()
		return false, nil
	}
	s := o.opening[0]
	o.opening = o.opening[1:]
	o.mu.Unlock()
	if s.manifest {
		m := s.content.Manifest()
		if m == nil {
			o.giveUp(s)
			return true, nil
		}
		if err := writeManifest(out, s.id, m); err != nil {
			return false, err
		}
	}
	// Updates begin before the set is taken, so none is missed. They are written
	// after it: this goroutine writes both.
	o.mu.Lock()
	if o.streams[s.id] == s {
		o.server.readers.add(s)
	}
	o.mu.Unlock()
	have := s.content.Have()
	if err := writeHave(out, s.id, have); err != nil {
		return false, err
	}
	if s.size == 0 { // the peer has all of it now
		o.server.config.Had(o.conn.Key, s.hash, 0, true)
	}
	if err := o.writeAttributes(out, s); err != nil {
		return false, err
	}
	if partial, ok := s.content.(interface{ Fetching() []uint32 }); ok && len(have) > 0 {
		if pieces := partial.Fetching(); len(pieces) > 0 {
			o.conn.Send(netproto.Fetching{Stream: s.id, Pieces: pieces})
		}
	}
	return true, nil
}

// writeAttributes sends those of a folder's files with the answer to the opening of its
// list, if the peer wants them.
func (o *owner) writeAttributes(out *session.Out, s *stream) error {
	folder, ok := s.content.(interface{ Attributes() []byte })
	if !ok || !s.manifest || o.conn.Features()&netproto.FeatureAttributes == 0 {
		return nil
	}
	const most = netproto.MaxFrameAttributes * netproto.AttributeBytes
	first := 0
	for packed := range slices.Chunk(folder.Attributes(), most) {
		part := netproto.Attributes{Stream: s.id, First: uint32(first), Packed: packed}
		if err := out.Add(netproto.AppendFrame(nil, part)); err != nil {
			return err
		}
		first += len(packed) / netproto.AttributeBytes
	}
	return nil
}

// giveUp ends a stream from this side.
func (o *owner) giveUp(s *stream) {
	o.mu.Lock()
	var ended closed
	if o.streams[s.id] == s {
		ended = o.closeStream(s.id)
		o.refuse(s.id, 0, netproto.CodeGone, 0)
	}
	o.mu.Unlock()
	ended.finish()
}

func writeManifest(out *session.Out, stream uint32, m *piece.Manifest) error {
	for first := 0; first == 0 || first < len(m.CVs); first += netproto.MaxManifestHashes {
		end := min(first+netproto.MaxManifestHashes, len(m.CVs))
		part := netproto.Manifest{Stream: stream, Size: m.Size, First: uint32(first), CVs: m.CVs[first:end]}
		if err := out.Add(netproto.AppendFrame(nil, part)); err != nil {
			return err
		}
	}
	return nil
}

func writeHave(out *session.Out, stream uint32, have piece.Bits) error {
	for first := 0; first < len(have); first += netproto.MaxHaveBytes {
		end := min(first+netproto.MaxHaveBytes, len(have))
		part := netproto.Have{Stream: stream, First: uint32(first * 8), Bits: have[first:end]}
		if err := out.Add(netproto.AppendFrame(nil, part)); err != nil {
			return err
		}
	}
	return nil
}

// Get queues a request, or refuses it.
func (o *owner) Get(f netproto.Get) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.streams[f.Stream]
	switch {
	case s == nil: // refused or closed while the get was on its way
		o.refuse(f.Stream, f.Request, netproto.CodeGone, 0)
		return nil
	case len(o.queue) >= netproto.MaxRequests:
		return fmt.Errorf("%w: more than %d requests at once", netproto.ErrFrame, netproto.MaxRequests)
	case int64(f.Piece) >= int64(netproto.PieceCount(s.size)) || int64(f.Offset)+int64(f.Length) > netproto.PieceLength(s.size, int(f.Piece)):
		o.refuse(f.Stream, f.Request, netproto.CodeDenied, 0)
		return nil
	}
	// What a peer may have can change while it reads.
	switch {
	case !o.mayRead(s):
		o.refuse(f.Stream, f.Request, netproto.CodeGone, 0)
		return nil
	case s.upload.stopped.Load():
		o.refuse(f.Stream, f.Request, netproto.CodeDenied, 0)
		return nil
	}
	var held *slot
	if s.size > slotFree {
		var place int
		if held, place = o.hold.ask(); held == nil {
			s.queued = true
			s.upload.queued(place)
			o.refuse(f.Stream, f.Request, netproto.CodeQueued, place)
			return nil
		}
	}
	o.queue = append(o.queue, &get{Get: f, stream: s, slot: held})
	o.wakeFiles()
	return nil
}

// mayRead reports whether the peer may still have what it opened: also because another
// share has the content, too.
func (o *owner) mayRead(s *stream) bool {
	switch {
	case o.server.config.Refuses(o.conn.Key):
		return false
	case s.content.For(o.conn.Key):
		return true
	}
	other := o.server.config.Contents.FindFor(s.hash, o.conn.Key)
	return other != nil && other.Whole()
}

// Cancel forgets the request with a number.
func (o *owner) Cancel(request uint32) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dropGets(func(g *get) bool { return g.Request == request })
}

// CloseStream ends a stream that the peer is done with.
func (o *owner) CloseStream(id uint32) {
	o.mu.Lock()
	ended := o.closeStream(id)
	o.mu.Unlock()
	ended.finish()
}

// callIn tells the peer that it may ask again for the contents it was told to wait for.
func (o *owner) callIn() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, s := range o.streams {
		if s.queued {
			s.queued = false
			o.conn.Send(netproto.Turn{Stream: id})
		}
	}
}
