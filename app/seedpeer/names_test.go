package seedpeer

import (
	"crypto/md5"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

// answering is a seed peer that answers every datagram with the same bytes.
func answering(t *testing.T, content []byte) *net.UDPConn {
	t.Helper()
	conn := listenUDP(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 64<<10)
		for {
			_, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			conn.WriteToUDPAddrPort(content, from)
		}
	}()
	t.Cleanup(func() { conn.Close(); <-done })
	return conn
}

// onlySafeNames checks what fetching has left in a folder: files of n fetches, each
// under a name of its own that is safe.
func onlySafeNames(t *testing.T, dir string, n int) {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != n {
		t.Errorf("%d files were saved, and %d are in the folder: %v", n, len(found), err)
	}
	for _, f := range found {
		if err := netproto.CheckName(f.Name()); err != nil || !f.Type().IsRegular() {
			t.Errorf("%q is in the folder: %v", f.Name(), err)
		}
	}
}

func TestHostileNamesFromASeedTrackerStayInTheFolder(t *testing.T) {
	content := []byte("x")
	peer := answering(t, content)
	parent := t.TempDir()
	dir := filepath.Join(parent, "a", "downloads")
	saved := 0
	table := nametest.Some() // each is written to the disk
	for _, n := range table {
		r := netproto.SeedResource{PeerIP: "127.0.0.1", PeerPort: peer.LocalAddr().(*net.UDPAddr).Port, ResourcePath: "./tests", ResourceName: n.Text, ResourceHash: md5Hex(content)}
		path, err := Fetch(t.Context(), nil, r, dir)
		if err == nil {
			saved++
			// A name that is taken gets a number, and nothing is replaced.
			if filepath.Dir(path) != dir || n.Accept && filepath.Base(path) != n.Text && !strings.Contains(path, " (") {
				t.Errorf("%q was saved as %q", n.Text, path)
			}
		} else {
			nametest.Shown(t, "an error", err.Error())
			if n.Accept {
				t.Errorf("%q: %v", n.Text, err)
			}
		}
		r.ResourcePath, r.ResourceName = n.Text, "plain"
		if _, err := Fetch(t.Context(), nil, r, dir, ReplacingAt("from a path")); err != nil {
			nametest.Shown(t, "an error", err.Error())
		}
	}
	onlySafeNames(t, dir, saved+1)
	if found, err := os.ReadDir(parent); err != nil || len(found) != 1 {
		t.Errorf("beside the folder are %v, %v", found, err)
	}
	nametest.Tried(t, 2*len(table), "the rows of a seed tracker, as name and path")
}

func TestHostileNamesAskForNothingThatIsNotShared(t *testing.T) {
	dir := t.TempDir()
	shared := filepath.Join(dir, "shared.txt")
	file(t, shared, 100)
	s := newShelf()
	offer(t, s, "docs", "shared.txt", shared)
	table := nametest.Names()
	for _, n := range table {
		for _, datagram := range []string{n.Text, "docs/" + n.Text, n.Text + "/shared.txt", "/" + n.Text, "docs/shared.txt" + n.Text, "docs" + n.Text + "/shared.txt"} {
			path, name, ok := parseRequest([]byte(datagram))
			if !ok || datagram == "docs/shared.txt" {
				continue
			}
			if _, found := s.Lookup(path, name); found {
				t.Errorf("%.200q is answered with a file", datagram)
			}
		}
	}
	nametest.Tried(t, len(table), "UDP datagrams")
}

func TestTheConsoleShowsHostileNames(t *testing.T) {
	t.Chdir(t.TempDir())
	tracker := newSeedTracker(t)
	peer := answering(t, []byte("x"))
	var script strings.Builder
	table := nametest.Names()
	for i, n := range table {
		tracker.add(netproto.SeedResource{PeerIP: "127.0.0.1", PeerPort: peer.LocalAddr().(*net.UDPAddr).Port,
			ResourcePath: n.Text, ResourceName: n.Text, ResourceHash: fmt.Sprintf("%x", md5.Sum([]byte("x")))})
		if i%5 == 0 && len(n.Text) < 1000 { // each fetch is one exchange more
			fmt.Fprintf(&script, "-d %s\n-u %s\n%s\n", n.Text, n.Text, n.Text)
		}
	}
	script.WriteString("-l\n-q\n")
	output := play(t, tracker.URL, script.String())
	nametest.Lines(t, "the console", output)
	if lines := strings.Count(output, "\n"); lines < len(table) {
		t.Errorf("%d lines were shown", lines)
	}
	found, err := os.ReadDir(".")
	if err != nil || len(found) != 1 || found[0].Name() != downloads {
		t.Errorf("in the folder are %v, %v", found, err)
	}
	left, err := os.ReadDir(downloads)
	if err != nil {
		t.Fatal(err)
	}
	onlySafeNames(t, downloads, len(left))
	nametest.Tried(t, len(table), "the console")
}
