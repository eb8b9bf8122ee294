package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTheKeyFileIsPrivateAndReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peer.key")
	made, err := LoadOrCreate(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode() != fs.FileMode(0o600) {
		t.Errorf("the key file has the mode %v", info.Mode())
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "PRIVATE KEY" || len(rest) != 0 {
		t.Fatalf("the key file is not one PEM block: %q", raw)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok || !key.Public().(ed25519.PublicKey).Equal(made.Key()) {
		t.Errorf("the key file holds a %T, %v", parsed, err)
	}
	read, err := LoadOrCreate(file)
	if err != nil || !read.Key().Equal(made.Key()) || read.PeerID() != made.PeerID() || read.Fingerprint() != made.Fingerprint() {
		t.Errorf("read again: %v, %v", read, err)
	}
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, raw) {
		t.Errorf("reading changed the file: %v", err)
	}
	onlyFile(t, file)
}

// onlyFile fails if something was left beside the file.
func onlyFile(t *testing.T, file string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(file) {
		t.Errorf("in the folder stands %v, %v", entries, err)
	}
}

func TestIDAndFingerprintFollowFromTheKey(t *testing.T) {
	id := fresh(t)
	if id.PeerID() != netproto.PeerIDOf(id.Key()) || id.Fingerprint() != netproto.FingerprintOf(id.Key()) {
		t.Errorf("%s, %s", id.PeerID(), id.Fingerprint())
	}
	if other := fresh(t); other.PeerID() == id.PeerID() || other.Fingerprint() == id.Fingerprint() {
		t.Error("two identities have one name")
	}
}

func TestADamagedKeyFileIsRefusedAndLeftAlone(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	if _, err := LoadOrCreate(good); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	foreignDER, err := x509.MarshalPKCS8PrivateKey(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for damage, raw := range map[string][]byte{
		"no bytes":             {},
		"half of it":           whole[:len(whole)/2],
		"zeros":                make([]byte, len(whole)),
		"noise":                []byte("not a key at all\n"),
		"another kind of PEM":  bytes.ReplaceAll(whole, []byte("PRIVATE KEY"), []byte("CERTIFICATE")),
		"a PEM without a key":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"a key of another law": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: foreignDER}),
	} {
		file := filepath.Join(t.TempDir(), "peer.key")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := LoadOrCreate(file)
		if id != nil || netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v, %v", damage, id, err)
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, raw) {
			t.Errorf("%s: the file was changed (%v)", damage, err)
		}
		onlyFile(t, file)
	}
}

func TestAKeyFileThatCannotBeMadeIsAnError(t *testing.T) {
	for _, file := range []string{
		filepath.Join(t.TempDir(), "missing", "peer.key"), // no folder
		t.TempDir(), // a folder in its place
	} {
		if id, err := LoadOrCreate(file); id != nil || netproto.CodeOf(err) != netproto.CodeStore {
			t.Errorf("%s: %v, %v", file, id, err)
		}
	}
}

func TestProgramsThatStartAtOnceEndWithOneKey(t *testing.T) {
	for range 20 {
		file := filepath.Join(t.TempDir(), "peer.key")
		ids, errs := make([]*Identity, 8), make([]error, 8)
		start := make(chan struct{})
		var group sync.WaitGroup
		for i := range ids {
			group.Go(func() {
				<-start
				ids[i], errs[i] = LoadOrCreate(file)
			})
		}
		close(start)
		group.Wait()
		for i, id := range ids {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if !id.Key().Equal(ids[0].Key()) {
				t.Fatal("two keys were made")
			}
		}
		onlyFile(t, file)
	}
}

// fresh returns the identity of a new key.
func fresh(t testing.TB) *Identity {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, err := New(key)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
