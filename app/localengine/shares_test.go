package localengine

import (
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestSharesSayHowTheyStand(t *testing.T) {
	alice, bob, _ := neighbours(t)
	path, content := alice.write("song.flac", 1000)
	s := alice.offer(path)
	if s.State != face.ShareShared || s.Name != "song.flac" || s.Files != 1 || s.Size != 1000 || s.Folder || !s.Failure.IsZero() || s.Fetched != 0 {
		t.Errorf("the share is %+v", s)
	}
	alice.album()
	if s := alice.share(filepath.Join(alice.files, "album")); s.State != face.ShareShared || !s.Folder || s.Files != 3 || s.Size < 30_000 {
		t.Errorf("the folder is %+v", s)
	}
	again := func() {
		t.Helper() // sharing it again looks at it again
		check(t, alice.Share(deadline(t), face.ShareRequest{Items: []face.ShareItem{{Path: path}}}))
	}
	check(t, os.Remove(path))
	again()
	alice.until("it is missing", func() bool { return alice.share(path).State == face.ShareMissing })
	if failure := alice.share(path).Failure; failure.Code != netproto.CodeFileUnreadable {
		t.Errorf("it is missing because of %+v", failure)
	}
	check(t, os.WriteFile(path, content[:500], 0o644))
	again()
	alice.until("it is shared again", func() bool {
		now := alice.share(path)
		return now.State == face.ShareShared && now.Size == 500 && now.ID == s.ID
	})
	bob.until("it is found again", func() bool { return len(bob.find("song")) == 1 })
	check(t, alice.StopSharing(deadline(t), []string{s.ID, "gone"}))
	if n := alice.status().Counts.Shares; n != 1 {
		t.Errorf("%d shares are left, 1 was expected", n)
	}
	bob.until("it is no longer found", func() bool { return len(bob.find("song")) == 0 })
	same(t, path, content[:500])
}

func TestWhatWasUntickedIsNeverShared(t *testing.T) {
	alice, bob, _ := neighbours(t)
	for _, name := range []string{"site/index.html", "site/.env", "site/keys/id_rsa"} {
		alice.write(name, 100+len(name))
	}
	site := filepath.Join(alice.files, "site")
	alice.offer(site, ".env", "keys/id_rsa")
	want := func() {
		t.Helper()
		if len(bob.find("index.html")) != 1 || len(bob.find("env")) != 0 || len(bob.find("id_rsa")) != 0 {
			t.Errorf("%v is shared", bob.find(""))
		}
		if s := alice.share(site); s.Files != 1 {
			t.Errorf("%d files are shared", s.Files)
		}
	}
	want()
	alice.reopen()
	bob.until("it is shared after the restart", func() bool { return len(bob.find("index.html")) == 1 })
	alice.until("it was looked at", func() bool { return alice.share(site).State == face.ShareShared })
	want()
}
