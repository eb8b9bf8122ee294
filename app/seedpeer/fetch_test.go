package seedpeer

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
)

func TestAFileOfASeedPeerIsFetched(t *testing.T) {
	for _, size := range []int{0, 1, 5000, netproto.SeedMaxBytes} {
		root, dir := t.TempDir(), filepath.Join(t.TempDir(), "made", "if need be")
		content := file(t, filepath.Join(root, "tests", "test.csv"), size)
		peer := newSeedPeer(t, root, nil)
		path, err := Fetch(t.Context(), nil, peer.resource("./tests", "test.csv", content), dir)
		if err != nil || path != filepath.Join(dir, "test.csv") {
			t.Errorf("%d bytes: %q, %v", size, path, err)
		}
		wantTree(t, dir, map[string]string{"test.csv": string(content)})
		if got := (<-peer.asked).Path; got != "./tests/test.csv" {
			t.Errorf("asked for %q", got)
		}
	}
}

func TestARequestComesFromTheActionPort(t *testing.T) {
	root := t.TempDir()
	content := file(t, filepath.Join(root, "f"), 10)
	peer := newSeedPeer(t, root, nil)
	port := listenUDP(t)
	local := port.LocalAddr().(*net.UDPAddr)
	_, err := Fetch(t.Context(), local, peer.resource("", "f", content), t.TempDir())
	if netproto.CodeOf(err) != netproto.CodePortInUse {
		t.Errorf("a port in use: code %s: %v", netproto.CodeOf(err), err)
	}
	port.Close()
	if _, err := Fetch(t.Context(), local, peer.resource("", "f", content), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	if got := <-peer.asked; got.From != local.AddrPort() || got.Path != "/f" {
		t.Errorf("asked %+v, want from %v", got, local)
	}
}

func TestOurPeersFetchFromOurServers(t *testing.T) {
	location := filepath.Join(t.TempDir(), "f")
	content := file(t, location, 4321)
	s := newShelf()
	offer(t, s, "any path", "any name", location)
	server := serve(t, s)
	dir := t.TempDir()
	resource := netproto.SeedResource{PeerIP: "127.0.0.1", PeerPort: server.Port(), ResourcePath: "any path", ResourceName: "any name", ResourceHash: strings.ToUpper(md5Hex(content))}
	if _, err := Fetch(t.Context(), nil, resource, dir); err != nil {
		t.Error(err)
	}
	wantTree(t, dir, map[string]string{"any name": string(content)})
}

func TestBytesThatDoNotMatchNeverGetAName(t *testing.T) {
	for name, c := range map[string]struct {
		size   int
		change func([]byte) []byte
		code   netproto.Code
	}{
		"cut by the seed":        {netproto.SeedMaxBytes + 1, nil, netproto.CodeSeedTooLarge},
		"changed":                {100, func(b []byte) []byte { b[50] ^= 1; return b }, netproto.CodeSeedChecksum},
		"shorter":                {100, func(b []byte) []byte { return b[:99] }, netproto.CodeSeedChecksum},
		"nothing":                {100, func(b []byte) []byte { return b[:0] }, netproto.CodeSeedChecksum},
		"more than a seed sends": {100, func([]byte) []byte { return make([]byte, 30_000) }, netproto.CodeSeedChecksum},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each waits for a better answer
			root, dir := t.TempDir(), t.TempDir()
			content := file(t, filepath.Join(root, "f"), c.size)
			peer := newSeedPeer(t, root, c.change)
			start := time.Now()
			for _, options := range [][]Option{nil, {ReplacingAt("f")}} {
				path, err := Fetch(t.Context(), nil, peer.resource("", "f", content), dir, options...)
				if path != "" || netproto.CodeOf(err) != c.code {
					t.Errorf("path %q, code %s: %v", path, netproto.CodeOf(err), err)
				}
			}
			if took := time.Since(start); took > answerWait {
				t.Errorf("it took %v to tell", took)
			}
			wantTree(t, dir, nil)
		})
	}
}

func TestALateAnswerToAnEarlierRequestDoesNotSpoilThisOne(t *testing.T) {
	content := []byte("the right one")
	peer := listenUDP(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, from, err := peer.ReadFromUDPAddrPort(make([]byte, 100))
		if err != nil {
			return
		}
		for _, answer := range []string{"one for before", "and another", string(content)} {
			peer.WriteToUDPAddrPort([]byte(answer), from)
		}
	}()
	resource := (&seedPeer{conn: peer}).resource("", "f", content)
	if _, err := Fetch(t.Context(), nil, resource, t.TempDir()); err != nil {
		t.Error(err)
	}
	<-done
}

func TestAPeerThatIsSilentIsGivenUp(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	content := file(t, filepath.Join(root, "f"), 10)
	silent := newSeedPeer(t, root, func([]byte) []byte { return nil })
	start := time.Now()
	_, err := Fetch(t.Context(), nil, silent.resource("", "f", content), dir, waiting(200*time.Millisecond))
	if netproto.CodeOf(err) != netproto.CodeSeedSilent || time.Since(start) < 200*time.Millisecond {
		t.Errorf("code %s after %v: %v", netproto.CodeOf(err), time.Since(start), err)
	}
	gone := silent.resource("", "f", content)
	silent.conn.Close()
	if _, err = Fetch(t.Context(), nil, gone, dir, waiting(time.Second)); netproto.CodeOf(err) != netproto.CodeSeedSilent {
		t.Errorf("a peer that is gone: code %s: %v", netproto.CodeOf(err), err)
	}
	wantTree(t, dir, nil)
}

func TestAnAnswerFromAnotherAddressIsIgnored(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	content := file(t, filepath.Join(root, "f"), 10)
	stranger := listenUDP(t)
	peer := newSeedPeer(t, root, func([]byte) []byte { return nil })
	done := make(chan struct{})
	go func() {
		defer close(done)
		stranger.WriteToUDPAddrPort(content, (<-peer.asked).From)
	}()
	_, err := Fetch(t.Context(), nil, peer.resource("", "f", content), dir, waiting(300*time.Millisecond))
	<-done
	if netproto.CodeOf(err) != netproto.CodeSeedSilent {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
	wantTree(t, dir, nil)
}

func TestAFetchEndsWithItsContext(t *testing.T) {
	root := t.TempDir()
	content := file(t, filepath.Join(root, "f"), 10)
	ctx, cancel := context.WithCancel(t.Context())
	peer := newSeedPeer(t, root, func([]byte) []byte { cancel(); return nil })
	_, err := Fetch(ctx, nil, peer.resource("", "f", content), t.TempDir())
	if netproto.CodeOf(err) != netproto.CodeCancelled || !errors.Is(err, context.Canceled) {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
}

func TestAResourceThatCannotBeAskedForSendsNothing(t *testing.T) {
	good := netproto.SeedResource{PeerIP: "127.0.0.1", PeerPort: 3000, ResourceName: "f", ResourceHash: md5Hex(nil)}
	content := strings.Repeat("ab", 32)
	for name, c := range map[string]struct {
		change func(*netproto.SeedResource)
		code   netproto.Code
		says   string
	}{
		"a content of our peers": {func(r *netproto.SeedResource) { r.ResourceHash = content }, netproto.CodeInvalid, "centralizedp2p get " + content},
		"no hash":                {func(r *netproto.SeedResource) { r.ResourceHash = "" }, netproto.CodeSeedChecksum, "without an MD5"},
		"half a hash":            {func(r *netproto.SeedResource) { r.ResourceHash = "abcd" }, netproto.CodeSeedChecksum, "without an MD5"},
		"no hexadecimal":         {func(r *netproto.SeedResource) { r.ResourceHash = strings.Repeat("x", 32) }, netproto.CodeSeedChecksum, "without an MD5"},
		"a host name":            {func(r *netproto.SeedResource) { r.PeerIP = "localhost" }, netproto.CodeInvalid, "IPv4"},
		"IPv6":                   {func(r *netproto.SeedResource) { r.PeerIP = "::1" }, netproto.CodeInvalid, "IPv4"},
		"everybody":              {func(r *netproto.SeedResource) { r.PeerIP = "255.255.255.255" }, netproto.CodeInvalid, "IPv4"},
		"a group":                {func(r *netproto.SeedResource) { r.PeerIP = "224.0.0.1" }, netproto.CodeInvalid, "IPv4"},
		"nobody":                 {func(r *netproto.SeedResource) { r.PeerIP = "0.0.0.0" }, netproto.CodeInvalid, "IPv4"},
		"port 0":                 {func(r *netproto.SeedResource) { r.PeerPort = 0 }, netproto.CodeInvalid, "port 0"},
		"port 65536":             {func(r *netproto.SeedResource) { r.PeerPort = 65536 }, netproto.CodeInvalid, "port 65536"},
		"no name":                {func(r *netproto.SeedResource) { r.ResourceName = "" }, netproto.CodeInvalid, "cannot be requested"},
		"a slash in the name":    {func(r *netproto.SeedResource) { r.ResourceName = "a/b" }, netproto.CodeInvalid, "cannot be requested"},
		"a path without end":     {func(r *netproto.SeedResource) { r.ResourcePath = strings.Repeat("x", 5000) }, netproto.CodeInvalid, "cannot be requested"},
	} {
		t.Run(name, func(t *testing.T) {
			resource := good
			c.change(&resource)
			dir := filepath.Join(t.TempDir(), "never made")
			_, err := Fetch(t.Context(), nil, resource, dir, waiting(time.Millisecond))
			if netproto.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) {
				t.Errorf("code %s: %v", netproto.CodeOf(err), err)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Error("the folder was made")
			}
		})
	}
}

func TestHostileNamesStayInTheFolder(t *testing.T) {
	for name, want := range map[string]string{
		`..\..\x`:                ".._.._x",
		"nul\x00.txt":            "nul_.txt",
		"CON":                    "_CON",
		"..":                     "_",
		"evil\u202etxt.exe":      "evil_txt.exe",
		".cp2p-part":             "_.cp2p-part",
		"C:x":                    "C_x",
		"trailing. ":             "trailing",
		"\x1b[31mred":            "_[31mred",
		strings.Repeat("é", 200): strings.Repeat("é", 127),
	} {
		parent := t.TempDir()
		dir := filepath.Join(parent, "in", "here")
		answer := []byte("content")
		peer := listenUDP(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, from, err := peer.ReadFromUDPAddrPort(make([]byte, 1000)); err == nil {
				peer.WriteToUDPAddrPort(answer, from)
			}
		}()
		path, err := Fetch(t.Context(), nil, (&seedPeer{conn: peer}).resource("", name, answer), dir)
		<-done
		if err != nil || path != filepath.Join(dir, want) {
			t.Errorf("%q: %q, %v", name, path, err)
		}
		wantTree(t, parent, map[string]string{"in/here/" + want: "content"})
	}
}

func TestAFetchedFileTakesAFreeName(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	mine := file(t, filepath.Join(dir, "test.csv"), 20)
	content := file(t, filepath.Join(root, "test.csv"), 10)
	peer := newSeedPeer(t, root, nil)
	for _, want := range []string{"test (2).csv", "test (3).csv"} {
		if path, err := Fetch(t.Context(), nil, peer.resource("", "test.csv", content), dir); err != nil || path != filepath.Join(dir, want) {
			t.Errorf("%q, %v", path, err)
		}
	}
	wantTree(t, dir, map[string]string{"test.csv": string(mine), "test (2).csv": string(content), "test (3).csv": string(content)})
}

func TestReplacingLeavesAnIdenticalFileAndReplacesAnother(t *testing.T) {
	root, dir := t.TempDir(), t.TempDir()
	content := file(t, filepath.Join(root, "test.csv"), 10)
	there := filepath.Join(dir, "127.0.0.1_test.csv")
	file(t, there, 10_000)
	peer := newSeedPeer(t, root, nil)
	fetch := func() {
		t.Helper()
		path, err := Fetch(t.Context(), nil, peer.resource("", "test.csv", content), dir, ReplacingAt("127.0.0.1_test.csv"))
		if err != nil || path != there {
			t.Errorf("%q, %v", path, err)
		}
		wantTree(t, dir, map[string]string{"127.0.0.1_test.csv": string(content)})
	}
	fetch()
	old := time.Unix(1_000_000_000, 0)
	if err := os.Chtimes(there, old, old); err != nil {
		t.Fatal(err)
	}
	fetch()
	if info, err := os.Stat(there); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("an identical file was written again: %v, %v", info.ModTime(), err)
	}
}

func TestReplacingALinkLeavesWhatItPointsTo(t *testing.T) {
	root, dir, elsewhere := t.TempDir(), t.TempDir(), t.TempDir()
	content := file(t, filepath.Join(root, "f"), 10)
	mine := file(t, filepath.Join(elsewhere, "mine"), 10) // the same bytes, and still not ours
	if err := os.Symlink(filepath.Join(elsewhere, "mine"), filepath.Join(dir, "f")); err != nil {
		t.Fatal(err)
	}
	peer := newSeedPeer(t, root, nil)
	if _, err := Fetch(t.Context(), nil, peer.resource("", "f", content), dir, ReplacingAt("f")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(filepath.Join(dir, "f")); err != nil || !info.Mode().IsRegular() {
		t.Errorf("the link is still there: %v, %v", info, err)
	}
	wantTree(t, elsewhere, map[string]string{"mine": string(mine)})
}

func TestAFolderThatCannotBeWrittenIsSaidSo(t *testing.T) {
	root := t.TempDir()
	content := file(t, filepath.Join(root, "f"), 10)
	peer := newSeedPeer(t, root, nil)
	dir := filepath.Join(root, "f", "below a file")
	if _, err := Fetch(t.Context(), nil, peer.resource("", "f", content), dir); netproto.CodeOf(err) != netproto.CodeFolderUnwritable || !strings.Contains(err.Error(), dir) {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
	busy := t.TempDir()
	file(t, filepath.Join(busy, "f", "in a folder of that name"), 1)
	if _, err := Fetch(t.Context(), nil, peer.resource("", "f", content), busy, ReplacingAt("f")); netproto.CodeOf(err) != netproto.CodeFolderUnwritable {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
	if got := slices.Collect(maps.Keys(tree(t, busy))); len(got) != 1 {
		t.Errorf("left behind: %q", got)
	}
}

func wantTree(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if got := tree(t, dir); !maps.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func TestATrackerFarAwayNamesNobodyInTheLocalNetwork(t *testing.T) {
	for _, c := range []struct {
		tracker, peer string
		port          int
		refused       bool
	}{
		{"203.0.113.5", "127.0.0.1", 4000, true},
		{"203.0.113.5", "192.168.1.1", 4000, true},
		{"203.0.113.5", "169.254.169.254", 8000, true},
		{"203.0.113.5", "198.51.100.7", 53, true},
		{"203.0.113.5", "198.51.100.7", 4000, false},
		{"192.168.1.2", "192.168.1.7", 4000, false},
		{"127.0.0.1", "127.0.0.1", 53, false},
		{"::1", "127.0.0.1", 4000, false},
		{"", "192.168.1.7", 4000, false},
	} {
		f, err := newFetch(netproto.SeedResource{PeerIP: c.peer, PeerPort: c.port, ResourceName: "f", ResourceHash: md5Hex(nil)})
		if err != nil {
			t.Fatal(err)
		}
		if tracker, err := netip.ParseAddr(c.tracker); err == nil {
			NamedBy(tracker)(f)
		}
		if err := f.allowed(); (err != nil) != c.refused || err != nil && netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestTheAddressOfEverybody(t *testing.T) {
	for network, want := range map[string]string{"192.168.1.7/24": "192.168.1.255", "10.1.2.3/8": "10.255.255.255", "172.16.5.9/30": "172.16.5.11", "10.0.0.1/31": "", "10.0.0.1/32": "", "2001:db8::1/64": ""} {
		got := broadcastOf(netip.MustParsePrefix(network))
		if want == "" && got.IsValid() || want != "" && got != netip.MustParseAddr(want) {
			t.Errorf("of %s it is %s, not %s", network, got, want)
		}
	}
}
