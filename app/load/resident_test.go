//go:build linux

package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// content is what is shared in a soak.
type content struct {
	Path   string               `json:"path"` // the original
	Hash   netproto.ContentHash `json:"hash"`
	Link   string               `json:"link"`
	Folder bool                 `json:"folder"`
}

// order is what a resident is told to do, a line on stdin each.
type order struct {
	Share    string    `json:"share,omitempty"`    // a path, for ever
	Download []content `json:"download,omitempty"` // again and again, at random
	Rest     bool      `json:"rest,omitempty"`     // finish that, and say how things are
}

// vitals are what a leak would show in.
type vitals struct {
	Event      string  `json:"event"`
	Goroutines int     `json:"goroutines"`
	Files      int     `json:"files"` // open ones, sockets included
	HeapMiB    float64 `json:"heap_mib"`
	Downloads  int     `json:"downloads"` // so far, each compared byte by byte
}

func (v vitals) String() string {
	return fmt.Sprintf("(%d goroutines, %d files, %.1f MiB, %d downloads)", v.Goroutines, v.Files, v.HeapMiB, v.Downloads)
}

// resident is a peer that stays while others come and go.
type resident struct {
	node      *node.Node
	dir       string
	downloads int
}

// beResident follows the orders on stdin until it ends. Its arguments are a
// profile, a folder for downloads, and the link of the tracker.
func beResident(ctx context.Context) int {
	if err := reside(ctx, os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, "a resident:", err)
		return 1
	}
	return 0
}

func reside(ctx context.Context, profile, dir, trackerLink string) error {
	free := 0
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	n, err := node.Open(ctx, node.Options{Profile: profile, Listen: &free, SeedClients: netproto.SeedOff, OfferDownloads: true, Log: log})
	if err != nil {
		return err
	}
	r := &resident{node: n, dir: dir}
	err = r.follow(ctx, trackerLink)
	return errors.Join(err, n.Close())
}

func (r *resident) follow(ctx context.Context, trackerLink string) error {
	link, err := node.ParseTracker(trackerLink)
	if err != nil {
		return err
	}
	client, err := node.Client(r.node.Library, link)
	if err != nil {
		return err
	}
	r.node.Engine.Trackers.Use(client)
	say := json.NewEncoder(os.Stdout)
	orders := make(chan order)
	go readOrders(ctx, orders)
	var wanted []content
	for {
		var o order
		if len(wanted) == 0 {
			var more bool
			if o, more = <-orders; !more {
				return nil
			}
		} else {
			select {
			case next, more := <-orders:
				if !more {
					return nil
				}
				o = next
			default:
				if err := r.download(ctx, wanted[rand.IntN(len(wanted))]); err != nil {
					return err
				}
				continue
			}
		}
		switch {
		case o.Share != "":
			id, err := r.node.Engine.Shares.Add(o.Share, sharing.Options{})
			if err != nil {
				return err
			}
			s, err := r.node.Engine.Shares.Wait(ctx, id)
			if err != nil {
				return err
			}
			say.Encode(event{Event: "shared", Hash: s.Hash.String(), Path: s.Path, Link: r.node.Engine.LinkOf(s)})
		case o.Rest:
			wanted = nil
			say.Encode(r.vitals())
		default:
			wanted = o.Download
		}
	}
}

func readOrders(ctx context.Context, orders chan<- order) {
	defer close(orders)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var o order
		if json.Unmarshal(lines.Bytes(), &o) != nil {
			return
		}
		select {
		case orders <- o:
		case <-ctx.Done():
			return
		}
	}
}

// download gets a content, compares it, and removes every trace of it.
func (r *resident) download(ctx context.Context, c content) error {
	ctx, cancel := context.WithTimeout(ctx, soakPatience)
	defer cancel()
	e := r.node.Engine
	if whole, _ := e.Downloads.Here(c.Hash); whole || e.Shares.Offered(c.Hash) {
		wait(ctx, 50*time.Millisecond) // its own
		return nil
	}
	changed := e.Watch(ctx)
	id, err := e.Downloads.Add(queue.Request{Hash: c.Hash, Name: filepath.Base(c.Path), Size: -1, Folder: c.Folder, Dir: r.dir})
	if err != nil {
		return err
	}
	e.Downloads.StartOne(id)
	for {
		d, _ := e.Downloads.ByID(id)
		if d.State == queue.StateFailed {
			return fmt.Errorf("%s: %w", c.Path, d.Err)
		}
		if d.State == queue.StateFinished {
			if err := errors.Join(same(c.Path, d.Path), e.Downloads.Remove(id), r.unshare(d.Path), os.RemoveAll(d.Path)); err != nil {
				return err
			}
			r.downloads++
			return nil
		}
		if _, more := <-changed; !more {
			return fmt.Errorf("%s hangs: %+v", c.Path, d)
		}
	}
}

// unshare takes back what was offered because it was downloaded.
func (r *resident) unshare(path string) error {
	var ids []string
	for _, s := range r.node.Engine.Shares.List() {
		if s.Path == path {
			ids = append(ids, s.ID)
		}
	}
	return r.node.Engine.Shares.Stop(ids...)
}

func (r *resident) vitals() vitals {
	runtime.GC()
	runtime.GC() // what finalizers held, too
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return vitals{"vitals", runtime.NumGoroutine(), len(files), float64(memory.HeapAlloc) / mebi, r.downloads}
}

// tell gives a resident an order.
func (p *process) tell(o order) error { return json.NewEncoder(p.stdin).Encode(o) }

// rest has a resident finish what it does, and gives its vitals.
func (p *process) rest() (vitals, error) {
	var v vitals
	if err := p.tell(order{Rest: true}); err != nil {
		return v, err
	}
	if !p.out.Scan() {
		return v, errors.Join(errors.New("a resident has ended"), p.out.Err())
	}
	err := json.Unmarshal(p.out.Bytes(), &v)
	if err == nil && v.Event != "vitals" {
		err = errors.New(p.out.Text())
	}
	return v, err
}
