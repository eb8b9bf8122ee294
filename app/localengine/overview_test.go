package localengine

import (
	"path/filepath"
	"slices"
	"testing"

	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

func TestWhoLeavesIsToldWhatNobodyElseHas(t *testing.T) {
	alice, bob, _ := neighbours(t)
	alone, _ := alice.write("only here.txt", 1000)
	both, _ := alice.write("song.flac", 1<<20)
	alice.offer(alone)
	alice.offer(both)
	bob.fetch(bob.findOne("song"))
	bob.finish("song.flac")
	bob.until("bob is a source", func() bool { return alice.findOne("song").Sources == 1 })
	alice.until("only the first is here alone", func() bool {
		leaving, err := alice.Leaving(deadline(t))
		check(t, err)
		return slices.Equal(leaving.Alone, []string{"only here.txt"}) && leaving.Uploads == 0
	})
}

func TestWhoLeavesWhileSomebodyFetchesIsTold(t *testing.T) {
	alice, bob, _ := slowFilm(t, 4<<20)
	bob.until("something came", func() bool { return bob.rows()["film.mkv"].Done > 0 })
	leaving, err := alice.Leaving(deadline(t))
	check(t, err)
	if leaving.Uploads != 1 || !slices.Contains(leaving.Alone, "film.mkv") {
		t.Errorf("leaving means %+v", leaving)
	}
}

func TestSharesThatWereTakenBackAreSharedAgainAsTheyWere(t *testing.T) {
	alice, bob, _ := neighbours(t)
	alice.write("keys/public.txt", 1000)
	secret, _ := alice.write("keys/id_rsa", 1000)
	folder := filepath.Dir(secret)
	share := alice.offer(folder, "id_rsa")
	check(t, alice.StopSharing(deadline(t), []string{share.ID}))
	bob.until("it is gone", func() bool { return len(bob.find("keys")) == 0 })
	check(t, alice.ShareAgain(deadline(t), []string{share.ID}))
	bob.until("it is back", func() bool { return len(bob.find("keys")) == 1 })
	if found := bob.find("id_rsa"); len(found) != 0 {
		t.Errorf("the secret is offered: %+v", found)
	}
	contents, err := bob.FolderContents(deadline(t), bob.findOne("keys").Hash)
	check(t, err)
	for _, f := range contents.Files {
		if f.Path == "id_rsa" {
			t.Error("the secret stands in the list of the folder")
		}
	}
	refused(t, alice.ShareAgain(deadline(t), []string{share.ID}), netproto.CodeNotFound)

	id, err := alice.local.engine.Shares.Add(folder, sharing.Options{Remember: true, AllowAll: true}) // as a command adds it
	check(t, err)
	bob.until("all of it is offered", func() bool { return len(bob.find("id_rsa")) == 1 })
	check(t, alice.StopSharing(deadline(t), []string{id}))
	bob.until("all of it is gone", func() bool { return len(bob.find("id_rsa")) == 0 })
	check(t, alice.ShareAgain(deadline(t), []string{id}))
	bob.until("all of it is back", func() bool { return len(bob.find("id_rsa")) == 1 })
}
