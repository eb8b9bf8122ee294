package sharing

import (
	"context"
	"sync"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// hashFile hashes a file, several pieces at once. The progress of one larger than a
// batch of others is saved, so that a kill never costs more than a batch.
func (sc *scan) hashFile(ctx context.Context, path string, size int64, pieces int) (*piece.Manifest, piece.State, error) {
	progress := func(n int) { sc.hashed(ctx, int64(n)) }
	if size <= batchBytes {
		return piece.HashPathWith(ctx, path, pieces, nil, progress)
	}
	p := &partial{scan: sc, path: path}
	keeping, stop := context.WithCancel(ctx)
	var keeper sync.WaitGroup
	keeper.Go(func() { p.keep(keeping) })
	m, state, err := piece.HashPathWith(ctx, path, pieces, p, progress)
	stop()
	keeper.Wait()
	switch {
	case err == nil: // saving the file forgets it
	case netproto.CodeOf(err) == netproto.CodeFileChanged:
		p.forget()
	default: // the program ends, or the disk went away
		p.save(1)
	}
	return m, state, err
}

// partial is the hashing of one large file, as far as it is done.
type partial struct {
	scan *scan
	path string

	mu    sync.Mutex
	state piece.State // in which it is hashed
	first []piece.CV  // what is done
	saved int         // of them are in the library
}

// Known returns what an earlier run left, see [piece.Memory].
func (p *partial) Known(state piece.State) []piece.CV {
	first, err := p.scan.share.shares.config.Library.Partial(p.path, state)
	if err != nil {
		first = nil // there is nothing; or it is hashed from its start
	}
	p.mu.Lock()
	p.state, p.first, p.saved = state, first, len(first)
	p.mu.Unlock()
	m := piece.Manifest{Size: state.Size}
	p.scan.progress(min(m.Offset(len(first)), state.Size))
	return first
}

// Done notes what is done, see [piece.Memory].
func (p *partial) Done(first []piece.CV) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.first = first
}

// savedShare bounds what is written: a record is written as a whole, so the
// next one waits until a 256th more is done. All of one file are at most 256
// times as long as the last one.
const savedShare = 256

// keep saves what is done, every few seconds.
func (p *partial) keep(ctx context.Context) {
	pause := p.scan.share.shares.config.Timing.Partial
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		p.mu.Lock()
		least := max(1, p.saved/savedShare)
		p.mu.Unlock()
		p.save(least)
		timer.Reset(pause) // from the end of one write to the next
	}
}

// save remembers what is done, if that is at least least pieces more than before and
// the file is still what it was after they were read.
func (p *partial) save(least int) {
	p.mu.Lock()
	state, first, saved := p.state, p.first, p.saved
	p.mu.Unlock()
	if len(first)-saved < least {
		return
	}
	if now, err := piece.StateOf(p.path); err != nil || now != state {
		return
	}
	config := &p.scan.share.shares.config
	if err := config.Library.SavePartial(p.path, state, first); err != nil {
		config.Log.Warn("how far a file is hashed is not remembered", "path", p.path, "error", err)
		return
	}
	p.mu.Lock()
	p.saved = len(first)
	p.mu.Unlock()
}

func (p *partial) forget() {
	config := &p.scan.share.shares.config
	if err := config.Library.ForgetPartial(p.path); err != nil {
		config.Log.Warn("how far a file was hashed is not forgotten", "path", p.path, "error", err)
	}
}
