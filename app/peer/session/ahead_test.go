package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"
)

// What is read ahead is what was sent, in order, however it is asked for.
func TestReadingAheadChangesNothing(t *testing.T) {
	here, there := net.Pipe()
	want := bytes.Repeat([]byte("what was sent, in order "), 100_000)
	go func() {
		io.Copy(there, iotest.HalfReader(bytes.NewReader(want)))
		there.Close()
	}()
	w := newWire(here)
	first := make([]byte, 1000)
	if _, err := io.ReadFull(w, first); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var work errgroup.Group
	w.readAhead(ctx, work.Go)
	rest, err := io.ReadAll(w)
	if got := append(first, rest...); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes of %d came: %v", len(got), len(want), err)
	}
	cancel()
	here.Close()
	work.Wait()
}

// Nobody waits for a connection that is over, or longer than until the deadline, which may
// be moved meanwhile.
func TestReadingAheadEnds(t *testing.T) {
	for range 100 { // both channels of a select may be ready
		synctest.Test(t, func(t *testing.T) {
			here, there := net.Pipe()
			defer there.Close()
			ctx, cancel := context.WithCancel(t.Context())
			w := newWire(here)
			var work errgroup.Group
			w.readAhead(ctx, work.Go)
			w.SetReadDeadline(time.Now().Add(time.Minute))
			began := time.Now()
			if _, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Minute {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
			w.SetReadDeadline(time.Now().Add(time.Minute))
			go there.Write([]byte("x"))
			if _, err := w.Read(make([]byte, 1)); err != nil {
				t.Errorf("after a deadline that was moved: %v", err)
			}
			cancel()
			here.Close()
			began = time.Now()
			if _, err := w.Read(make([]byte, 1)); err == nil || time.Since(began) > 0 {
				t.Errorf("over, after %s: %v", time.Since(began), err)
			}
			work.Wait()
		})
	}
}
