package swarm

import (
	"context"
	"path"
	"slices"
	"time"

	"centralizedp2p/app/piece"
)

// The loop of an attempt. It opens jobs, fetches them, and gives them their names.

// fetch fetches the contents of a backlog, a few at a time, and publishes each when it is
// complete. It returns the last published name.
func (a *Attempt) fetch(ctx context.Context, todo *backlog, durable bool) (string, error) {
	a.setPhase(Fetching)
	ticker := time.NewTicker(a.swarms.config.Timing.Tick)
	defer ticker.Stop()
	var published string
	a.mu.Lock()
	a.search.sought, a.search.seeks = time.Time{}, 0
	a.unlock()
	for {
		for more := true; more; {
			err := a.checkKind() // also of what has come as a whole meanwhile
			if err != nil {
				return "", err
			}
			if published, err = a.publishComplete(ctx, published, durable); err != nil {
				return "", err
			}
			if more, err = a.open(ctx, todo); err != nil {
				return "", err
			}
		}
		if err := a.checkKind(); err != nil {
			return "", err
		}
		if left, err := a.left(todo.waiting()); left == 0 || err != nil {
			return published, err
		}
		if err := a.takeSpace(); err != nil {
			return "", err
		}
		a.search.look(ctx)
		a.lanes.manage(ctx)
		var haste <-chan time.Time // nil: there is none
		if a.lanes.uneven() {
			haste = time.After(hasteTime)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-ticker.C:
			if err := a.diskHolds(); err != nil {
				return "", err
			}
		case <-haste:
		case <-a.woken:
		}
	}
}

// hasteTime is how often lanes with nothing to do look whether another one to their source
// lags behind.
const hasteTime = 100 * time.Millisecond

// left returns the number of unpublished jobs, waiting ones included, or the error that
// ends the attempt.
func (a *Attempt) left(waiting int) (int, error) {
	a.mu.Lock()
	defer a.unlock()
	return waiting + len(a.active), a.err
}

// publishComplete gives the complete contents their names. It returns the last one, or
// the one given.
func (a *Attempt) publishComplete(ctx context.Context, last string, durable bool) (string, error) {
	a.mu.Lock()
	var complete []*job
	for _, j := range a.active {
		if j.complete() {
			complete = append(complete, j)
		}
	}
	a.unlock()
	if len(complete) == 0 {
		return last, nil
	}
	if err := piece.StillAt(a.root, a.task.Dir); err != nil {
		return "", err
	}
	for _, j := range complete {
		if !a.task.Folder && isList(j.part) {
			return "", ErrIsFolder
		}
		name, err := j.publish(ctx, durable)
		if err != nil {
			return "", err
		}
		last = name
	}
	a.mu.Lock()
	defer a.unlock()
	for _, j := range complete {
		j.closeStreams()
		a.done += j.size
		j.over = true
	}
	a.active = slices.DeleteFunc(a.active, func(j *job) bool { return j.over })
	return last, nil
}

// publish gives a content its name, and equal files of the folder theirs.
func (j *job) publish(ctx context.Context, durable bool) (name string, err error) {
	a := j.attempt
	m := j.Manifest()
	switch part := j.part.(type) {
	case *piece.Small:
		published, state := part.Published()
		name = published
		if now, dressed := a.dresser.dress(name); dressed {
			state = now
		}
		j.offerAs(m, name, state)
	case *piece.Part:
		if name, err = part.Publish(j.targets[0], durable); err != nil {
			return "", err
		}
		a.dresser.dress(name)
		j.offerFinished(m, name)
	}
	for _, other := range j.targets[1:] {
		to := path.Join(j.dir, other)
		copied, state, err := a.folder.Copy(ctx, name, path.Dir(to), path.Base(to), a.copied)
		if err != nil {
			return "", err
		}
		if now, dressed := a.dresser.dress(copied); dressed {
			state = now
		}
		a.remember(copied, state, m)
	}
	return name, nil
}

// copied counts bytes of a file that equals one that is here already.
func (a *Attempt) copied(n int) {
	a.mu.Lock()
	a.done += int64(n)
	a.unlock()
	a.swarms.config.Notify()
}
