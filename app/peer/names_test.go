package peer_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

// shareWhole shares a folder with everything in it.
func (p *testPeer) shareWhole(t *testing.T, path string) sharing.Share {
	t.Helper()
	id, err := p.Shares.Add(path, sharing.Options{AllowAll: true})
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := p.Shares.Wait(ctx, id)
	check(t, err)
	return s
}

func TestAFolderWithHostileNamesArrives(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has files with all of these names")
	}
	t.Parallel()
	tr := startTracker(t)
	all := func(s *library.Settings) { s.Ignore = nil }
	alice, bob := startPeerWith(t, tr, all), startPeerWith(t, tr, all)
	// With a key in it, the folder would be the profile of a peer, which is never shared.
	names := slices.DeleteFunc(nametest.OnDisk(), func(name string) bool { return name == "peer.key" })
	for i, name := range names {
		path := filepath.Join(alice.files, "src", name)
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		check(t, os.WriteFile(path, []byte(strconv.Itoa(i)), 0o644))
	}
	d := bob.get(t, alice.shareWhole(t, filepath.Join(alice.files, "src")))
	onlyFiles(t, bob.files, "src")
	arrived := map[string]string{}
	entries, err := os.ReadDir(d.Path)
	check(t, err)
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(d.Path, e.Name()))
		check(t, err)
		i, err := strconv.Atoi(string(raw))
		check(t, err)
		arrived[names[i]] = e.Name()
		if err := netproto.CheckName(e.Name()); err != nil {
			t.Errorf("%q arrived as %q: %v", names[i], e.Name(), err)
		}
	}
	for _, name := range names {
		switch as, ok := arrived[name]; {
		case !ok && !strings.HasPrefix(strings.ToLower(name), netproto.PartPrefix): // unfinished files are never offered
			t.Errorf("%q did not arrive", name)
		case netproto.CheckName(name) == nil && as != name:
			t.Errorf("%q arrived as %q", name, as)
		}
	}
	nametest.Tried(t, len(names), "a shared folder on the disk")
}

func TestDownloadsWithHostileNamesStayInTheFolder(t *testing.T) {
	t.Parallel()
	tr := startTracker(t)
	alice, bob := startPeer(t, tr), startPeer(t, tr)
	table := nametest.Some()
	for i := range table {
		alice.write(t, "src/"+strconv.Itoa(i), 100+i)
	}
	s := alice.share(t, filepath.Join(alice.files, "src"))
	entries, err := bob.Folder(deadline(t), s.Hash)
	check(t, err)
	if len(entries) != len(table) {
		t.Fatalf("%d files are listed", len(entries))
	}
	dir := filepath.Join(bob.files, "a", "b")
	var ids []string
	for i, n := range table {
		// Half of them come as the link of a tracker would name them.
		request := queue.Request{Hash: entries[i].Hash, Name: n.Text, Size: -1, Dir: dir}
		if link, err := netproto.ParseLink(netproto.Link{Tracker: "h:1", Hash: request.Hash, Name: n.Text, Size: -1}.String()); err == nil && i%2 == 0 {
			request.Name = link.Name
		}
		id, err := bob.Downloads.Add(request)
		check(t, err)
		ids = append(ids, id)
	}
	finished := map[string]bool{}
	for i, id := range ids {
		d := bob.wait(t, id, queue.StateFinished)
		name := filepath.Base(d.Path)
		if filepath.Dir(d.Path) != dir || netproto.CheckName(name) != nil || finished[d.Path] {
			t.Errorf("%q was published as %q", table[i].Text, d.Path)
		}
		if table[i].Accept && name != table[i].Text && !strings.Contains(name, " (") {
			t.Errorf("%q was published as %q", table[i].Text, name)
		}
		finished[d.Path] = true
	}
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != len(table) {
		t.Errorf("%d files are in the folder, %d were fetched, %v", len(found), len(table), err)
	}
	onlyFiles(t, bob.files, "a")
	onlyFiles(t, filepath.Join(bob.files, "a"), "b")
	nametest.Tried(t, len(table), "links and hits, fetched")
}

func TestAListWithAHostileNameIsNoFolder(t *testing.T) {
	t.Parallel()
	tracker := newFakeTracker()
	getter := startPeerAt(t, tracker)
	tried := 0
	for i, n := range nametest.Some() {
		if n.Accept || strings.Contains(n.Text, "/") && netproto.CheckPath(n.Text) == nil || len(n.Text) > 10<<10 {
			continue
		}
		text := netproto.FolderMagic + netproto.ContentHash{1}.String() + " " + strconv.Itoa(i) + " " + n.Text + "\n"
		lister := startStranger(t, []byte(text), nil)
		tracker.with(func() { tracker.sources = []netproto.Source{lister.source()} })
		dir := filepath.Join(getter.files, strconv.Itoa(i))
		id, err := getter.Downloads.Add(queue.Request{Hash: lister.m.Hash, Name: "folder", Size: -1, Folder: true, Dir: dir})
		check(t, err)
		if d := getter.wait(t, id, queue.StateFinished); d.Folder {
			t.Errorf("a list with %q is shown as a folder", n.Text)
		}
		onlyFiles(t, dir, "folder")
		lister.stop()
		tried++
	}
	nametest.Tried(t, tried, "lists of folders, fetched")
}

func TestAPeerMayCallItselfAnything(t *testing.T) {
	t.Parallel()
	p := startPeer(t, startTracker(t))
	path, content := p.write(t, "song.flac", 100)
	s := p.share(t, path)
	tried := 0
	for _, n := range nametest.Some() {
		if len(n.Text) > netproto.MaxPeerName {
			continue
		}
		id := newIdentity(t)
		raw, err := net.DialTimeout("tcp", p.source().Addresses[0], patience)
		check(t, err)
		check(t, raw.SetDeadline(time.Now().Add(patience)))
		c := &strangerConn{Conn: tls.Client(raw, id.ClientTLS(netproto.ALPN, anyKey))}
		c.r = bufio.NewReader(c.Conn)
		check(t, c.send(netproto.Hello{Version: netproto.FrameVersion, Name: n.Text}, netproto.Open{Stream: 1, Hash: s.Hash, Size: int64(len(content))},
			netproto.Get{Stream: 1, Request: 1, Length: uint32(len(content))}))
		for {
			f, err := c.read()
			if _, data := f.(netproto.Data); data || err != nil {
				break
			}
		}
		c.Close()
		tried++
	}
	uploads := p.Uploads.List()
	if len(uploads) < min(tried, 100)/2 {
		t.Errorf("%d uploads to %d peers", len(uploads), tried)
	}
	for _, u := range uploads {
		nametest.Shown(t, "the name of a peer", u.Peer)
	}
	nametest.Tried(t, tried, "names of peers in their hello")
}
