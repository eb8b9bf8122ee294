package identity

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"centralizedp2p/netproto"
)

// One wrong bit in a key file, or an end that is missing, gives an error that
// says what to do, or the same key: never another one, silently.
func TestADamagedKeyFileNeverGivesAnotherKey(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	id, err := LoadOrCreate(good)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "peer.key")
	tried, refused := 0, 0
	try := func(raw []byte, what string) {
		tried++
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := LoadOrCreate(file)
		switch {
		case err == nil && !read.Key().Equal(id.Key()):
			t.Errorf("%s: it is another key", what)
		case err != nil:
			refused++
			if netproto.CodeOf(err) != netproto.CodeStore || !strings.Contains(err.Error(), "restore it from a backup") || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: it says %q", what, err)
			}
		}
	}
	for i := 0; i < 8*len(whole); i += 5 {
		raw := bytes.Clone(whole)
		raw[i/8] ^= 1 << (i % 8)
		try(raw, fmt.Sprintf("bit %d of byte %d", i%8, i/8))
	}
	for n := range whole {
		try(whole[:n], fmt.Sprint("cut to ", n))
	}
	t.Logf("tried %d", tried)
	if refused < tried/2 {
		t.Errorf("%d of %d were refused", refused, tried)
	}
}
