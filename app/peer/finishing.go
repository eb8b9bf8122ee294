package peer

import (
	"context"
	"path"
	"slices"

	"centralizedp2p/app/piece"
)

// How a complete content gets its name.

// publishComplete gives the complete contents their names.
func (d *download) publishComplete(ctx context.Context, last string, durable bool) (string, error) {
	d.mu.Lock()
	var complete []*job
	for _, j := range d.active {
		if j.complete() {
			complete = append(complete, j)
		}
	}
	d.mu.Unlock()
	if len(complete) == 0 {
		return last, nil
	}
	if err := d.moved(); err != nil {
		return "", err
	}
	for _, j := range complete {
		name, err := d.publishJob(ctx, j, durable)
		if err != nil {
			return "", err
		}
		last = name
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range complete {
		d.closeJob(j)
		d.done += j.size
		j.over = true
	}
	d.active = slices.DeleteFunc(d.active, func(j *job) bool { return j.over })
	return last, nil
}

// publishJob gives a content its name, and equal files of the folder theirs.
func (d *download) publishJob(ctx context.Context, j *job, durable bool) (name string, err error) {
	m := j.manifest()
	switch part := j.part.(type) {
	case *piece.Small:
		published, state := part.Published()
		name = published
		d.offerAs(j, m, name, state)
	case *piece.Part:
		if name, err = part.Publish(j.targets[0], durable); err != nil {
			return "", err
		}
		d.offerFinished(j, m, name)
	}
	for _, other := range j.targets[1:] {
		to := path.Join(j.dir, other)
		copied, state, err := d.folder.Copy(ctx, name, path.Dir(to), path.Base(to), d.copied)
		if err != nil {
			return "", err
		}
		d.remember(copied, state, m)
	}
	return name, nil
}

// copied counts bytes of a file that is equal to one that is here already.
func (d *download) copied(n int) {
	d.mu.Lock()
	d.done += int64(n)
	d.mu.Unlock()
	d.engine.notify()
}

// Ended is closed when the present run of a download is over: sooner than
// [Engine.Watch] tells it. It is nil while the download does not run.
func (e *Engine) Ended(id string) <-chan struct{} {
	d := e.downloads.find(id)
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cancel == nil {
		return nil
	}
	return d.ended
}
