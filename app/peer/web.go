package peer

import (
	"context"
	"io"
	"net/netip"

	"centralizedp2p/app/peer/offer"
	"centralizedp2p/netproto"
)

// OpenContent opens a whole content that is offered here, for whoever its owner hands
// it out to. The error has the code "gone" if it is not offered. A read fails with
// "file-changed" once the file is another one; it is then withdrawn.
func (e *Engine) OpenContent(hash netproto.ContentHash) (offer.Reader, error) {
	c := e.contents.Find(hash)
	if c == nil || !c.Whole() {
		return nil, netproto.Errorf(netproto.CodeGone, "it is no longer offered here")
	}
	r, err := c.Open()
	if err != nil {
		broken(c, err)
		return nil, err
	}
	return handedOut{r, c}, nil
}

// handedOut withdraws a content when a read shows that its file changed.
type handedOut struct {
	offer.Reader
	content offer.Content
}

// ReadAt reads at an offset.
func (h handedOut) ReadAt(b []byte, offset int64) (int, error) {
	n, err := h.Reader.ReadAt(b, offset)
	if err != nil && err != io.EOF { //nolint:errorlint // an io.ReaderAt returns it bare
		broken(h.content, err)
	}
	return n, err
}

func broken(c offer.Content, err error) {
	switch netproto.CodeOf(err) {
	case netproto.CodeFileChanged, netproto.CodeFileUnreadable:
		c.Broken(err)
	}
}

// PassUp returns when bytes may be sent to a browser in the local network, and counts
// them.
func (e *Engine) PassUp(ctx context.Context, _ netip.Addr, bytes int) error {
	if err := e.traffic.UpTo(true).Wait(ctx, bytes); err != nil {
		return err
	}
	e.traffic.UpMeter.Add(bytes)
	return nil
}

// PassDown returns when bytes from a browser in the local network are within the limits,
// and counts them.
func (e *Engine) PassDown(ctx context.Context, _ netip.Addr, bytes int) error {
	e.traffic.DownMeter.Add(bytes)
	for _, limit := range e.traffic.DownFrom(true, e.traffic.Down) {
		if err := limit.Wait(ctx, bytes); err != nil {
			return err
		}
	}
	return nil
}
