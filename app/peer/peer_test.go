package peer_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/portmap"
	"centralizedp2p/netproto/porttest"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

func TestMain(m *testing.M) {
	for env, work := range map[string]func(dir string) error{hashKillEnv: shareInChild, moveKillEnv: moveInChild, queueKillEnv: workOnQueueInChild} {
		if dir := os.Getenv(env); dir != "" {
			if err := work(dir); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			os.Exit(0)
		}
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor"))
}

// patience is how long a test waits for what should come at once, on a computer that
// has much else to do.
const patience = 5 * time.Minute

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testTracker is a real tracker in this process.
type testTracker struct {
	address string
	data    string
	stop    func()
}

func startTracker(t testing.TB) *testTracker {
	tr := &testTracker{data: t.TempDir(), address: porttest.Address(t)}
	tr.start(t)
	t.Cleanup(func() { tr.stop() })
	return tr
}

func (tr *testTracker) start(t testing.TB) {
	t.Helper()
	options := daemon.DefaultOptions()
	options.Listen, options.Data = tr.address, tr.data
	opened, err := daemon.Open(options, boltstore.Open, io.Discard)
	check(t, err)
	tr.address = opened.Address()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- opened.Serve(ctx) }()
	tr.stop = func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		tr.stop = func() {}
	}
}

// testPeer is a real peer with a profile of its own.
type testPeer struct {
	*peer.Engine
	library        *library.Library
	profile        string
	files          string  // where it keeps what it shares and downloads
	folders        int     // that it may watch; 0 is the usual number
	watched        bool    // it looks at its shares only when the system says that something changed
	offers         bool    // it shares what it downloaded
	calm           bool    // it waits as long as in everyday use
	around         *around // the clock and the network; nil: the real ones
	routes         func() ([]portmap.Route, error)
	space          func(dir string) (int64, error)                             // free on its disks; nil: the real space
	dial, dialFrom func(ctx context.Context, address string) (net.Conn, error) // of other peers; nil: the real ones
	open           peer.Opener                                                 // of its shared files; nil: the real one
	trash          func(path string) error
	awake          alarm
	stop           func()
}

func startPeer(t testing.TB, tr *testTracker) *testPeer {
	return startPeerWith(t, tr, nil)
}

// startPeerWith starts a peer with its own settings; without a tracker if tr is nil.
func startPeerWith(t testing.TB, tr *testTracker, change func(*library.Settings)) *testPeer {
	t.Helper()
	return startWith(t, &testPeer{}, tr, change)
}

// unhurriedPeer starts a peer that waits as long as in everyday use.
func unhurriedPeer(t testing.TB, tr *testTracker, change func(*library.Settings)) *testPeer {
	t.Helper()
	return startWith(t, &testPeer{calm: true}, tr, change)
}

func startWith(t testing.TB, p *testPeer, tr *testTracker, change func(*library.Settings)) *testPeer {
	t.Helper()
	p.profile, p.files = t.TempDir(), t.TempDir()
	if change != nil {
		l, err := library.Open(p.profile)
		check(t, err)
		settings := library.DefaultSettings()
		change(&settings)
		check(t, l.SaveSettings(settings))
		check(t, l.Close())
	}
	p.start(t, tr)
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *testPeer) start(t testing.TB, tr *testTracker) {
	t.Helper()
	l, err := library.Open(p.profile)
	check(t, err)
	log := slog.New(slog.DiscardHandler)
	if testing.Verbose() {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	config := peer.Config{Library: l, Log: log, Listen: "127.0.0.1:0", OfferDownloads: p.offers}
	config.Trash = p.trash
	if p.awake != nil {
		config.Awake = p.awake
	}
	if !p.calm {
		peer.Hasten(&config)
	}
	peer.WatchAtMost(&config, p.folders)
	if p.watched {
		peer.LookNever(&config)
	}
	peer.FreeSpaceOf(&config, p.space)
	peer.OpenWith(&config, p.open)
	peer.DialWith(&config, p.dial, p.dialFrom)
	if p.around != nil {
		peer.Surround(&config, p.around.clock, p.around.own, p.around.routes, p.around.changes)
	}
	routes := p.routes
	if routes == nil { // no test asks a real router
		routes = func() ([]portmap.Route, error) { return nil, nil }
	}
	peer.RouteOver(&config, routes)
	engine, err := peer.Start(context.Background(), config)
	check(t, err)
	p.Engine, p.library = engine, l
	p.stop = func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		p.stop = func() {}
	}
	if tr != nil {
		p.join(t, tr)
	}
	engine.Downloads.Start()
}

func (p *testPeer) join(t testing.TB, tr *testTracker) {
	t.Helper()
	client, err := trackerclient.New(p.library.Identity(), tr.address, netproto.Fingerprint{}, p.library)
	check(t, err)
	p.Trackers.Use(client)
}

// write makes a file of pseudo-random bytes among the peer's files.
func (p *testPeer) write(t testing.TB, name string, size int) (string, []byte) {
	t.Helper()
	content := make([]byte, size)
	rand.NewChaCha8([32]byte([]byte(name + "--------------------------------")[:32])).Read(content)
	path := filepath.Join(p.files, name)
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, content, 0o644))
	return path, content
}

func (p *testPeer) share(t testing.TB, path string) sharing.Share {
	t.Helper()
	id, err := p.Shares.Add(path, sharing.Options{})
	check(t, err)
	s, err := p.Shares.Wait(deadline(t), id)
	check(t, err)
	return s
}

// get downloads a share and waits for its end.
func (p *testPeer) get(t testing.TB, s sharing.Share) queue.Download {
	t.Helper()
	id, err := p.Downloads.Add(queue.Request{Hash: s.Hash, Name: s.Name, Size: -1, Folder: s.Folder, Dir: p.files})
	check(t, err)
	return p.wait(t, id, queue.StateFinished)
}

func (p *testPeer) wait(t testing.TB, id string, state queue.State) queue.Download {
	t.Helper()
	return p.until(t, id, string(state), func(d queue.Download) bool {
		if d.State == queue.StateFailed && state != queue.StateFailed {
			t.Fatalf("the download failed: %v", d.Err)
		}
		return d.State == state
	})
}

// until waits until a download is as ok wants it.
func (p *testPeer) until(t testing.TB, id, what string, ok func(queue.Download) bool) queue.Download {
	t.Helper()
	var last queue.Download
	eventually(t, p.Engine, func() bool {
		d, there := p.Downloads.ByID(id)
		if !there {
			t.Fatal("the download is not in the list")
		}
		last = d
		return ok(d)
	}, func() string {
		return fmt.Sprintf("the download should be %s, and is %s with %d of %d bytes from %d sources: %v", what, last.State, last.Done, last.Size, last.Sources, last.Err)
	})
	return last
}

// eventually waits until something holds; the engine says when to look again.
func eventually(t testing.TB, e *peer.Engine, ok func() bool, complaint func() string) {
	t.Helper()
	ctx := deadline(t)
	changed := e.Watch(ctx)
	often := time.NewTicker(20 * time.Millisecond) // for what is outside of the engine
	defer often.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("after %s: %s", patience, complaint())
		case <-changed:
		case <-often.C:
		}
	}
}

func says(text string) func() string { return func() string { return text } }

func same(t testing.TB, path string, content []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	check(t, err)
	if !bytes.Equal(got, content) {
		t.Fatalf("%s has %d bytes that differ from the %d shared ones", path, len(got), len(content))
	}
}

func TestAFileGoesFromPeerToPeer(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 10_240, netproto.MinPieceSize, netproto.MinPieceSize + 1, 20<<20 + 17} {
		tr := startTracker(t)
		alice, bob := startPeer(t, tr), startPeer(t, tr)
		path, content := alice.write(t, "song.flac", size)
		d := bob.get(t, alice.share(t, path))
		same(t, d.Path, content)
		if filepath.Base(d.Path) != "song.flac" {
			t.Errorf("it is called %s", d.Path)
		}
	}
}

func TestAFolderKeepsItsTree(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	contents := map[string][]byte{}
	for _, name := range []string{"src/a.go", "src/b/c.go", "src/b/empty.txt", "src/copy of a.go", "src/große Datei.bin"} {
		size := 1000 + len(name)
		switch filepath.Base(name) {
		case "empty.txt":
			size = 0
		case "große Datei.bin":
			size = 3 << 20
		}
		_, contents[name] = alice.write(t, name, size)
	}
	contents["src/copy of a.go"] = contents["src/a.go"]
	check(t, os.WriteFile(filepath.Join(alice.files, "src/copy of a.go"), contents["src/a.go"], 0o644))
	check(t, os.MkdirAll(filepath.Join(alice.files, "src/nothing/in/here"), 0o755))
	d := bob.get(t, alice.share(t, filepath.Join(alice.files, "src")))
	for name, content := range contents {
		same(t, filepath.Join(bob.files, name), content)
	}
	if info, err := os.Stat(filepath.Join(d.Path, "nothing/in/here")); err != nil || !info.IsDir() {
		t.Errorf("the empty folder is not there: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(bob.files, ".cp2p-*"))
	if check(t, err); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAPortInUseIsSaid(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	_, err := peer.Listen(t.Context(), p.source().Addresses[0])
	if netproto.CodeOf(err) != netproto.CodePortInUse {
		t.Errorf("it says %v", err)
	}
	old := p.source().Addresses[0]
	if err := p.Move(old); netproto.CodeOf(err) != netproto.CodePortInUse || p.source().Addresses[0] != old {
		t.Errorf("it says %v", err)
	}
	check(t, p.Move("127.0.0.1:0"))
	path, content := p.write(t, "song.flac", 1000)
	s := p.share(t, path)
	same(t, startPeerAt(t, fakeWith(p.source())).get(t, s).Path, content)
	if _, err := net.DialTimeout("tcp", old, patience); err == nil {
		t.Error("the old port is still open")
	}
}

func TestWatchersHearOfChangesAtMostFourTimesASecond(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	ctx, cancel := context.WithCancel(deadline(t))
	changed := p.Watch(ctx)
	heard := make(chan int)
	go func() {
		n := 0
		for range changed {
			n++
		}
		heard <- n
	}()
	began := time.Now()
	for i := range 6 {
		path, _ := p.write(t, fmt.Sprint(i), 1000)
		p.share(t, path)
	}
	took := time.Since(began)
	cancel()
	if n := <-heard; n == 0 || n > int(took/(250*time.Millisecond))+2 {
		t.Errorf("they heard of it %d times in %s", n, took)
	}
}
