package node_test

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/porttest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Microsoft/go-winio.ioCompletionProcessor"))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused wants an error with that code.
func refused(t testing.TB, err error, code netproto.Code) {
	t.Helper()
	if err == nil || netproto.CodeOf(err) != code {
		t.Fatalf("the code is %s, not %s: %v", netproto.CodeOf(err), code, err)
	}
}

func deadline(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// startTracker starts a tracker; without data it has a new key.
func startTracker(t testing.TB, data, listen string) *node.OwnTracker {
	t.Helper()
	if data == "" {
		data = t.TempDir()
	}
	if listen == "" {
		listen = porttest.Address(t) // it may be started there again
	}
	tracker, err := node.StartTracker(data, listen, "town", io.Discard)
	check(t, err)
	t.Cleanup(func() { tracker.Close() })
	return tracker
}

func openNode(t testing.TB, o node.Options) *node.Node {
	t.Helper()
	if o.Profile == "" {
		o.Profile = t.TempDir()
	}
	o.Log = slog.New(slog.DiscardHandler)
	n, err := node.Open(t.Context(), o)
	check(t, err)
	t.Cleanup(func() { n.Close() })
	return n
}
