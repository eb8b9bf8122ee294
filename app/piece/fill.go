package piece

import (
	"context"
	"errors"
	"io"

	"centralizedp2p/netproto"
)

// filled is an unfinished content: a Part or a Small.
type filled interface {
	Manifest() *Manifest
	Has(index int) bool
	Writer(index int, spare bool) *Writer
}

// Fill copies the missing pieces of an unfinished content from another place that
// has it whole, and leaves out those that are wrong there. It stops at the first
// error: broken is one of the other place, err any other. progress counts bytes.
func Fill(ctx context.Context, to filled, from io.ReaderAt, progress func(n int)) (broken, err error) {
	buf := make([]byte, netproto.MaxDataBytes)
	m := to.Manifest()
	for i := range m.Pieces() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if to.Has(i) {
			continue
		}
		w := to.Writer(i, false)
		for w.Missing() > 0 {
			b := buf[:min(int64(len(buf)), w.Missing())]
			if _, err := from.ReadAt(b, m.Offset(i)+m.Length(i)-w.Missing()); err != nil {
				return err, nil
			}
			if _, err := w.Write(b); err != nil {
				return nil, err
			}
			progress(len(b))
		}
		if err := w.Finish(); err != nil && !errors.Is(err, ErrWrongPiece) {
			return nil, err
		}
	}
	return nil, nil
}
