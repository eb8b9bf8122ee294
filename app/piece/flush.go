package piece

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"centralizedp2p/app/disk"
	"centralizedp2p/netproto"
)

// flushBytes is how many verified bytes the journal claims at a time; after flushEvery it
// claims what there is. A power failure costs what is not claimed.
var flushBytes int64 = 256 << 20 // less in a test of kills

// writeBytes is after how many verified bytes the disk is told to write what there is, so
// that it works while bytes come. Where the system cannot be told to, they are claimed at
// once, which does the same but waits: downloads onto ext4 took an eighth longer that way.
const writeBytes = 8 << 20

const flushEvery = 2 * time.Second

// verified counts a piece; mu is held.
func (p *Part) verified(index int) {
	p.have.Set(index)
	p.count++
	p.unclaimed = append(p.unclaimed, uint32(index))
	before := p.dirty
	if p.dirty += p.manifest.Length(index); before/writeBytes < p.dirty/writeBytes || p.dirty >= flushBytes {
		select {
		case p.flush <- struct{}{}:
		default: // it is awake already
		}
	}
}

// runFlusher claims verified pieces in groups, so that no writer waits for it.
func (p *Part) runFlusher(ctx context.Context) error {
	if p.journal == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return p.claim()
		case <-tick.C:
		case <-p.flush:
			if p.startWriting() {
				continue
			}
		}
		if err := p.claim(); err != nil {
			return err
		}
	}
}

// startWriting gives the disk what has come. It reports false if that is to be claimed now.
func (p *Part) startWriting() bool {
	p.mu.Lock()
	claim := p.dirty >= flushBytes
	p.mu.Unlock()
	return !claim && disk.StartWriting(p.file) == nil
}

// claim makes the data durable and then claims it in the journal.
func (p *Part) claim() error {
	p.mu.Lock()
	pieces := p.unclaimed
	p.unclaimed, p.dirty = nil, 0
	p.mu.Unlock()
	if len(pieces) == 0 {
		return nil
	}
	if err := p.sync(); err != nil {
		return err
	}
	return p.breakOn(p.journal.append(pieces))
}

// sync makes the data durable. A failed fsync is never repeated: by then the system
// may have dropped the bytes, and report success.
func (p *Part) sync() error {
	p.mu.Lock()
	broken := p.broken
	p.mu.Unlock()
	if broken != nil {
		return broken
	}
	return p.breakOn(p.file.Sync())
}

// breakOn keeps the first error, which the next Finish returns.
func (p *Part) breakOn(err error) error {
	if err == nil {
		return nil
	}
	err = p.diskError(err)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken == nil {
		p.broken = err
	}
	return err
}

// endFlusher claims what is left and waits.
func (p *Part) endFlusher() error {
	p.stop()
	err := <-p.flushed
	p.flushed <- err // for the next call
	return err
}

// Close ends the work on the file and keeps it for later. It waits until what was
// verified is claimed. Closing twice is allowed.
func (p *Part) Close() error {
	err := p.endFlusher()
	if closeErr := p.closeFiles(); err == nil {
		err = p.diskError(closeErr)
	}
	return err
}

// closeFiles waits for a write under way, so that nobody finds the file still
// locked when it returns.
func (p *Part) closeFiles() error {
	if p.journal != nil {
		p.journal.close()
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	if err := p.file.Close(); !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}

// Publish puts a complete file onto the disk and then under name or, if that is
// taken, under the next free numbered name. It never replaces anything, and
// returns the path in the root. If durable is false, the last fsync of file and
// folder is left to the caller, which makes many files durable at once. After an
// error, the part still has to be closed.
func (p *Part) Publish(name string, durable bool) (string, error) {
	if err := netproto.CheckName(name); err != nil {
		return "", netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	if !p.Complete() {
		return "", fmt.Errorf("publishing %s before it is complete", name)
	}
	if err := p.file.Truncate(p.manifest.Size); err != nil {
		return "", p.diskError(err)
	}
	if err := p.endFlusher(); err != nil {
		return "", err
	}
	disk.SetSparse(p.file, false)
	if durable {
		if err := p.sync(); err != nil {
			return "", err
		}
	}
	final, err := publish(p.root, p.dir, PartName(p.manifest.Hash), name)
	if err != nil {
		return "", p.diskError(err)
	}
	if p.journal != nil {
		p.journal.close()                                             // some systems do not remove what is open
		p.root.Remove(path.Join(p.dir, journalName(p.manifest.Hash))) // if it stays, it does no harm
	}
	if durable { // the journal is gone as well then: nobody will look for it again
		if err := disk.SyncFolder(p.root, p.dir); err != nil {
			return "", p.diskError(err)
		}
	}
	return final, p.Close()
}

// RemovePart removes the unfinished file of a content in dir, if there is one. It does
// not come back after a loss of power.
func RemovePart(root *os.Root, dir string, hash netproto.ContentHash) error {
	removed := false
	for _, name := range []string{PartName(hash), journalName(hash)} {
		err := root.Remove(path.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return diskError(err, path.Join(root.Name(), dir))
		}
		removed = removed || err == nil
	}
	if !removed {
		return nil
	}
	return diskError(disk.SyncFolder(root, dir), path.Join(root.Name(), dir))
}

// RemoveTree removes a file, or a folder and everything in it, if it is there. It does
// not come back after a loss of power.
func RemoveTree(root *os.Root, name string) error {
	if _, err := root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return diskError(errors.Join(root.RemoveAll(name), disk.SyncFolder(root, path.Dir(name))), root.Name())
}
