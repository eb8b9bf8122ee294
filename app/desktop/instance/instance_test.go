package instance

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/localsocket"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor"))
}

const link = "cp2p://192.0.2.7:5000/b4c0d6b62a8f6c3fe1f5a2cbd4d1f1a4e5c6a7b8c9d0e1f2a3b4c5d6e7f80912"

// profile makes a folder whose name leaves room for that of a socket.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "instance")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func listen(t *testing.T, dir string) *Server {
	t.Helper()
	s, err := Listen(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestASecondStartHandsWhatItWasGivenToTheFirst(t *testing.T) {
	dir := profile(t)
	s := listen(t, dir)
	want := []string{link, filepath.Join(dir, "Ünï 日本.txt")}
	given := make(chan error, 1)
	go func() { given <- HandOver(soon(t), dir, want) }()
	if got := <-s.Requests(); !slices.Equal(got, want) {
		t.Errorf("the window was asked to open %q", got)
	}
	if err := <-given; err != nil {
		t.Errorf("the second start heard %v", err)
	}
}

func TestAWindowThatIsStillStartingIsWaitedFor(t *testing.T) {
	dir := profile(t)
	given := make(chan error, 1)
	go func() { given <- HandOver(soon(t), dir, nil) }()
	s := listen(t, dir)
	<-s.Requests()
	if err := <-given; err != nil {
		t.Error(err)
	}
}

func TestWhereNoWindowListensTheSecondStartHearsIt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*askEvery)
	defer cancel()
	if err := HandOver(ctx, profile(t), nil); !errors.Is(err, errNobody) {
		t.Errorf("the error is %v", err)
	}
}

func TestTheSocketOfAKilledWindowIsReplaced(t *testing.T) {
	dir := profile(t)
	ln, err := localsocket.Listen(Socket(dir))
	if err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "left")
	if err := errors.Join(os.Rename(Socket(dir), left), ln.Close(), os.Rename(left, Socket(dir))); err != nil {
		t.Fatal(err)
	}
	s := listen(t, dir)
	go func() { <-s.Requests() }()
	if err := HandOver(soon(t), dir, nil); err != nil {
		t.Error(err)
	}
}

func TestAWindowThatClosesLeavesNothingBehind(t *testing.T) {
	dir := profile(t)
	s, err := Listen(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := localsocket.Dial(t.Context(), Socket(dir)) // and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, open := <-s.Requests(); open {
		t.Error("a closed window gives requests")
	}
	if _, err := os.Stat(Socket(dir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is still there: %v", err)
	}
}

func TestTooMuchAtOnceIsRefusedBeforeItIsSent(t *testing.T) {
	err := HandOver(soon(t), profile(t), []string{strings.Repeat("x", maxRequest)})
	if netproto.CodeOf(err) != netproto.CodeTooLarge {
		t.Errorf("the error is %v", err)
	}
}

func FuzzARequestIsLinksAndAbsolutePaths(f *testing.F) {
	for _, line := range []string{
		`{"open":["` + link + `","/a/b"]}`, `{"open":null}`, `{}`, `{"open":["relative"]}`, `[]`, ``, `{"open":[1]}`, `{"open":["cp2p://"]}`,
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		request, err := readRequest(strings.NewReader(line + "\n"))
		if err != nil {
			return
		}
		for _, what := range request.Open {
			if _, err := netproto.ParseLink(what); err != nil && !filepath.IsAbs(what) {
				t.Errorf("%q is taken for a link or path", what)
			}
		}
	})
}

func TestARequestWithoutAnEndIsNotReadForEver(t *testing.T) {
	if _, err := readRequest(strings.NewReader(strings.Repeat("x", 2*maxRequest))); err == nil {
		t.Error("it was taken")
	}
}
