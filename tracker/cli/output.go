package cli

import (
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"centralizedp2p/netproto"
)

// windowsNoData is ERROR_NO_DATA, which Windows says about a pipe whose reader has
// gone.
const windowsNoData = syscall.Errno(232)

// Output is the standard output of a command. It remembers the first failure to
// write, so that no command succeeds whose answer was lost. It may be used from
// several goroutines.
type Output struct {
	writer io.Writer
	failed func()

	mu  sync.Mutex
	err error
}

// NewOutput returns an output to w. It calls failed, which must not wait, once
// something could not be written.
func NewOutput(w io.Writer, failed func()) *Output { return &Output{writer: w, failed: failed} }

// Write implements io.Writer. After a failure it writes nothing more.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.writer.Write(p)
	if err != nil {
		o.err = err
		o.failed()
	}
	return n, err
}

// Err returns why the output is not complete, with the code "cancelled"; nil if it
// is.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err == nil:
		return nil
	case errors.Is(o.err, syscall.EPIPE), errors.Is(o.err, windowsNoData), errors.Is(o.err, io.ErrClosedPipe):
		return netproto.Errorf(netproto.CodeCancelled, "nobody reads its output any longer")
	}
	return netproto.Errorf(netproto.CodeCancelled, "its output cannot be written: %w", o.err)
}

// PathText returns a path as JSON can hold it, and the base64 of its bytes if that is
// not the whole of it: on Unix a name may be no UTF-8.
func PathText(path string) (text, raw string) {
	if utf8.ValidString(path) {
		return path, ""
	}
	return strings.ToValidUTF8(path, "\ufffd"), base64.StdEncoding.EncodeToString([]byte(path))
}
