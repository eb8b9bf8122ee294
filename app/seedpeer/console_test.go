package seedpeer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
)

// play runs a console in a folder of its own until its input is over, and
// gives what it printed.
func play(t *testing.T, tracker string, script string) string {
	t.Helper()
	var out strings.Builder
	if err := RunConsole(t.Context(), config(tracker, strings.NewReader(script), &out)); err != nil {
		t.Errorf("RunConsole: %v", err)
	}
	return out.String()
}

func config(tracker string, in io.Reader, out io.Writer) ConsoleConfig {
	return ConsoleConfig{
		PeerIP: "127.0.0.1", Server: strings.TrimPrefix(tracker, "http://"),
		Registry: trackerclient.NewSeed(tracker), In: in, Out: out, Sentence: sentence,
		wait: 200 * time.Millisecond,
	}
}

// sentence stands in for that of the command line.
func sentence(err error) string {
	return strings.TrimRight(err.Error(), ".") + ". " + netproto.CodeOf(err).Hint()
}

func TestScriptsOfTheSeedPrintWhatTheSeedPrinted(t *testing.T) {
	const big = 2*netproto.SeedMaxBytes + 1
	for _, c := range []struct{ name, script, want string }{
		{"quit", "-q\n", "> bye...\n"},
		{"the end of the input", "", "> bye...\n"},
		{"a last line without an end", "-q", "> bye...\n"},
		{"lines of Windows, blanks and empty lines", "\r\n  \n  -q \r\n", "> > > bye...\n"},
		{"nothing is done after quitting", "-q\n-l\n", "> bye...\n"},
		{"upload", "-u ./tests/test.csv\n-q\n", "> resource 'test.csv' uploaded!\n> bye...\n"},
		{"upload without a path", "-u plain.txt\n-q\n", "> resource 'plain.txt' uploaded!\n> bye...\n"},
		{"upload with blanks in the name", "-u with some blanks.txt\n", "> resource 'with some blanks.txt' uploaded!\n> bye...\n"},
		{"upload of what is not there", "-u ./tests/none.csv\n-u tests\n-u tests/\n", "> resource 'none.csv' not found!\n> resource 'tests' not found!\n> resource '' not found!\n> bye...\n"},
		{"upload of more than a seed peer can fetch", "-u tests/big.bin\n",
			"> resource 'big.bin' uploaded!\nwarning: of its 20,481 bytes seed peers can fetch only the first 10,240; to share all of them: centralizedp2p share \"tests/big.bin\" --tracker TRACKER\n> bye...\n"},
		{"download", "-d remote.txt\n", "> resource '127.0.0.1_remote.txt' downloaded at path 'downloads/'!\n> bye...\n"},
		{"download twice", "-d remote.txt\n-d remote.txt\n", strings.Repeat("> resource '127.0.0.1_remote.txt' downloaded at path 'downloads/'!\n", 2) + "> bye...\n"},
		{"download of what nobody has", "-d nobody.txt\n", "> no peers found for resource 'nobody.txt'!\n> bye...\n"},
		{"download of changed bytes", "-d changed.txt\n",
			"> resource '127.0.0.1_changed.txt' downloaded at path 'downloads/' but hash is incorrect, file might be corrupted!\n" +
				"The bytes from the seed client do not match their MD5: 'changed.txt' at PEER. Nothing was saved; ask its owner to upload the file again.\n> bye...\n"},
		{"download of more than a seed peer sends", "-d big.bin\n",
			"> resource '127.0.0.1_big.bin' downloaded at path 'downloads/' but hash is incorrect, file might be corrupted!\n" +
				"The file is too large for a seed client, which sends at most 10,240 bytes: 'big.bin' at PEER arrived cut off; nothing was saved. Ask its owner to share it with CentralizedP2P.\n> bye...\n"},
		{"download from a silent peer", "-d silent.txt\n", "> it looks like peer 'PEER' is not responding, interrupting connection!\n> bye...\n"},
		{"download of what only our peers have", "-d ours.iso\n",
			"> A value is not acceptable: seed clients do not have 'ours.iso'; get it with `centralizedp2p get " + strings.Repeat("ab", 32) + "`. Correct it and try again.\n> bye...\n"},
		{"upload and download by the same peer", "-u ./tests/test.csv\n-d test.csv\n",
			"> resource 'test.csv' uploaded!\n> resource '127.0.0.1_test.csv' downloaded at path 'downloads/'!\n> bye...\n"},
		{"commands that are none", "hello\n-u\n-d \n-x y\n",
			"> unknown command 'hello', use -u <path/name>, -d <name>, -l or -q\n> nothing to upload, use -u <path/name>\n> nothing to download, use -d <name>\n> unknown command '-x', use -u <path/name>, -d <name>, -l or -q\n> bye...\n"},
		{"what would change the terminal", "-d \x1b[31m\u202e\n", "> no peers found for resource '\\u{1b}[31m\\u{202e}'!\n> bye...\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			file(t, "tests/test.csv", 1234)
			file(t, "tests/big.bin", big)
			file(t, "plain.txt", 12)
			file(t, "with some blanks.txt", 1)
			tracker := newSeedTracker(t)
			peer := remotePeer(t, tracker)
			got := play(t, tracker.URL, c.script)
			got = strings.NewReplacer(strings.TrimPrefix(tracker.URL, "http://"), "TRACKER", peer.addr().String(), "PEER").Replace(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("the output differs (-want +got):\n%s", diff)
			}
		})
	}
}

// remotePeer has some resources that a tracker lists, the wrong ones included.
func remotePeer(t *testing.T, tracker *seedTracker) *seedPeer {
	t.Helper()
	root := t.TempDir()
	peer := newSeedPeer(t, root, func(answer []byte) []byte {
		if string(answer) == "be silent" {
			return nil
		}
		return answer
	})
	tracker.add(peer.resource("dir", "remote.txt", file(t, filepath.Join(root, "dir", "remote.txt"), 3000)))
	tracker.add(peer.resource("dir", "big.bin", file(t, filepath.Join(root, "dir", "big.bin"), 10_241)))
	file(t, filepath.Join(root, "changed.txt"), 10)
	tracker.add(peer.resource("", "changed.txt", []byte("other bytes")))
	if err := os.WriteFile(filepath.Join(root, "silent.txt"), []byte("be silent"), 0o666); err != nil {
		t.Fatal(err)
	}
	tracker.add(peer.resource("", "silent.txt", nil))
	ours := peer.resource("", "ours.iso", nil)
	ours.ResourceHash = strings.Repeat("ab", 32)
	tracker.add(ours)
	return peer
}

func TestTheListHasOneLineOfJSONForEachResource(t *testing.T) {
	tracker := newSeedTracker(t)
	if got := play(t, tracker.URL, "-l\n"); got != "> no resources found!\n> bye...\n" {
		t.Errorf("an empty list: %q", got)
	}
	tracker.add(netproto.SeedResource{PeerIP: "127.0.0.1", PeerPort: 3000, ResourcePath: "./tests", ResourceName: "a.csv", ResourceHash: md5Hex(nil)})
	tracker.add(netproto.SeedResource{PeerIP: "10.0.0.9", PeerPort: 4000, ResourcePath: "", ResourceName: "été \"\x1b\u202e\U000e0001.csv", ResourceHash: md5Hex(nil)})
	want := `> {"peer_ip": "127.0.0.1", "peer_port": 3000, "resource_path": "./tests", "resource_name": "a.csv", "resource_hash": "d41d8cd98f00b204e9800998ecf8427e"}
{"peer_ip": "10.0.0.9", "peer_port": 4000, "resource_path": "", "resource_name": "été \"\u001b\u202e\udb40\udc01.csv", "resource_hash": "d41d8cd98f00b204e9800998ecf8427e"}
> bye...
`
	if diff := cmp.Diff(want, play(t, tracker.URL, "-l\n-q\n")); diff != "" {
		t.Errorf("the output differs (-want +got):\n%s", diff)
	}
}

func TestWhatWasDownloadedIsInDownloads(t *testing.T) {
	t.Chdir(t.TempDir())
	tracker := newSeedTracker(t)
	peer := remotePeer(t, tracker)
	play(t, tracker.URL, "-d remote.txt\n-d changed.txt\n-d big.bin\n-d silent.txt\n-d remote.txt\n")
	content, err := os.ReadFile(filepath.Join(peer.root, "dir", "remote.txt"))
	if err != nil {
		t.Fatal(err)
	}
	wantTree(t, ".", map[string]string{"downloads/127.0.0.1_remote.txt": string(content)})
}

// session is a console that a test talks to as it runs.
type session struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	done chan error
	stop context.CancelFunc
}

func start(t *testing.T, cfg ConsoleConfig) *session {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	inRead, in := io.Pipe()
	out, outWrite := io.Pipe()
	cfg.In, cfg.Out = inRead, outWrite
	s := &session{t: t, in: in, out: bufio.NewReader(out), done: make(chan error, 1), stop: cancel}
	go func() {
		err := RunConsole(ctx, cfg)
		outWrite.Close()
		s.done <- err
	}()
	stuck := time.AfterFunc(deadline, func() { out.CloseWithError(fmt.Errorf("the console says nothing")) })
	t.Cleanup(func() { stuck.Stop(); cancel(); in.Close(); out.Close() })
	return s
}

// line gives the next line, prompts included.
func (s *session) line() string {
	s.t.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatalf("after %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (s *session) say(line, want string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, line+"\n"); err != nil {
		s.t.Fatal(err)
	}
	if got := s.line(); got != want {
		s.t.Errorf("%s: %q, want %q", line, got, want)
	}
}

// end waits until the console is over.
func (s *session) end() error {
	s.t.Helper()
	select {
	case err := <-s.done:
		return err
	case <-time.After(deadline):
		s.t.Fatal("the console does not end")
		return nil
	}
}

func TestTwoConsolesExchangeAFile(t *testing.T) {
	tracker := newSeedTracker(t)
	dir := t.TempDir()
	content := file(t, filepath.Join(dir, "up", "notes.txt"), netproto.SeedMaxBytes)
	up := start(t, config(tracker.URL, nil, nil))
	up.say("-u "+filepath.Join(dir, "up", "notes.txt"), "> resource 'notes.txt' uploaded!")

	cfg := config(tracker.URL, nil, nil)
	cfg.Dir = filepath.Join(dir, "down")
	down := start(t, cfg)
	down.say("-d notes.txt", "> resource '127.0.0.1_notes.txt' downloaded at path 'downloads/'!")
	down.say("-q", "> bye...")
	up.say("-q", "> bye...")
	for _, s := range []*session{up, down} {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}
	wantTree(t, cfg.Dir, map[string]string{"downloads/127.0.0.1_notes.txt": string(content)})
}

func TestADroppedPeerIsListedAgain(t *testing.T) {
	tracker := newSeedTracker(t)
	dir := t.TempDir()
	file(t, filepath.Join(dir, "a"), 1)
	file(t, filepath.Join(dir, "b"), 2)
	cfg := config(tracker.URL, nil, nil)
	cfg.every = time.Second // which bounds each answer, too
	s := start(t, cfg)
	s.say("-u "+filepath.Join(dir, "a"), "> resource 'a' uploaded!")
	s.say("-u "+filepath.Join(dir, "b"), "> resource 'b' uploaded!")
	tracker.setDown(true)
	tracker.drop()
	tracker.wait(t, "a heartbeat while the tracker is down", func() bool { return tracker.missedBeats() > 0 })
	s.say("-l", s.unreachable(tracker))
	tracker.setDown(false)
	tracker.wait(t, "the return of both", func() bool { return fmt.Sprint(tracker.names()) == "[a b]" })
	if n := tracker.beatingPeers(); n != 1 {
		t.Errorf("heartbeats came from %d peers, want 1", n)
	}
	s.say("-q", "> bye...")
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func (s *session) unreachable(tracker *seedTracker) string {
	return "> The tracker cannot be reached: " + tracker.URL + ": EOF. " + netproto.CodeUnreachable.Hint()
}

func TestATrackerThatIsDownAtTheStartIsSaidAndUploadsWaitForIt(t *testing.T) {
	tracker := newSeedTracker(t)
	tracker.setDown(true)
	path := filepath.Join(t.TempDir(), "early.txt")
	file(t, path, 10)
	cfg := config(tracker.URL, nil, nil)
	cfg.every = time.Second // which bounds each answer, too
	s := start(t, cfg)
	if got, want := s.line(), "server '"+cfg.Server+"' is not ready! "+strings.TrimPrefix(s.unreachable(tracker), "> "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	s.say("-u "+path, "> resource 'early.txt' is registered as soon as the server answers! "+strings.TrimPrefix(s.unreachable(tracker), "> "))
	tracker.setDown(false)
	tracker.wait(t, "the registration", func() bool { return fmt.Sprint(tracker.names()) == "[early.txt]" })
	s.say("-q", "> bye...")
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestAnInterruptEndsTheConsole(t *testing.T) {
	s := start(t, config(newSeedTracker(t).URL, nil, nil))
	s.say("hello", "> unknown command 'hello', "+usageCommands)
	s.stop()
	if got := s.line(); got != "> bye..." {
		t.Errorf("%q", got)
	}
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

func TestAnOutputThatIsGoneEndsTheConsole(t *testing.T) {
	in, inWrite := io.Pipe()
	defer inWrite.Close()
	read, out := io.Pipe()
	read.Close()
	err := RunConsole(t.Context(), config(newSeedTracker(t).URL, in, out))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v", err)
	}
}

func TestALineThatDoesNotEndEndsTheConsole(t *testing.T) {
	var out bytes.Buffer
	err := RunConsole(t.Context(), config(newSeedTracker(t).URL, strings.NewReader(strings.Repeat("x", 1<<20)), &out))
	if err == nil || out.String() != "> bye...\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestWrongArgumentsAreSaidInASentence(t *testing.T) {
	taken := listenUDP(t).LocalAddr().(*net.UDPAddr).Port
	for name, c := range map[string]struct {
		change func(*ConsoleConfig)
		code   netproto.Code
		says   string
	}{
		"no address":            {func(c *ConsoleConfig) { c.PeerIP = "300.1.1.1" }, netproto.CodeUsage, `not "300.1.1.1"`},
		"IPv6":                  {func(c *ConsoleConfig) { c.PeerIP = "::1" }, netproto.CodeUsage, "PEER_IP"},
		"every address":         {func(c *ConsoleConfig) { c.PeerIP = "0.0.0.0" }, netproto.CodeUsage, "PEER_IP"},
		"another computer":      {func(c *ConsoleConfig) { c.PeerIP = "192.0.2.1" }, netproto.CodeInvalid, "does not have the address"},
		"no port":               {func(c *ConsoleConfig) { c.ActionPort = 70_000 }, netproto.CodeUsage, "ACTION_PORT"},
		"a negative port":       {func(c *ConsoleConfig) { c.ListenPort = -1 }, netproto.CodeUsage, "LISTEN_PORT"},
		"one port for both":     {func(c *ConsoleConfig) { c.ActionPort, c.ListenPort = 4000, 4000 }, netproto.CodeUsage, "differ"},
		"no seed clients":       {func(c *ConsoleConfig) { c.Policy = netproto.SeedOff }, netproto.CodeUsage, "seed clients off"},
		"a listen port in use":  {func(c *ConsoleConfig) { c.ListenPort = taken }, netproto.CodePortInUse, fmt.Sprint(taken)},
		"an action port in use": {func(c *ConsoleConfig) { c.ActionPort = taken }, netproto.CodePortInUse, "ACTION_PORT"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			cfg := config("http://127.0.0.1:1", strings.NewReader("-q\n"), &out)
			c.change(&cfg)
			err := RunConsole(t.Context(), cfg)
			if netproto.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.says) || out.Len() > 0 {
				t.Errorf("code %s, printed %q: %v", netproto.CodeOf(err), out.String(), err)
			}
		})
	}
}

func TestAServerIsAHostOrAHostWithAPort(t *testing.T) {
	for server, want := range map[string]string{
		"127.0.0.1":      "http://127.0.0.1:5000",
		"127.0.0.1:8080": "http://127.0.0.1:8080",
		"tracker.lan":    "http://tracker.lan:5000",
		"::1":            "http://[::1]:5000",
		"[::1]:6000":     "http://[::1]:6000",
		"":               "",
		":5000":          "",
		"host:":          "",
		"host:0":         "",
		"host:65536":     "",
		"http://host":    "",
		"host/path":      "",
		"user@host":      "",
		"two words":      "",
	} {
		got, err := TrackerURL(server)
		if got != want || (err == nil) != (want != "") || err != nil && netproto.CodeOf(err) != netproto.CodeUsage {
			t.Errorf("%q: %q, %v", server, got, err)
		}
	}
}

func TestAPublicAddressIsServedToTheWorldAndAPrivateOneIsNot(t *testing.T) {
	for ip, want := range map[string]netproto.SeedPolicy{"127.0.0.1": netproto.SeedLAN, "10.0.0.1": netproto.SeedLAN, "192.0.2.1": netproto.SeedOpen} {
		cfg := ConsoleConfig{PeerIP: ip}
		if err := cfg.complete(); err != nil || cfg.Policy != want {
			t.Errorf("%s is served %q, %v", ip, cfg.Policy, err)
		}
	}
	cfg := ConsoleConfig{PeerIP: "192.0.2.1", Policy: netproto.SeedLAN}
	if err := cfg.complete(); err != nil || cfg.Policy != netproto.SeedLAN {
		t.Errorf("a policy that was given became %q, %v", cfg.Policy, err)
	}
}
