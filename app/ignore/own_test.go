package ignore

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

func keyText(t testing.TB, key any) []byte {
	t.Helper()
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der(t, key)})
}

func der(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// database is the file of a database with these tables.
func database(t testing.TB, tables ...string) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x")
	db, err := bbolt.Open(file, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range tables {
			b, err := tx.CreateBucket([]byte(name))
			if err == nil {
				err = b.Put([]byte("k"), make([]byte, 3000))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestTheBytesTellWhatIsNeverShared(t *testing.T) {
	_, own, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	library := database(t, "meta", "trackers", "shares", "files", "manifests", "partials", "downloads")
	for name, c := range map[string]struct {
		content []byte
		want    Kind
	}{
		"nothing":                       {nil, Ordinary},
		"a song":                        {bytes.Repeat([]byte("la"), 5000), Ordinary},
		"the key of an installation":    {keyText(t, own), OwnKind},
		"that key after a comment":      {append([]byte("# mine\n"), keyText(t, own)...), OwnKind},
		"that key after another":        {append(keyText(t, other), keyText(t, own)...), OwnKind},
		"that key without its text":     {der(t, own), OwnKind},
		"an RSA key":                    {keyText(t, other), SecretKind},
		"an RSA key without its text":   {der(t, other), SecretKind},
		"one of an older kind":          {x509.MarshalPKCS1PrivateKey(other), SecretKind},
		"settings of WireGuard":         {[]byte("[Interface]\nAddress = 10.0.0.2\nPrivateKey = AAA=\n"), SecretKind},
		"credentials of a cloud":        {[]byte("[default]\naws_secret_access_key = x\n"), SecretKind},
		"a key of ssh":                  {[]byte("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n"), SecretKind},
		"a key of age":                  {[]byte("# created: today\nAGE-SECRET-KEY-1QQQ\n"), SecretKind},
		"a text about private keys":     {[]byte("Your PRIVATE KEY begins with -----BEGIN PRIVATE KEY-----.\n"), Ordinary},
		"a certificate":                 {[]byte("-----BEGIN CERTIFICATE-----\nMII\n"), Ordinary},
		"a library":                     {library, OwnKind},
		"that of an earlier version":    {database(t, "meta", "trackers", "shares", "files", "inodes", "manifests", "partials", "downloads"), OwnKind},
		"the beginning of a library":    {library[:8192], OwnKind},
		"the database of a tracker":     {database(t, "meta", "peers", "res", "own", "seed", "bans"), OwnKind},
		"a database of another program": {database(t, "peers", "key"), Ordinary},
	} {
		if got, err := Inspect(bytes.NewReader(c.content), int64(len(c.content))); err != nil || got != c.want {
			t.Errorf("%s: kind %d, %v; want %d", name, got, err, c.want)
		}
	}
}

func TestTheFoldersOfTheProgramAreRecognised(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  bool
	}{
		{[]string{"peer.key", "library.db", "lock"}, true},
		{[]string{"tracker.db", "tracker.key"}, true},
		{[]string{"library.db"}, false},
		{[]string{"peer.key", "tracker.db"}, false},
		{nil, false},
	} {
		has := func(name string) bool {
			for _, n := range c.names {
				if n == name {
					return true
				}
			}
			return false
		}
		if got := OwnFolder(has); got != c.want {
			t.Errorf("%v: %v", c.names, got)
		}
	}
}

func FuzzInspect(f *testing.F) {
	raw := database(f, "trackers", "shares", "manifests")
	f.Add(raw[:12288])
	_, own, _ := ed25519.GenerateKey(rand.Reader)
	f.Add(keyText(f, own))
	f.Fuzz(func(t *testing.T, content []byte) {
		if _, err := Inspect(bytes.NewReader(content), int64(len(content))); err != nil {
			t.Fatal(err)
		}
	})
}
