package identity

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/netproto"
)

// FuzzKeyFile reads any bytes as a key file: they are the key of an installation or
// an error with a code, and the file stays as it is.
func FuzzKeyFile(f *testing.F) {
	file := filepath.Join(f.TempDir(), "peer.key")
	if _, err := LoadOrCreate(file); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Add(bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")))
	f.Add([]byte{})
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file := filepath.Join(t.TempDir(), "peer.key")
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		id, err := LoadOrCreate(file)
		if err != nil && netproto.CodeOf(err) != netproto.CodeStore {
			t.Fatalf("an error of another kind: %v", err)
		}
		if err == nil && (id.PeerID() == netproto.PeerID{} || id.Fingerprint().IsZero()) {
			t.Fatalf("%q is a key without a name", raw)
		}
		if left, err := os.ReadFile(file); err != nil || !bytes.Equal(left, raw) {
			t.Fatalf("the file was %q and is %q, %v", raw, left, err)
		}
	})
}

// FuzzCertificate has the other side show any certificate that the library can read:
// only an ed25519 key of the right length comes out.
func FuzzCertificate(f *testing.F) {
	f.Add(fresh(f).cert.Certificate[0])
	f.Add([]byte{0x30, 0x82})
	f.Fuzz(func(t *testing.T, der []byte) {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return
		}
		key, err := KeyOf(tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}})
		if err == nil && len(key) != ed25519.PublicKeySize {
			t.Fatalf("a key of %d bytes", len(key))
		}
	})
}
