package trackerclient_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"testing"
	"time"

	"centralizedp2p/app/trackerclient"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
)

// stranger trusts every tracker at first sight.
type stranger struct{}

func (stranger) KnownTracker(string) (netproto.Fingerprint, bool) {
	return netproto.Fingerprint{}, false
}
func (stranger) TrackerReached(string, netproto.Fingerprint, string, []int, []string) error {
	return nil
}
func (stranger) TrackerPlaces(string) ([]int, []string) { return nil, nil }

func TestWhoAsksTooOftenLearnsWhenToAskAgain(t *testing.T) {
	options := daemon.DefaultOptions()
	options.Listen, options.Data = "127.0.0.1:0", t.TempDir()
	options.Limits.RateKey = 1
	tracker, err := daemon.Open(options, boltstore.Open, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- tracker.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := identity.New(key)
	if err != nil {
		t.Fatal(err)
	}
	client, err := trackerclient.New(id, tracker.Address(), tracker.Fingerprint(), stranger{})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for range 1000 {
		if _, err = client.Stats(ctx); err != nil {
			break
		}
	}
	refused, ok := errors.AsType[*netproto.Error](err)
	if !ok || refused.Code != netproto.CodeTooMany || refused.RetryAfter != time.Second {
		t.Fatalf("%+v", err)
	}
}
