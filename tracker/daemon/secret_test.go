package daemon_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/store"
)

// safe is a store that keeps one key, for one secret.
type safe struct {
	store.Store
	secret, key *[]byte
}

func (s safe) Key(_ context.Context, secret []byte, make func() ([]byte, error)) ([]byte, error) {
	if *s.key == nil {
		key, err := make()
		if err != nil {
			return nil, err
		}
		*s.secret, *s.key = secret, key
	}
	if !bytes.Equal(*s.secret, secret) {
		return nil, netproto.Errorf(netproto.CodeUsage, "another secret")
	}
	return *s.key, nil
}

// Nodes with one secret have one key. A secret that everybody may read is used, and the log
// says so; one that is too short, or of another node, is refused.
func TestTheKeyOfAllNodesIsSealedWithASecret(t *testing.T) {
	var secret, key []byte
	open := func(at string, c store.Config) (store.Store, error) {
		kept, err := boltstore.Open(filepath.Join(t.TempDir(), "tracker.db"), c)
		return safe{kept, &secret, &key}, err
	}
	file := filepath.Join(t.TempDir(), "secret")
	start := func(text string, mode os.FileMode) (print netproto.Fingerprint, log string, err error) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		o := options(t)
		o.Store, o.KeySecret = "postgres://db.example/tracker", file
		var logged bytes.Buffer
		tracker, err := daemon.Open(o, open, &logged)
		if err != nil {
			return print, "", err
		}
		defer tracker.Close()
		return tracker.Fingerprint(), logged.String(), nil
	}
	const warning = "everybody on this computer may read the secret"
	first, log, err := start("correct horse battery staple\n", 0o600)
	if err != nil || strings.Contains(log, warning) {
		t.Fatalf("%v, %s", err, log)
	}
	next, log, err := start("correct horse battery staple", 0o644)
	if err != nil || next != first || !strings.Contains(log, warning) && runtime.GOOS != "windows" {
		t.Errorf("another node has the key %v instead of %v: %v, %s", next, first, err, log)
	}
	for _, wrong := range []string{"short", "correct horse battery stable", strings.Repeat("x", 1<<20)} {
		if _, _, err := start(wrong, 0o600); netproto.CodeOf(err) != netproto.CodeUsage {
			t.Errorf("a secret of %d bytes: %v", len(wrong), err)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	o := options(t)
	o.Store, o.KeySecret = "postgres://db.example/tracker", file
	if _, err := daemon.Open(o, open, io.Discard); netproto.CodeOf(err) != netproto.CodeUsage {
		t.Errorf("without the file: %v", err)
	}
}
