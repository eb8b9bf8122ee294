package words

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// raw are words that no person should read.
var raw = []string{"dial", "tcp", "lookup", ":53", "connect:", "syscall", "open ", "openat", "unlinkat", ".cp2p-", "EOF", "errno", "i/o timeout",
	"context ", "xdg-open", "$PATH", "x509", "0x", "json:", "invalid character", "permission denied", "Get \"", "no such", "refused"}

func TestNoErrorOfGoOrOfTheSystemReachesAPerson(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 5999}
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: os.NewSyscallError("connect", err)}
	}
	at := func(op, path string, err error) error { return &fs.PathError{Op: op, Path: path, Err: err} }
	lookup := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "atic", Server: "10.255.255.53:53", IsNotFound: true}}
	for _, c := range []struct {
		code netproto.Code
		err  error
		want string
	}{
		{netproto.CodeUnreachable, dial(syscall.ECONNREFUSED), "The tracker cannot be reached: 127.0.0.1:5999 (nothing answers there)."},
		{netproto.CodeUnreachable, dial(syscall.EHOSTUNREACH), "127.0.0.1:5999 (the network cannot reach it)."},
		{netproto.CodeUnreachable, dial(syscall.ENETUNREACH), "127.0.0.1:5999 (the network cannot reach it)."},
		{netproto.CodeUnreachable, &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: os.ErrDeadlineExceeded}, "127.0.0.1:5999 (it did not answer in time)."},
		{netproto.CodeUnreachable, &net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "127.0.0.1:5999 (the connection was cut)."},
		{netproto.CodeUnreachable, &url.Error{Op: "Get", URL: "https://attic:5000/v1/status", Err: context.DeadlineExceeded}, "attic:5000 (it did not answer in time)."},
		{netproto.CodeUnreachable, &url.Error{Op: "Get", URL: "https://attic:5000/v1/status", Err: io.ErrUnexpectedEOF}, "attic:5000 (the connection was cut)."},
		{netproto.CodeUnreachable, lookup, "The tracker cannot be reached: atic (no computer has that name)."},
		{netproto.CodeFolderUnwritable, at("open", "/data/"+netproto.PartPrefix+"try-1291647590", syscall.EACCES), "The folder cannot be written to: /data (no permission)."},
		{netproto.CodeFolderUnwritable, fmt.Errorf("/data/in: %w", at("openat", netproto.PartPrefix+"7f3a", syscall.EROFS)), "/data/in (the disk is read-only)."},
		{netproto.CodeNoSpace, at("write", "/data/"+netproto.PartPrefix+"9", syscall.ENOSPC), "/data (the disk is full)."},
		{netproto.CodeFileUnreadable, at("stat", "/home/ada/My film.mkv", syscall.ENOENT), "The file cannot be read: /home/ada/My film.mkv (it does not exist)."},
		{netproto.CodeFileUnreadable, at("read", "/home/ada/x", syscall.EIO), "/home/ada/x (the disk reports an error)."},
		{netproto.CodeFileUnreadable, &exec.Error{Name: "xdg-open", Err: exec.ErrNotFound}, "no program for it is installed"},
		{netproto.CodePortInUse, &net.OpError{Op: "listen", Net: "tcp", Addr: &net.TCPAddr{Port: 5000}, Err: os.NewSyscallError("bind", syscall.EADDRINUSE)}, "The port is used by another program"},
		{netproto.CodeInternal, errors.New("json: cannot unmarshal string into Go value of type int"), "the answer cannot be understood"},
		{netproto.CodeInternal, errors.New("runtime error: invalid memory address 0xc00012"), "Something went wrong inside the program."},
		{netproto.CodeUnreachable, errors.New(`open C:\Users\ada\x.txt: Access is denied.`), `C:\Users\ada\x.txt (no permission).`},
		{netproto.CodeUnreachable, errors.New("dial tcp [2001:db8::1]:5000: connectex: No connection could be made because the target machine actively refused it."), "[2001:db8::1]:5000 (nothing answers there)."},
		{netproto.CodeInvalid, errors.New("a link begins with cp2p://HOST:PORT"), "a link begins with cp2p://."},
		{netproto.CodeUnreachable, errors.New("127.0.0.1:443: the other side's key is a *rsa.PublicKey instead of an ed25519 key"), "127.0.0.1:443 (something else answers there)."},
		{netproto.CodeUnreachable, errors.New("127.0.0.1:80: http: server gave HTTP response to HTTPS client"), "127.0.0.1:80 (something else answers there)."},
		{netproto.CodeInvalid, errors.New(`"two words" is not the address of a tracker: HOST or HOST:PORT is`), "“two words” is not an address, such as attic"},
		{netproto.CodePortInUse, errors.New(":5000"), "another program: port 5000."},
		{netproto.CodeMethod, errors.New("the other peer is CentralizedP2P 0.9.1, which is older than this one"),
			"The other side does not know this request: CentralizedP2P 0.9.1 runs there, which is older. Update CentralizedP2P on both computers."},
		{netproto.CodeProtocol, errors.New("the other peer is CentralizedP2P 4.0.0, which is newer than this one"),
			"The two programs do not understand each other: CentralizedP2P 4.0.0 runs there, which is newer. Update CentralizedP2P on both computers."},
		{netproto.CodeDenied, errors.New("uploads may take 1.0 kB on this peer, and 300 B of that are free"),
			"The other side does not allow this: only 300 B may still be uploaded there. Ask its owner for access."},
	} {
		coded := netproto.Errorf(c.code, "%w", c.err)
		text := Explain(face.FailureOf(coded)).String()
		if !strings.Contains(text, c.want) {
			t.Errorf("%v reads %q, not %q", c.err, text, c.want)
		}
		for _, word := range raw {
			if strings.Contains(text, word) {
				t.Errorf("%v reads %q, which has %q", c.err, text, word)
			}
		}
	}
}

func TestCausesAreSaidInEveryLanguage(t *testing.T) {
	for _, tag := range translated() {
		t.Run(tag, func(t *testing.T) {
			useTexts(t, tag)
			for _, c := range slices.Concat(causes, ours) {
				if c.text == "port {{.Value}}" && tag == "fr" {
					continue // the same word
				}
				if c.text.String() == string(c.text) {
					t.Errorf("%q is not translated", c.text)
				}
			}
		})
	}
}

var ownDetail = regexp.MustCompile(`netproto\.Errorf\(netproto\.Code\w+, "((?:[^"\\]|\\.)*)"`)

// What the rooms of the engine say of their failures is English: it is for commands and the
// log. Three of its words in a row in a text of another language would be a piece of it.
func TestNoDetailOfOurRoomsIsShownInAnotherLanguage(t *testing.T) {
	details := map[string]bool{}
	for _, room := range []string{"localengine", "node", "peer", "library", "web", "piece", "trackerclient", "remote", "preview", "onfinished"} {
		err := filepath.WalkDir(filepath.Join("..", "..", room), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, found := range ownDetail.FindAllSubmatch(source, -1) {
				details[string(found[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(details) < 100 {
		t.Fatalf("only %d details were found", len(details))
	}
	values := strings.NewReplacer("%d", "3", "%s", "/data/x", "%q", `"x"`, "%w", "it", "%c", "x")
	for _, tag := range translated() {
		useTexts(t, tag)
		for detail := range details {
			detail = values.Replace(detail)
			got := Explain(face.Failure{Code: netproto.CodeInvalid, Detail: detail}).Why
			words := strings.Fields(detail)
			for i := range max(len(words)-2, 0) {
				if piece := strings.Join(words[i:i+3], " "); strings.Contains(got, piece) {
					t.Errorf("%s: of %q is shown %q", tag, detail, got)
					break
				}
			}
		}
	}
	useTexts(t, "en")
	if got := Explain(face.Failure{Code: netproto.CodeInvalid, Detail: "there is no priority \"x\""}).Why; !strings.Contains(got, "priority") {
		t.Errorf("English people read %q", got)
	}
}
