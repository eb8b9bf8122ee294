package session

import (
	"errors"
	"time"
)

// worthSending is how many bytes of frames are enough to be sent at once.
const worthSending = 64 << 10

// TCP sends ten packets before the first answer of the other side (RFC 6928), and TLS
// gives out a record when all of it has come. So the first bytes travel in records of one
// packet: what fits into the first flight can be used a round trip earlier.
const (
	firstFlight = 16 << 10
	onePacket   = 1200
)

// Out collects frames, so that many small ones become one write. Only the writing
// goroutine uses it.
type Out struct {
	conn *Conn
	buf  *[]byte // of the pool; nil while nothing waits
	n    int     // bytes in it
	sent int     // bytes so far, up to firstFlight
}

// room returns space for n bytes, at most a data frame. If what already waits leaves
// too little space, it is sent first.
func (o *Out) room(n int) ([]byte, error) {
	if o.buf != nil && len(*o.buf)-o.n < n {
		if err := o.Send(); err != nil {
			return nil, err
		}
	}
	if o.buf == nil {
		o.buf = Buffers.Get().(*[]byte)
	}
	return (*o.buf)[o.n:][:n], nil
}

// added counts n bytes that were written into the space that room returned.
func (o *Out) added(n int) error {
	if o.n += n; o.n < worthSending {
		return nil
	}
	return o.Send()
}

// Add copies frames of any length.
func (o *Out) Add(frames []byte) error {
	for len(frames) > 0 {
		b, err := o.room(min(len(frames), worthSending))
		if err != nil {
			return err
		}
		n := copy(b, frames)
		frames = frames[n:]
		if err := o.added(n); err != nil {
			return err
		}
	}
	return nil
}

// Large is the size in bytes from which a frame is better sent with [Out.AddLarge].
const Large = worthSending

// AddLarge sends what waits and then a frame, which is not copied.
func (o *Out) AddLarge(frame []byte) error {
	if err := o.Send(); err != nil {
		return err
	}
	return o.pass(frame)
}

// Send sends what waits.
func (o *Out) Send() error {
	if o.buf == nil {
		return nil
	}
	defer o.drop()
	return o.pass((*o.buf)[:o.n])
}

func (o *Out) pass(frames []byte) error {
	t := o.conn.tls
	t.SetWriteDeadline(time.Now().Add(o.conn.conns.config.Timing.Write))
	w := t.NetConn().(*wire)
	w.hold()
	var err error
	for err == nil && o.sent < firstFlight && len(frames) > 0 {
		n := min(onePacket, len(frames))
		_, err = t.Write(frames[:n])
		frames = frames[n:]
		o.sent += n
	}
	if err == nil && len(frames) > 0 {
		_, err = t.Write(frames)
	}
	return errors.Join(err, w.flush())
}

func (o *Out) drop() {
	if o.buf != nil {
		Buffers.Put(o.buf)
		o.buf, o.n = nil, 0
	}
}
