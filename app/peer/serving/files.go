package serving

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/app/peer/session"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/oserror"
)

// One goroutine of each connection reads files. If a disk hangs, that goroutine hangs
// and the connection does not; and the disk works while the network does.

// readAhead is how many data frames of a connection are read before the writer takes
// them.
const readAhead = 2

// frame is a data frame that was read.
type frame struct {
	buf     *[]byte // of the session's pool
	bytes   int     // of the frame
	content int     // bytes of content in it
	stream  *stream
}

func (o *owner) wakeFiles() {
	select {
	case o.asked <- struct{}{}:
	default:
	}
}

// readFiles reads what the peer asks for until ctx ends.
func (o *owner) readFiles(ctx context.Context) {
	for {
		g, file := o.nextGet()
		if g == nil {
			select {
			case <-ctx.Done():
				o.drain()
				return
			case <-o.asked:
			}
			continue
		}
		if file == nil {
			if file = o.openFile(g); file == nil {
				continue
			}
		}
		if !o.readFrame(ctx, g, file) {
			o.drain()
			return
		}
	}
}

// drain gives back the buffers of frames that will not be written.
func (o *owner) drain() {
	for {
		select {
		case f := <-o.ready:
			session.Buffers.Put(f.buf)
		default:
			return
		}
	}
}

// nextGet returns the request to go on with, and its file if that is open. It ends
// the previous request once all of it was read.
func (o *owner) nextGet() (*get, offer.Reader) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if g := o.sending; g != nil && g.read {
		o.endGet(g)
	}
	for o.sending == nil {
		if len(o.queue) == 0 {
			return nil, nil
		}
		g := o.queue[0]
		o.queue = o.queue[1:]
		if !o.mayRead(g.stream) { // no longer: many may have been asked for at once
			o.release(g)
			o.refuse(g.Stream, g.Request, netproto.CodeGone, 0)
			continue
		}
		o.sending = g
	}
	return o.sending, o.sending.stream.file
}

// openFile opens the content of a request. It returns nil if that fails or if the
// peer closed the stream meanwhile.
func (o *owner) openFile(g *get) offer.Reader {
	s := g.stream
	file, err := s.content.Open()
	o.mu.Lock()
	open := o.streams[s.id] == s && !o.over
	switch {
	case err != nil:
		o.endGet(g)
		if open {
			o.refuse(g.Stream, g.Request, refusal(err), 0)
		}
	case open:
		s.file = file
	}
	o.mu.Unlock()
	switch {
	case err != nil:
		if isBroken(err) {
			s.content.Broken(err)
		}
		return nil
	case !open:
		file.Close()
		return nil
	}
	return file
}

// readFrame reads the next part of a request and hands it to the writer. It reports
// false if ctx has ended.
func (o *owner) readFrame(ctx context.Context, g *get, file offer.Reader) bool {
	up, polite := o.server.config.Traffic.UpTo(o.conn.Local), o.server.config.Traffic.PoliteTo(o.conn.Local)
	n := int(min(int64(g.Length-g.sent), up.Frame()))
	if polite {
		n = min(n, int(o.courtesy.Limit().Frame()))
	}
	if n == 0 { // the peer asked for nothing
		g.read = true
		return true
	}
	if up.Limit() > 0 && up.Wait(ctx, n) != nil || polite && o.courtesy.Limit().Wait(ctx, n) != nil {
		return false
	}
	buf := session.Buffers.Get().(*[]byte)
	header := netproto.AppendDataHeader((*buf)[:0], g.Request, n)
	bytes := (*buf)[:len(header)+n]
	offset := int64(g.Piece)*netproto.PieceSize(g.stream.size) + int64(g.Offset) + int64(g.sent)
	if _, err := file.ReadAt(bytes[len(header):], offset); err != nil {
		session.Buffers.Put(buf)
		o.cannotRead(g, err)
		return true
	}
	g.sent += uint32(n)
	g.read = g.sent >= g.Length
	f := frame{buf: buf, bytes: len(bytes), content: n, stream: g.stream}
	select {
	case o.ready <- f:
		o.conn.WakeWriter()
		return true
	default:
	}
	if g.slot != nil {
		g.slot.stuck.Store(time.Now().UnixNano())
		defer g.slot.stuck.Store(0)
	}
	select {
	case o.ready <- f:
		o.conn.WakeWriter()
		return true
	case <-ctx.Done():
		session.Buffers.Put(buf)
		return false
	}
}

// cannotRead refuses a request whose content could not be read. If the peer closed the
// stream meanwhile, which closes the file, nothing is wrong with the content.
func (o *owner) cannotRead(g *get, err error) {
	o.mu.Lock()
	o.endGet(g)
	open := o.streams[g.Stream] == g.stream && !o.over
	if open {
		o.refuse(g.Stream, g.Request, refusal(err), 0)
	}
	o.mu.Unlock()
	if open && isBroken(err) {
		g.stream.content.Broken(err)
	}
}

// refusal is what a peer hears when its request cannot be read. Only what says
// something about the content itself makes it "gone": after everything else the peer
// asks again.
func refusal(err error) netproto.Code {
	if isBroken(err) || netproto.CodeOf(err) == netproto.CodeGone {
		return netproto.CodeGone
	}
	return netproto.CodeBusy
}

// isBroken reports whether the error of a read shows that a content is no longer what
// it was, or no longer here. That descriptors or memory are scarce shows nothing.
func isBroken(err error) bool {
	if oserror.Scarce(err) {
		return false
	}
	for _, broken := range [...]error{fs.ErrNotExist, fs.ErrPermission, io.EOF} {
		if errors.Is(err, broken) {
			return true
		}
	}
	return oserror.Damaged(err) || netproto.CodeOf(err) == netproto.CodeFileChanged
}

// endGet ends the request that is being answered; the caller holds the lock.
func (o *owner) endGet(g *get) {
	if o.sending == g {
		o.sending = nil
		o.release(g)
	}
}

func (o *owner) release(g *get) {
	if g.slot != nil {
		o.hold.answered()
	}
}

func (o *owner) refuse(stream, request uint32, code netproto.Code, place int) {
	o.conn.Send(netproto.Refuse{Stream: stream, Request: request, Code: code, Place: uint32(place)})
}
