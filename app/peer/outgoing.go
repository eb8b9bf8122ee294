package peer

import (
	"context"
	"errors"
	"time"

	"centralizedp2p/netproto"
)

// worthSending is how many bytes of frames are passed on without a look at what
// else there is to say.
const worthSending = 64 << 10

// outgoing collects frames, so that many small ones are one write. The writing
// goroutine uses it.
type outgoing struct {
	conn *conn
	buf  *[]byte // of the pool; nil while nothing waits
	n    int     // bytes that wait
}

// room is where a frame of n bytes can be written, at most a data frame. What
// does not fit beside it is sent.
func (o *outgoing) room(n int) ([]byte, error) {
	if o.buf != nil && len(*o.buf)-o.n < n {
		if err := o.send(); err != nil {
			return nil, err
		}
	}
	if o.buf == nil {
		o.buf = buffers.Get().(*[]byte)
	}
	return (*o.buf)[o.n:][:n], nil
}

// added is told that n bytes were written into the room.
func (o *outgoing) added(n int) error {
	if o.n += n; o.n < worthSending {
		return nil
	}
	return o.send()
}

// add takes frames of any length.
func (o *outgoing) add(frames []byte) error {
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

// send passes on what waits.
func (o *outgoing) send() error {
	if o.buf == nil {
		return nil
	}
	defer o.drop()
	c := o.conn
	c.tls.SetWriteDeadline(time.Now().Add(c.engine.timing.write))
	w := c.tls.NetConn().(*wire)
	w.hold()
	_, err := c.tls.Write((*o.buf)[:o.n])
	return errors.Join(err, w.flush())
}

func (o *outgoing) drop() {
	if o.buf != nil {
		buffers.Put(o.buf)
		o.buf, o.n = nil, 0
	}
}

// writeFrames writes control frames first, then what there is to say about
// opened streams, then the next part of the data that the other side asked for.
func (c *conn) writeFrames(ctx context.Context) error {
	ping := time.NewTicker(c.engine.timing.ping)
	defer ping.Stop()
	defer c.out.drop()
	for {
		some, err := c.writeNext(ctx)
		if err == nil && !some {
			err = c.out.send()
		}
		if err != nil {
			return err
		}
		if some {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-c.wake:
		case <-ping.C:
			if c.unused() {
				return errIdle
			}
			c.send(netproto.Ping{})
		}
	}
}

// writeNext takes the next of what there is to write; false when there is
// nothing.
func (c *conn) writeNext(ctx context.Context) (bool, error) {
	c.mu.Lock()
	frames := c.control
	c.control = nil
	c.mu.Unlock()
	if len(frames) > 0 {
		return true, c.out.add(frames)
	}
	if answered, err := c.answerOpen(); answered || err != nil {
		return answered, err
	}
	return c.sendNext(ctx)
}

// errIdle ends a connection that nobody uses.
var errIdle = errors.New("nothing was asked for lately")

// unused tells whether neither side had a content open since the last time.
func (c *conn) unused() bool {
	if c.owner.open() > 0 || c.reader.open() > 0 {
		c.quiet = time.Now()
		return false
	}
	return time.Since(c.quiet) > 2*c.engine.timing.ping
}
