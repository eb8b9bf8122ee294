package cli

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"centralizedp2p/netproto"
)

// full takes some bytes and then fails.
type full struct {
	left int
	err  error
}

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}

func TestAnOutputThatCannotBeWrittenIsAnError(t *testing.T) {
	for said, err := range map[string]error{"no space left": syscall.ENOSPC, "nobody reads": syscall.EPIPE} {
		failures := 0
		out := NewOutput(&full{5, err}, func() { failures++ })
		if _, err := io.WriteString(out, "hello"); err != nil || out.Err() != nil {
			t.Fatal(err, out.Err())
		}
		for range 2 {
			if _, err := io.WriteString(out, "!"); err == nil {
				t.Error("it wrote more than there is room for")
			}
		}
		if failures != 1 || netproto.CodeOf(out.Err()) != netproto.CodeCancelled || !strings.Contains(out.Err().Error(), said) {
			t.Errorf("%d failures: %v", failures, out.Err())
		}
	}
}

func TestAnOutputIsWrittenAsItIs(t *testing.T) {
	var b bytes.Buffer
	out := NewOutput(&b, func() { t.Error("it failed") })
	if _, err := io.WriteString(out, "all of it"); errors.Join(err, out.Err()) != nil || b.String() != "all of it" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestAPathThatIsNoUTF8KeepsItsBytes(t *testing.T) {
	for path, want := range map[string][2]string{"a/é": {"a/é", ""}, "": {"", ""}, "x\xff": {"x\ufffd", "eP8="}} {
		if text, raw := PathText(path); text != want[0] || raw != want[1] {
			t.Errorf("%q is %q, %q", path, text, raw)
		}
	}
}
