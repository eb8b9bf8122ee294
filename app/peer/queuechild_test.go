package peer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// queueKillEnv names a folder. If it is set, the test binary runs no tests but works
// on a queue with the plan in that folder.
const queueKillEnv = "CENTRALIZEDP2P_QUEUE_KILL"

// What a child does.
const (
	changeQueue = "change" // the queue, until it is killed
	verifyQueue = "verify" // all, and wait to be killed
	settleQueue = "settle" // all downloads, and end
)

// queuePlan is what may be in a queue.
type queuePlan struct {
	Tracker  string
	Contents []queueContent
}

type queueContent struct {
	Name   string
	Hash   netproto.ContentHash
	Folder bool
}

func (p queuePlan) content(name string) queueContent {
	return p.Contents[slices.IndexFunc(p.Contents, func(c queueContent) bool { return c.Name == name })]
}

// queueStep is one change to the queue.
type queueStep struct {
	Do       string
	IDs      []string
	Name     string           // of the download that is added
	Priority library.Priority // if it is set
	Limit    int64            // if it is set, in bytes a second
}

// queueLine is a line that a child prints.
type queueLine struct {
	Started bool
	Records []library.Download // remembered then
	Begins  *queueStep         // now
	Done    *queueStep         // it is acknowledged
	States  []queue.State      // of its downloads, before or after it; "" if a download is not in the list
	Order   []string           // ids, after it
}

func (l queueLine) String() string {
	switch {
	case l.Begins != nil:
		return fmt.Sprintf("begins %+v, which are %q", *l.Begins, l.States)
	case l.Done != nil:
		return fmt.Sprintf("did %s: they are %q in %q", l.Done.Do, l.States, l.Order)
	}
	text := "started with"
	for _, r := range l.Records {
		text += fmt.Sprintf("\n%s %s %s %q check %q %d bytes of %d", r.ID, r.Name, r.State, r.Path, r.Check, r.Done, r.Size)
	}
	return text
}

// neverWhole is a folder that lists one content with two sizes: the download fails.
// wrongHint is a file that is downloaded as a folder: it is a file all the same.
const (
	neverWhole = "no folder"
	wrongHint  = "c"
)

// witnessOf has a peer share everything that may be in the queue.
func witnessOf(t *testing.T) *queueWitness {
	t.Helper()
	tr := startTracker(t)
	alice := startPeerWith(t, tr, slowly(48<<20))
	w := &queueWitness{T: t, base: t.TempDir(), plan: queuePlan{Tracker: tr.address}, contents: map[string][]byte{}, possible: [][]queueEntry{nil}, kept: map[string]bool{}}
	w.files = filepath.Join(w.base, "files")
	check(t, os.Mkdir(w.files, 0o755))
	plan := func(name string, folder bool) {
		s := alice.share(t, filepath.Join(alice.files, name))
		w.plan.Contents = append(w.plan.Contents, queueContent{Name: name, Hash: s.Hash, Folder: folder})
	}
	for name, size := range map[string]int{"a": 2000, "b": 40_000, "c": 300_000, "d": 500_000, "film": 4 << 20, "disc": 6<<20 + 17} {
		_, content := alice.write(t, name, size)
		w.contents[name] = content
		plan(name, name == wrongHint)
	}
	list, err := netproto.AppendFolder(nil, []netproto.FolderEntry{{Path: "a", Size: 1, Hash: netproto.ContentHash{1}}, {Path: "b", Size: 2, Hash: netproto.ContentHash{1}}})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(alice.files, neverWhole), list, 0o644))
	plan(neverWhole, true)
	for path, content := range alice.writeTree(t, "tree", 12) {
		w.contents[path] = content
	}
	plan("tree", true)
	text, err := json.Marshal(w.plan)
	check(t, err)
	check(t, os.WriteFile(filepath.Join(w.base, "plan"), text, 0o600))
	return w
}

// queueChild is the state of the child.
type queueChild struct {
	*peer.Engine
	dir  string
	plan queuePlan
	say  *json.Encoder
}

func workOnQueueInChild(base string) error {
	c := &queueChild{dir: filepath.Join(base, "files"), say: json.NewEncoder(os.Stdout)}
	text, err := os.ReadFile(filepath.Join(base, "plan"))
	if err == nil {
		err = json.Unmarshal(text, &c.plan)
	}
	if err != nil {
		return err
	}
	l, err := library.Open(filepath.Join(base, "profile"))
	if err != nil {
		return err
	}
	defer l.Close()
	config := peer.Config{Library: l, Log: slog.New(slog.DiscardHandler), Listen: "127.0.0.1:0"}
	peer.Hasten(&config)
	if c.Engine, err = peer.Start(context.Background(), config); err != nil {
		return err
	}
	defer c.Close()
	records, err := l.Downloads()
	if err != nil {
		return err
	}
	c.say.Encode(queueLine{Started: true, Records: records, Order: c.ids()})
	var order string
	if _, err := fmt.Scanln(&order); err != nil {
		return err
	}
	client, err := trackerclient.New(l.Identity(), c.plan.Tracker, netproto.Fingerprint{}, l)
	if err != nil {
		return err
	}
	c.Trackers.Use(client)
	c.Downloads.Start()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return c.obey(ctx, order)
}

func (c *queueChild) obey(ctx context.Context, order string) error {
	if order == changeQueue {
		for ctx.Err() == nil {
			if err := c.do(c.next()); err != nil {
				return err
			}
			<-time.After(rand.N(10 * time.Millisecond))
		}
		return ctx.Err()
	}
	err := c.do(queueStep{Do: "resume", IDs: c.ids()})
	if err == nil && order == verifyQueue {
		err = c.do(queueStep{Do: "verify", IDs: c.ids()})
	}
	for changed := c.Watch(ctx); err == nil && ctx.Err() == nil; <-changed {
		settled := !slices.ContainsFunc(c.Downloads.List(), func(d queue.Download) bool {
			return d.State != queue.StateFinished && (d.State != queue.StateFailed || d.Name != neverWhole)
		})
		if settled && order == settleQueue {
			return nil
		}
	}
	if err == nil {
		err = fmt.Errorf("not all is there: %+v", c.Downloads.List())
	}
	return err
}

func (c *queueChild) ids() []string {
	ids := []string{}
	for _, d := range c.Downloads.List() {
		ids = append(ids, d.ID)
	}
	return ids
}

// next chooses the next step.
func (c *queueChild) next() queueStep {
	list := c.Downloads.List()
	var absent []string
	for _, content := range c.plan.Contents {
		if !slices.ContainsFunc(list, func(d queue.Download) bool { return d.Name == content.Name }) {
			absent = append(absent, content.Name)
		}
	}
	if len(list) < 2 || len(absent) > 0 && rand.IntN(5) == 0 {
		return queueStep{Do: "add", Name: absent[rand.IntN(len(absent))]}
	}
	all := []string{"pause", "resume", "resume", "resume", "priority", "limit", "top", "up", "down", "bottom", "verify", "remove", "remove files"}
	s := queueStep{Do: all[rand.IntN(len(all))]}
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	many := 1 + rand.IntN(2)
	if s.Do == "up" || s.Do == "down" {
		many = 1
	}
	for _, d := range list[:many] {
		s.IDs = append(s.IDs, d.ID)
		if !d.Folder || !strings.HasPrefix(s.Do, "remove") {
			continue
		}
		s.Do = "remove files" // the next one would get another name
		if _, err := os.Lstat(filepath.Join(c.dir, d.Name)); err == nil && d.Path == "" {
			s.Do = "pause" // a kill came after it was published: it is deleted only once that is known
		}
	}
	s.Priority = []library.Priority{library.PriorityHigh, library.PriorityNormal, library.PriorityLow}[rand.IntN(3)]
	s.Limit = rand.Int64N(3) * (8 << 20)
	return s
}

// do makes a change and prints it, before it begins and after it is done.
func (c *queueChild) do(s queueStep) (err error) {
	c.say.Encode(queueLine{Begins: &s, States: c.states(s.IDs)})
	switch s.Do {
	case "add":
		content := c.plan.content(s.Name)
		var id string
		id, err = c.Downloads.Add(queue.Request{Hash: content.Hash, Name: s.Name, Size: -1, Folder: content.Folder, Dir: c.dir})
		s.IDs = []string{id}
	case "pause":
		err = c.Downloads.Pause(s.IDs...)
	case "resume":
		err = c.Downloads.Resume(s.IDs...)
	case "priority":
		err = c.Downloads.SetPriority(s.Priority, s.IDs...)
	case "limit":
		err = c.Downloads.SetRate(s.Limit, s.IDs...)
	case "verify":
		err = c.Downloads.Verify(s.IDs...)
	case "remove":
		err = c.Downloads.Remove(s.IDs...)
	case "remove files":
		err = c.Downloads.RemoveWithFiles(s.IDs...)
	default:
		err = c.Downloads.Move(queue.Way(s.Do), s.IDs...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strings.TrimSpace(s.Do+" "+s.Name), err)
	}
	return c.say.Encode(queueLine{Done: &s, States: c.states(s.IDs), Order: c.ids()})
}

func (c *queueChild) states(ids []string) []queue.State {
	states := make([]queue.State, len(ids))
	for i, id := range ids {
		d, _ := c.Downloads.ByID(id)
		states[i] = d.State
	}
	return states
}
