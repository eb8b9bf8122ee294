package session

import (
	"errors"
	"time"
)

// worthSending is how many bytes of frames are sent without waiting for more.
const worthSending = 64 << 10

// Out collects frames, so that many small ones are one write. Only the writing
// goroutine uses it.
type Out struct {
	conn *Conn
	buf  *[]byte // of the pool; nil while nothing waits
	n    int     // bytes that wait
}

// room returns space for a frame of n bytes, at most a data frame. It sends what
// already waits if both do not fit.
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

// added counts n bytes that were written into the room.
func (o *Out) added(n int) error {
	if o.n += n; o.n < worthSending {
		return nil
	}
	return o.Send()
}

// Add takes frames of any length.
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

// Large is the size from which a frame is passed on by itself, in bytes.
const Large = worthSending

// AddLarge sends what waits and then a whole frame, without copying it.
func (o *Out) AddLarge(frame []byte) error {
	if err := o.Send(); err != nil {
		return err
	}
	return o.pass(frame)
}

// Send passes on what waits.
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
	_, err := t.Write(frames)
	return errors.Join(err, w.flush())
}

func (o *Out) drop() {
	if o.buf != nil {
		Buffers.Put(o.buf)
		o.buf, o.n = nil, 0
	}
}
