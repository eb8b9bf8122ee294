package localengine

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

// notForPeople are words of Go, of the system and of our packages, and names of files that
// are there for a moment.
var notForPeople = regexp.MustCompile(`\bdial\b|\btcp\b|\budp\b|lookup |:53\b|connect:|bind:|syscall|openat|unlinkat|\.cp2p-|EOF|errno|i/o timeout|context |x509|tls:` +
	`|0x[0-9a-f]|json:|invalid character|permission denied|no such file|refused|\bGet "|goroutine|runtime|%!|HOST|PublicKey|read-only file system|no space left|not a directory` +
	`|\b(trackerclient|localengine|library|netproto|queue|sharing|membership|node|piece|people|remote|http|httptest|web|preview|wishing): `)

// said is all that a person may read about an error.
func said(err error) []string {
	var invalid face.InvalidSettings
	if !errors.As(err, &invalid) {
		return []string{words.Explain(face.FailureOf(err)).String()}
	}
	var all []string
	for _, failure := range invalid {
		all = append(all, words.Explain(failure).String())
	}
	return all
}

// answering listens, and does that with each connection.
func answering(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			do(conn)
		}
	}()
	return l.Addr().String()
}

// The real failures of the engine, as a person reads them: what Go and the system say
// about them is for the log.
func TestNoErrorThatAPersonReadsIsInTheWordsOfThePrograms(t *testing.T) {
	h := newHouse(t)
	hash := netproto.ContentHash{1, 2, 3}
	tried := 0
	fails := func(what string, err error, want ...string) {
		t.Helper()
		tried++
		if err == nil {
			t.Errorf("%s: there is no error", what)
			return
		}
		for _, text := range said(err) {
			t.Logf("%s: %s", what, text)
			if found := notForPeople.FindString(text); found != "" {
				t.Errorf("%s: a person reads %q, with %q", what, text, found)
			}
			for _, part := range want {
				if !strings.Contains(text, part) {
					t.Errorf("%s: a person reads %q, without %q", what, text, part)
				}
			}
		}
	}
	for what, address := range trackersThatFail(t) {
		fails(what, h.UseTracker(deadline(t), address))
		fails(what+", beside", h.AlsoUseTracker(deadline(t), address, true))
		fails(what+", of a link", h.Download(deadline(t), face.DownloadRequest{Link: "cp2p://" + address + "/" + hash.String()}))
	}
	fails("a silent tracker", h.UseTracker(short(t), answering(t, func(net.Conn) {})))
	for _, address := range []string{"", "two words", "http://attic", "attic:99999", "cp2p://", "attic:x"} {
		fails("the address "+strconv.Quote(address), h.UseTracker(deadline(t), address))
	}
	for what, folder := range foldersThatFail(t) {
		settings := h.chosen()
		settings.DownloadFolder = folder
		fails(what, h.ApplySettings(deadline(t), settings))
		_, err := h.ReceiveWeb(deadline(t), folder)
		fails(what+", for phones", err)
		_, err = h.AddWish(deadline(t), face.WishRequest{Words: "lecture", Folder: folder})
		fails(what+", of a wish", err)
		fails(what+", of a download", h.Download(deadline(t), face.DownloadRequest{Hash: hash, Name: "a", Size: 1, To: folder}))
	}
	fails("a port in use", h.ApplySettings(deadline(t), portInUse(t, h)), "another program")
	missing := filepath.Join(t.TempDir(), "missing.txt")
	_, err := h.OfferWeb(deadline(t), face.WebOffer{Items: []face.ShareItem{{Path: missing}}})
	fails("a file that is not there", err, "missing.txt")
	_, err = h.LinkOf(deadline(t), "77")
	fails("a share that is gone", err)
	_, err = h.FolderContents(short(t), hash)
	fails("a folder that nobody has", err)
	_, err = h.Search(deadline(t), face.SearchRequest{Words: "a"})
	fails("a search without a tracker", err)
	_, err = h.Preview(deadline(t), "77", "")
	fails("a preview of nothing", err)
	_, err = h.AddWish(deadline(t), face.WishRequest{Words: "a"})
	fails("a wish for a letter", err)
	_, err = h.Person(deadline(t), netproto.PeerID{1})
	fails("somebody who is not there", err)
	fails("a request that is gone", h.Accept(deadline(t), "77", ""))
	_, err = h.TestPort(deadline(t))
	fails("a test of the port without a tracker", err)
	if tried < 45 {
		t.Errorf("only %d failures were tried", tried)
	}
}

// short is a deadline that passes.
func short(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// trackersThatFail are addresses where no tracker answers, each for another reason.
func trackersThatFail(t *testing.T) map[string]string {
	t.Helper()
	other := httptest.NewTLSServer(http.NotFoundHandler())
	other.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(other.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	return map[string]string{
		"nothing listens":            porttest.Address(t),
		"a name that does not exist": "no-such-tracker.invalid:5000",
		"a line that is cut":         answering(t, func(c net.Conn) { c.Close() }),
		"an answer without sense":    answering(t, func(c net.Conn) { _, _ = c.Write([]byte("220 mail.example\r\n")); c.Close() }),
		"a web site over TLS":        strings.TrimPrefix(other.URL, "https://"),
		"a web site":                 strings.TrimPrefix(plain.URL, "http://"),
	}
}

// foldersThatFail are folders that nothing can be saved in.
func foldersThatFail(t *testing.T) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "file.txt")
	check(t, os.WriteFile(file, []byte("a"), 0o600))
	all := map[string]string{"a file": file, "below a file": filepath.Join(file, "in it"), "no full path": "downloads"}
	if _, err := os.Stat("/proc/self"); err == nil {
		all["a folder of the kernel"] = "/proc/nowhere"
	}
	full := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", full).CombinedOutput(); err != nil {
		t.Logf("no full disk can be made here: %v: %s", err, out)
		return all
	}
	t.Cleanup(func() { check(t, exec.Command("umount", full).Run()) })
	all["a full disk"] = full
	locked := t.TempDir()
	check(t, exec.Command("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", locked).Run())
	t.Cleanup(func() { check(t, exec.Command("umount", locked).Run()) })
	all["a disk that is read-only"] = locked
	return all
}

// portInUse are settings with a port that another program has.
func portInUse(t *testing.T, h *house) face.Settings {
	t.Helper()
	l, err := net.Listen("tcp", ":0")
	check(t, err)
	t.Cleanup(func() { l.Close() })
	settings := h.chosen()
	settings.Port = l.Addr().(*net.TCPAddr).Port
	return settings
}
