package line

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"centralizedp2p/netproto"
)

// Owner returns whose line it is.
func (l *Line) Owner() Owner { return l.owner }

// ID returns the owner's id.
func (l *Line) ID() netproto.PeerID { return l.id }

// Moved reports whether the peer has to join again because the tracker sees it
// elsewhere now.
func (l *Line) Moved() bool { return l.moved.Load() }

// read says where the peer is seen and answers it until the line ends. The caller holds
// the lock of writing, so that nothing is said before.
func (l *Line) read(at netip.AddrPort) {
	defer l.lines.running.Done()
	defer l.conn.Close()
	defer l.lines.forget(l)
	err := l.sendLocked(netproto.LineFrame{Seen: &netproto.LineSeen{Address: at.String()}})
	l.writing.Unlock()
	if err != nil {
		return
	}
	l.lines.opened(l)
	for l.next() {
	}
}

// Read implements io.Reader for netproto.ReadLineFrame.
func (l *Line) Read(p []byte) (int, error) {
	if len(l.early) == 0 {
		return l.conn.Read(p)
	}
	n := copy(p, l.early)
	if l.early = l.early[n:]; len(l.early) == 0 {
		l.early = nil
	}
	return n, nil
}

// next takes one frame and reports whether the line goes on.
func (l *Line) next() bool {
	frame, err := netproto.ReadLineFrame(l)
	if err == nil {
		err = check(frame)
	}
	if known, ok := errors.AsType[*netproto.Error](err); ok {
		// As a bad request it says what was wrong; the code of a broken protocol is
		// not one of version 1.
		l.refuse(netproto.Recode(netproto.CodeBadRequest, known))
		return false
	}
	if err != nil {
		return false
	}
	l.heard.Store(int64(l.lines.elapsed()))
	wait, err := l.lines.host.Charge(l, frame.Beat != nil)
	if err != nil {
		problem := l.lines.host.Refused(l.lines.ctx, err)
		if frame.Beat != nil && l.send(netproto.LineFrame{Failed: &problem}) != nil {
			return false
		}
		l.lines.pause(wait) // whoever floods is not read meanwhile
		return true
	}
	switch {
	case frame.Beat != nil:
		return l.beat(*frame.Beat) == nil
	case frame.Answer != nil:
		l.lines.answered(l.id, *frame.Answer)
	}
	return true
}

// check refuses what a peer must not say. Members that nobody knows are for later
// versions.
func check(f netproto.LineFrame) error {
	members := 0
	for _, set := range []bool{f.Ping != nil, f.Beat != nil, f.Answer != nil} {
		if set {
			members++
		}
	}
	switch {
	case f.Seen != nil || f.Ring != nil || f.Lease != nil || f.Failed != nil || f.Note != nil || f.Wishes != nil:
		return netproto.Errorf(netproto.CodeProtocol, "a line frame that only a tracker sends")
	case members > 1:
		return netproto.Errorf(netproto.CodeProtocol, "a line frame with %d members instead of one", members)
	case f.Answer == nil:
		return nil
	}
	switch f.Answer.Result {
	case netproto.RingOK, netproto.RingBusy, netproto.RingNo:
		return nil
	}
	return netproto.Errorf(netproto.CodeProtocol, "an answer to a ring is ok, busy or no, not %q", netproto.Cut(string(f.Answer.Result), 20))
}

func (l *Line) beat(req netproto.HeartbeatRequest) error {
	lease, err := l.lines.host.Beat(l.lines.ctx, l, req)
	if err != nil {
		return l.refuse(err)
	}
	return l.send(netproto.LineFrame{Lease: &lease})
}

func (l *Line) refuse(err error) error {
	problem := l.lines.host.Refused(l.lines.ctx, err)
	return l.send(netproto.LineFrame{Failed: &problem})
}

// send says one frame. After an error the line has ended.
func (l *Line) send(f netproto.LineFrame) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	return l.sendLocked(f)
}

// sendLocked is send for a caller that holds the lock.
func (l *Line) sendLocked(f netproto.LineFrame) error {
	raw, err := netproto.AppendLineFrame(nil, f)
	if err != nil {
		l.abort()
		return err
	}
	return l.write(raw)
}

// write sends bytes; the caller holds the lock.
func (l *Line) write(raw []byte) error {
	l.conn.SetWriteDeadline(time.Now().Add(writeTime))
	_, err := l.conn.Write(raw)
	if err != nil {
		l.abort()
		return err
	}
	l.said.Store(int64(l.lines.elapsed()))
	return nil
}

// bye ends a line in order. It waits for nobody: the reader of the other side may be
// gone.
func (l *Line) bye() {
	l.lines.mu.Lock()
	defer l.lines.mu.Unlock()
	if !l.lines.closed { // otherwise all are told
		l.lines.running.Go(func() { l.conn.Close() })
	}
}

// abort ends a line at once; a TLS goodbye could wait for a slow reader.
func (l *Line) abort() {
	conn := l.conn
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	conn.Close()
}
