package localengine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/app/face"
	"centralizedp2p/app/node"
	"centralizedp2p/app/remote"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/lan"
	"centralizedp2p/netproto/porttest"
	"centralizedp2p/netproto/version"
)

// overAPI makes tests drive a peer from outside of its process, over the control API.
var overAPI bool

// TestMain runs the tests twice: a peer does the same over the control API.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		overAPI = true
		fmt.Println("The same over the control API:")
		code = m.Run()
	}
	if err := goleak.Find(goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor")); err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}

// patience is how long a test waits for what should come at once.
const patience = 2 * time.Minute

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused wants an error with that code.
func refused(t testing.TB, err error, code netproto.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("there is no error, %s was expected", code)
	}
	if failure := face.FailureOf(err); failure.Code != code {
		t.Fatalf("the error has the code %s, not %s: %v", failure.Code, code, err)
	}
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// town is a tracker of somebody else.
type town struct {
	*node.OwnTracker
	data string
}

func startTown(t testing.TB, data, listen string) *town {
	t.Helper()
	if listen == "" {
		listen = porttest.Address(t) // it may be started there again
	}
	tracker, err := node.StartTracker(data, listen, "town", io.Discard)
	check(t, err)
	return &town{tracker, data}
}

func newTown(t testing.TB) *town {
	t.Helper()
	town := startTown(t, t.TempDir(), "")
	t.Cleanup(func() { check(t, town.Close()) })
	return town
}

// house is the program of one person, without its window.
type house struct {
	face.Engine // as the tests drive it
	local       *Engine
	end         func() error
	t           testing.TB
	profile     string
	files       string // what it shares
	downloads   string
	listen      string // address of its own tracker

	around func(context.Context) ([]lan.Tracker, error) // asks its local network; nil for none
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, profile: t.TempDir(), files: t.TempDir(), downloads: t.TempDir(), listen: porttest.Address(t)}
	h.open()
	settings := h.chosen()
	settings.Name, settings.DownloadFolder = "alice", h.downloads
	check(t, h.ApplySettings(deadline(t), settings))
	t.Cleanup(h.close)
	return h
}

// open starts the program, as the desktop does.
func (h *house) open() {
	h.t.Helper()
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(h.t.Output(), nil))
	}
	n, err := node.Open(context.Background(), node.Options{Profile: h.profile, OfferDownloads: true, Log: log})
	check(h.t, err)
	h.local = newEngine(n, io.Discard)
	h.local.trackers.own.listen, h.local.nearby.browse = h.listen, h.around
	check(h.t, h.local.start())
	h.Engine, h.end = h.local, h.local.Close
	if overAPI {
		h.Engine, h.end = h.elsewhere()
	}
}

// elsewhere is the engine for another process, and what ends both.
func (h *house) elsewhere() (*remote.Client, func() error) {
	h.t.Helper()
	server := remote.NewServer(h.local, remote.Options{Version: version.Number, Log: h.local.log})
	check(h.t, server.ServeLocal(h.profile))
	client := remote.NewLocal(h.profile)
	return client, func() error { return errors.Join(client.Close(), h.local.Close(), server.Close()) }
}

// owned is the running tracker on this computer.
func (h *house) owned() *node.OwnTracker {
	h.t.Helper()
	own, err := h.local.trackers.own.state()
	if own == nil {
		h.t.Fatalf("it does not run: %v", err)
	}
	return own
}

func (h *house) close() {
	h.t.Helper()
	if h.Engine != nil {
		check(h.t, h.end())
		h.Engine = nil
	}
}

func (h *house) reopen() {
	h.t.Helper()
	h.close()
	h.open()
}

// until waits until something is so.
func (h *house) until(what string, so func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	changed := h.Watch(ctx)
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			h.t.Fatalf("%s: not after %s", what, patience)
		case <-changed:
		case <-again.C:
		}
	}
}

func (h *house) untilConnection(c face.Connection) {
	h.t.Helper()
	h.until(string(c), func() bool { return h.status().Connection == c })
}

// use joins a tracker.
func (h *house) use(town *town) {
	h.t.Helper()
	check(h.t, h.UseTracker(deadline(h.t), town.Address))
	h.untilConnection(face.ConnectionConnected)
}

func (h *house) status() face.Status {
	h.t.Helper()
	s, err := h.Status(deadline(h.t))
	check(h.t, err)
	return s
}

func (h *house) view() face.TrackerView {
	h.t.Helper()
	v, err := h.Tracker(deadline(h.t))
	check(h.t, err)
	return v
}

func (h *house) chosen() face.Settings {
	h.t.Helper()
	s, err := h.Settings(deadline(h.t))
	check(h.t, err)
	return s
}

// change applies settings that differ from the chosen ones.
func (h *house) change(how func(*face.Settings)) error {
	h.t.Helper()
	s := h.chosen()
	how(&s)
	return h.ApplySettings(deadline(h.t), s)
}

// write makes a file of pseudo-random bytes among what the house shares.
func (h *house) write(name string, size int) (path string, content []byte) {
	h.t.Helper()
	content = make([]byte, size)
	rand.NewChaCha8([32]byte([]byte(name + "--------------------------------")[:32])).Read(content)
	path = filepath.Join(h.files, name)
	check(h.t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(h.t, os.WriteFile(path, content, 0o644))
	return path, content
}

// offer shares a path and waits until others can find it.
func (h *house) offer(path string, except ...string) face.Share {
	h.t.Helper()
	check(h.t, h.Share(deadline(h.t), face.ShareRequest{Items: []face.ShareItem{{Path: path, Except: except}}}))
	s := h.share(path)
	_, err := h.local.engine.Shares.Wait(deadline(h.t), s.ID)
	check(h.t, err)
	return h.share(path)
}

// share is the row of a path.
func (h *house) share(path string) face.Share {
	h.t.Helper()
	shares, err := h.Shares(deadline(h.t))
	check(h.t, err)
	for _, s := range shares {
		if s.Path == path {
			return s
		}
	}
	h.t.Fatalf("%s is not shared", path)
	return face.Share{}
}

// find gives the hits of a search.
func (h *house) find(words string) []face.Hit {
	h.t.Helper()
	page, err := h.Search(deadline(h.t), face.SearchRequest{Words: words})
	check(h.t, err)
	return page.Hits
}

// findOne gives the only hit of a search.
func (h *house) findOne(words string) face.Hit {
	h.t.Helper()
	hits := h.find(words)
	if len(hits) != 1 {
		h.t.Fatalf("%d hits for %q, 1 was expected", len(hits), words)
	}
	return hits[0]
}

// fetch asks for the download of a hit.
func (h *house) fetch(hit face.Hit, paths ...string) {
	h.t.Helper()
	check(h.t, h.Download(deadline(h.t), face.DownloadRequest{Hash: hit.Hash, Name: hit.Name, Size: hit.Size, Folder: hit.Folder, Paths: paths}))
}

// rows are the downloads by name.
func (h *house) rows() map[string]face.Download {
	h.t.Helper()
	list, err := h.Downloads(deadline(h.t))
	check(h.t, err)
	rows := map[string]face.Download{}
	for _, d := range list {
		rows[d.Name] = d
	}
	return rows
}

// finish waits for the end of a download.
func (h *house) finish(name string) face.Download {
	h.t.Helper()
	h.untilState(name, face.DownloadFinished)
	return h.rows()[name]
}

func (h *house) untilState(name string, state face.DownloadState) {
	h.t.Helper()
	h.until(name+" is "+string(state), func() bool {
		d := h.rows()[name]
		if d.State == face.DownloadFailed && state != face.DownloadFailed {
			h.t.Fatalf("%s failed: %v", name, d.Failure.Error())
		}
		return d.State == state
	})
}

func same(t testing.TB, path string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	check(t, err)
	if !bytes.Equal(got, content) {
		t.Fatalf("%s has %d bytes that differ from the %d shared ones", path, len(got), len(content))
	}
}
