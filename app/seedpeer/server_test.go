package seedpeer

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

func TestARegisteredFileIsServedUnderItsPathAndName(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, path, file string
		size             int
	}{
		{"a path", "./tests", "test.csv", 5000},
		{"no path", "", "test.csv", 10},
		{"a content hash as path", strings.Repeat("ab", 32), "name", 1},
		{"an empty file", "p", "empty", 0},
		{"exactly one datagram", "p", "full", netproto.SeedMaxBytes},
		{"other scripts and spaces", "données/写真", "summer – été.txt", 77},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newShelf()
			location := filepath.Join(dir, t.Name())
			content := file(t, location, c.size)
			offer(t, s, c.path, c.file, location)
			got := ask(t, serve(t, s), deadline, c.path+"/"+c.file)
			if got == nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes came back, want %d", len(got), len(content))
			}
		})
	}
}

func TestALargerFileIsServedCutAsTheSeedDoes(t *testing.T) {
	s := newShelf()
	location := filepath.Join(t.TempDir(), "large")
	content := file(t, location, 3*netproto.SeedMaxBytes)
	offer(t, s, "p", "large", location)
	if got := ask(t, serve(t, s), deadline, "p/large"); !bytes.Equal(got, content[:netproto.SeedMaxBytes]) {
		t.Errorf("%d bytes came back", len(got))
	}
}

func TestWhatIsNotRegisteredIsNeverServed(t *testing.T) {
	dir := t.TempDir()
	s := newShelf()
	shared := filepath.Join(dir, "shared.txt")
	content := file(t, shared, 100)
	secret := filepath.Join(dir, "secret.txt")
	file(t, secret, 200)
	offer(t, s, "docs", "shared.txt", shared)
	files := &told{Files: s}
	server := serve(t, files)
	got := ask(t, server, deadline,
		secret, shared, "/etc/passwd", "docs/../secret.txt", "docs/../docs/shared.txt", "./docs/shared.txt",
		"docs//shared.txt", "docs/shared.txt/", "docs/shared.txt\n", "docs/shared.txt\x00", "docs/./shared.txt",
		"DOCS/shared.txt", `docs\shared.txt`, "shared.txt", "/shared.txt", "", "/", "docs/", "//", "docs",
		"docs/\xffshared.txt", strings.Repeat("x", 60_000), strings.Repeat("d/", 5000),
		"docs/shared.txt")
	if !bytes.Equal(got, content) {
		t.Errorf("%d bytes came first, want the registered file", len(got))
	}
	if answers := files.answers.Load(); answers > 1 {
		t.Errorf("%d answers were sent, want 1", answers)
	}
}

func TestAFileThatChangedIsNotServed(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"other time":  func(p string) error { return os.Chtimes(p, time.Time{}, time.Unix(1, 0)) },
		"other size":  func(p string) error { return os.Truncate(p, 10) },
		"gone":        os.Remove,
		"a folder":    func(p string) error { os.Remove(p); return os.Mkdir(p, 0o777) },
		"unreachable": func(p string) error { return os.Rename(filepath.Dir(p), filepath.Dir(p)+"2") },
	} {
		t.Run(name, func(t *testing.T) {
			location := filepath.Join(t.TempDir(), "folder", "file")
			file(t, location, 500)
			rest := filepath.Join(t.TempDir(), "rest")
			content := file(t, rest, 50)
			s := newShelf()
			offer(t, s, "p", "n", location)
			offer(t, s, "p", "rest", rest)
			server := serve(t, s)
			if err := change(location); err != nil {
				t.Fatal(err)
			}
			if got := ask(t, server, deadline, "p/n", "p/rest"); !bytes.Equal(got, content) {
				t.Errorf("%d bytes came first, want the file that did not change", len(got))
			}
		})
	}
}

func TestALinkThatWasSharedServesItsFile(t *testing.T) {
	dir := t.TempDir()
	content := file(t, filepath.Join(dir, "file"), 100)
	link := filepath.Join(dir, "link")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	s := newShelf()
	offer(t, s, "", "link", link)
	if got := ask(t, serve(t, s), deadline, "/link"); !bytes.Equal(got, content) {
		t.Errorf("%d bytes came back, want %d", len(got), len(content))
	}
}

func TestForASourceThatThePolicyLeavesOutNothingIsEvenLookedUp(t *testing.T) {
	server, err := Listen("127.0.0.1:0", netproto.SeedLAN, noLookup{t}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	server.answer([]byte("known/file"), netip.MustParseAddrPort("192.0.2.1:4000"), make([]byte, netproto.SeedMaxBytes))
}

func TestWhoeverOffersAFileIsToldWhoGotIt(t *testing.T) {
	location := filepath.Join(t.TempDir(), "file")
	content := file(t, location, 3000)
	s := newShelf()
	offer(t, s, "p", "file", location)
	files := &told{Files: s}
	server := serve(t, files)
	if got := ask(t, server, deadline, "p/none", "p/file"); !bytes.Equal(got, content) {
		t.Fatalf("%d bytes came back", len(got))
	}
	for limit := time.Now().Add(deadline); files.answers.Load() == 0 && time.Now().Before(limit); {
		runtime.Gosched() // it is told after the answer is on its way
	}
	to, _ := files.last.Load().(netip.AddrPort)
	if files.answers.Load() != 1 || files.bytes.Load() != 3000 || !to.Addr().IsLoopback() {
		t.Errorf("told of %d answers with %d bytes, the last to %s", files.answers.Load(), files.bytes.Load(), to)
	}
}

// told counts what the server says that it sent.
type told struct {
	Files
	answers, bytes atomic.Int64
	last           atomic.Value // netip.AddrPort
}

func (c *told) Lookup(path, name string) (File, bool) {
	f, ok := c.Files.Lookup(path, name)
	f.Sent = func(to netip.AddrPort, bytes int) {
		c.last.Store(to)
		c.bytes.Add(int64(bytes))
		c.answers.Add(1)
	}
	return f, ok
}

// noLookup fails the test when it is asked.
type noLookup struct{ t *testing.T }

func (n noLookup) Lookup(path, name string) (File, bool) {
	n.t.Errorf("looked up %q, %q", path, name)
	return File{}, false
}

// only knows one file and fails the test when it is asked for anything that no
// datagram could have said.
type only struct {
	t *testing.T
	File
}

func (o only) Lookup(path, name string) (File, bool) {
	if strings.Contains(name, "/") || name == "" || !utf8.ValidString(path+name) {
		o.t.Errorf("looked up %q, %q", path, name)
	}
	return o.File, path == "known" && name == "file"
}

func TestTenThousandRandomDatagramsDoNotEndTheListener(t *testing.T) {
	dir := t.TempDir()
	location := filepath.Join(dir, "file")
	content := file(t, location, 9000)
	secret := filepath.Join(dir, "secret")
	file(t, secret, 9001)
	it, err := hashFile(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, only{t, it.File})
	conn := dial(t, server)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 10_000 {
		datagram := make([]byte, random.IntN(200))
		switch i % 4 {
		case 0:
			for j := range datagram {
				datagram[j] = byte(random.Uint32())
			}
		case 1:
			datagram = []byte(secret)
		case 2:
			datagram = []byte("known/file")
			datagram[random.IntN(len(datagram))] ^= 1 << random.IntN(8)
		case 3:
			datagram = bytes.Repeat([]byte("../"), random.IntN(2000))
		}
		if _, err := conn.Write(datagram); err != nil {
			t.Fatal(err)
		}
	}
	// The datagrams before it may have filled the socket, so it may take more
	// than one try.
	until := time.Now().Add(deadline)
	var got []byte
	for got == nil && time.Now().Before(until) {
		got = ask(t, server, time.Second, "known/file")
	}
	if !bytes.Equal(got, content) {
		t.Error("the listener does not answer any more")
	}
	conn.SetReadDeadline(time.Now()) // an answer would be there: all was read in order
	if n, err := conn.Read(make([]byte, maxDatagram)); err == nil {
		t.Errorf("a random datagram was answered with %d bytes", n)
	}
}

func TestOneSourceIsAnsweredFiftyTimesASecond(t *testing.T) {
	location := filepath.Join(t.TempDir(), "file")
	file(t, location, 1)
	s := newShelf()
	offer(t, s, "", "file", location)
	files := &told{Files: s}
	server := serve(t, files)
	start := time.Now()
	answers := 0
	if ask(t, server, deadline, "/file") != nil {
		answers++
	}
	for range 119 { // of which a busy computer may give no answer in time
		if ask(t, server, 5*time.Millisecond, "/file") != nil {
			answers++
		}
	}
	allowed := answersPerSource + 1 + int(time.Since(start).Seconds()*answersPerSource)
	if got := files.answers.Load(); got > int64(allowed) || answers == 0 {
		t.Errorf("%d answers (%d came) in %v, want 1 to %d", got, answers, time.Since(start), allowed)
	}
}

func TestWithThePolicyOffNoPortIsTaken(t *testing.T) {
	server, err := Listen("this is no address", netproto.SeedOff, newShelf(), nil)
	if err != nil || server.Port() != 0 {
		t.Errorf("port %d, %v", server.Port(), err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

func TestAPortInUseIsSaidSo(t *testing.T) {
	address := listenUDP(t).LocalAddr().String()
	_, err := Listen(address, netproto.SeedLAN, newShelf(), nil)
	if netproto.CodeOf(err) != netproto.CodePortInUse || !strings.Contains(err.Error(), address) {
		t.Errorf("code %s: %v", netproto.CodeOf(err), err)
	}
}

func TestAnAddressOfAnotherComputerIsSaidSo(t *testing.T) {
	for _, address := range []string{"192.0.2.1:0", "127.0.0.1:99999", "127.0.0.1"} {
		if _, err := Listen(address, netproto.SeedLAN, newShelf(), nil); netproto.CodeOf(err) != netproto.CodeInvalid {
			t.Errorf("%s: code %s: %v", address, netproto.CodeOf(err), err)
		}
	}
}

func TestAServerThatIsClosedFreesItsPort(t *testing.T) {
	server, err := Listen("127.0.0.1:0", netproto.SeedLAN, newShelf(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context()); err == nil {
		t.Error("a closed server serves")
	}
	again, err := Listen(fmt.Sprintf("127.0.0.1:%d", server.Port()), netproto.SeedLAN, newShelf(), nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{"./tests/test.csv", "/name", "name", "a//b", "/", "", "a/\xff", "../../etc/passwd", "a\x00/b\x00", strings.Repeat("a/", 3000)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		path, name, ok := parseRequest(datagram)
		if !ok {
			return
		}
		if path+"/"+name != string(datagram) || strings.Contains(name, "/") || name == "" || !utf8.Valid(datagram) || len(datagram) > netproto.SeedMaxRequest {
			t.Errorf("%q was split into %q and %q", datagram, path, name)
		}
		again, err := request(path, name)
		if err != nil || !bytes.Equal(again, datagram) {
			t.Errorf("%q is asked for with %q, %v", datagram, again, err)
		}
	})
}
