package swarm

import (
	"context"
	"path"
	"slices"
	"strings"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// How a complete content gets its name.

// publishComplete gives the complete contents their names.
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
		name, err := a.publishJob(ctx, j, durable)
		if err != nil {
			return "", err
		}
		last = name
	}
	a.mu.Lock()
	defer a.unlock()
	for _, j := range complete {
		a.closeJob(j)
		a.done += j.size
		j.over = true
	}
	a.active = slices.DeleteFunc(a.active, func(j *job) bool { return j.over })
	return last, nil
}

// publishJob gives a content its name, and equal files of the folder theirs.
func (a *Attempt) publishJob(ctx context.Context, j *job, durable bool) (name string, err error) {
	m := j.Manifest()
	switch part := j.part.(type) {
	case *piece.Small:
		published, state := part.Published()
		name = published
		a.offerAs(j, m, name, state)
	case *piece.Part:
		if name, err = part.Publish(j.targets[0], durable); err != nil {
			return "", err
		}
		a.offerFinished(j, m, name)
	}
	for _, other := range j.targets[1:] {
		to := path.Join(j.dir, other)
		copied, state, err := a.folder.Copy(ctx, name, path.Dir(to), path.Base(to), a.copied)
		if err != nil {
			return "", err
		}
		a.remember(copied, state, m)
	}
	return name, nil
}

// copied counts bytes of a file that is equal to one that is here already.
func (a *Attempt) copied(n int) {
	a.mu.Lock()
	a.done += int64(n)
	a.unlock()
	a.swarms.config.Notify()
}

// Fetched is what an attempt left in its folder: whoever shares it need not hash it
// again.
type Fetched struct {
	Files     []FetchedFile
	Manifests []*piece.Manifest // of those with several pieces
}

// FetchedFile is a whole file in the state in which it was published.
type FetchedFile struct {
	Name  string // in the task's folder, slash-separated
	State piece.State
	Hash  netproto.ContentHash
}

// Fetched is empty unless the task said Remember and the attempt succeeded.
func (a *Attempt) Fetched() Fetched {
	a.mu.Lock()
	defer a.unlock()
	f := a.fetched
	a.fetched = Fetched{}
	return f
}

// remember notes a whole file, by its name in the task's folder.
func (a *Attempt) remember(name string, state piece.State, m *piece.Manifest) {
	if !a.task.Remember {
		return
	}
	a.mu.Lock()
	defer a.unlock()
	a.fetched.Files = append(a.fetched.Files, FetchedFile{Name: name, State: state, Hash: m.Hash})
	if len(m.CVs) > 0 {
		a.fetched.Manifests = append(a.fetched.Manifests, m)
	}
}

// moved follows a folder to another name. What is not in it is not kept.
func (f *Fetched) moved(from, to string) {
	kept := f.Files[:0]
	for _, file := range f.Files {
		if below, ok := strings.CutPrefix(file.Name, from+"/"); ok {
			file.Name = path.Join(to, below)
			kept = append(kept, file)
		}
	}
	f.Files = kept
}
