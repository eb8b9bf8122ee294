package peer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

// offered are the names under which a tracker holds files, sorted.
func (f *fakeTracker) offered() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for _, r := range f.held {
		if !r.Folder {
			names = append(names, r.Name)
		}
	}
	slices.Sort(names)
	return names
}

func (p *testPeer) writeText(t testing.TB, name, text string) string {
	t.Helper()
	path, _ := p.write(t, name, 1)
	check(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

const sshKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n"

func TestSecretsOfAFolderAreLeftOutAlsoTheLaterOnes(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	for _, name := range []string{"home/song.flac", "home/.env", "home/.ssh/config", "home/proj/id_rsa", "home/proj/main.go"} {
		p.write(t, name, 1000)
	}
	p.writeText(t, "home/proj/notes.txt", sshKey)
	root := filepath.Join(p.files, "home")
	s := p.share(t, root)
	if got, want := f.offered(), []string{"main.go", "song.flac"}; !slices.Equal(got, want) {
		t.Errorf("it offers %v, want %v", got, want)
	}
	if n := s.Omitted.Counts[sharing.Secret]; n != 4 {
		t.Errorf("%d secrets are said to be left out, want 4: %v", n, s.Omitted)
	}
	// Later ones: an editor's copy, a secret under an innocent name, and one that is
	// renamed into the folder.
	p.write(t, "home/.env~", 900)
	p.writeText(t, "home/readme", sshKey+"1")
	outside := p.writeText(t, "id_ed25519", sshKey+"2")
	check(t, os.Rename(outside, filepath.Join(root, "proj", "x.txt")))
	p.write(t, "home/last.flac", 800)
	told(t, p, f, "the last file is not offered", func() bool { return len(f.held) == 4 })
	if got, want := f.offered(), []string{"last.flac", "main.go", "song.flac"}; !slices.Equal(got, want) {
		t.Errorf("it offers %v, want %v", got, want)
	}
}

func TestWhatAPersonAllowsIsSharedAndNothingElse(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "home/.env", 1000)
	p.write(t, "home/id_rsa", 1001)
	p.writeText(t, "home/notes.txt", sshKey)
	id, err := p.Shares.Add(filepath.Join(p.files, "home"), sharing.Options{Allow: []string{".env", "notes.txt"}})
	check(t, err)
	_, err = p.Shares.Wait(deadline(t), id)
	check(t, err)
	if got, want := f.offered(), []string{".env", "notes.txt"}; !slices.Equal(got, want) {
		t.Errorf("it offers %v, want %v", got, want)
	}
}

func TestASecretThatIsNamedAloneNeedsToBeAllowed(t *testing.T) {
	t.Parallel()
	p := startPeerAt(t, newFakeTracker())
	key, _ := p.write(t, "id_rsa", 1000)
	for _, c := range []struct {
		path    string
		options sharing.Options
		want    netproto.Code
	}{
		{key, sharing.Options{}, netproto.CodePrivate},
		{p.writeText(t, "letter.txt", sshKey), sharing.Options{}, netproto.CodePrivate},
		{key, sharing.Options{Allow: []string{"."}}, ""},
		{key, sharing.Options{AllowAll: true}, ""},
	} {
		id, err := p.Shares.Add(c.path, c.options)
		check(t, err)
		if _, err = p.Shares.Wait(deadline(t), id); err == nil && c.want != "" || err != nil && netproto.CodeOf(err) != c.want {
			t.Errorf("%s with %+v: %v", c.path, c.options, err)
		}
		check(t, p.Shares.Stop(id))
	}
}

func TestAProfileIsNeverOffered(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	p.write(t, "home/doc", 1000)
	root := filepath.Join(p.files, "home")
	own := p.library.Dir()
	check(t, os.CopyFS(filepath.Join(root, ".config", "renamed"), os.DirFS(own)))
	key, err := os.ReadFile(filepath.Join(own, "peer.key"))
	check(t, err)
	p.writeText(t, "home/holiday.jpg", string(key))
	library, err := os.ReadFile(filepath.Join(own, "library.db"))
	check(t, err)
	p.writeText(t, "home/film.mkv", string(library))
	id, err := p.Shares.Add(root, sharing.Options{AllowAll: true})
	check(t, err)
	s, err := p.Shares.Wait(deadline(t), id)
	check(t, err)
	if got := f.offered(); !slices.Equal(got, []string{"doc"}) {
		t.Errorf("it offers %v", got)
	}
	if n := s.Omitted.Counts[sharing.Own]; n != 3 {
		t.Errorf("%d are said to be left out, want 3: %v", n, s.Omitted)
	}
	for _, path := range []string{filepath.Join(own, "peer.key"), filepath.Join(own, "library.db"), filepath.Join(own, "holder"),
		filepath.Join(root, "film.mkv")} {
		id, err := p.Shares.Add(path, sharing.Options{AllowAll: true})
		check(t, err)
		if _, err := p.Shares.Wait(deadline(t), id); netproto.CodeOf(err) != netproto.CodePrivate {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestASmallFileThatOnlyItsOwnerMayReadIsASecret(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files have no modes there")
	}
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	for _, name := range []string{"open/token", "open/song", "closed/letter"} {
		path, _ := p.write(t, name, 1000+len(name))
		check(t, os.Chmod(path, 0o600))
		check(t, os.Chmod(filepath.Dir(path), 0o755))
	}
	big, _ := p.write(t, "open/film", 1<<20)
	check(t, os.Chmod(big, 0o600))
	check(t, os.Chmod(filepath.Join(p.files, "open", "song"), 0o644))
	check(t, os.Chmod(filepath.Join(p.files, "closed"), 0o700))
	p.share(t, p.files)
	if got, want := f.offered(), []string{"film", "letter", "song"}; !slices.Equal(got, want) {
		t.Errorf("it offers %v, want %v", got, want)
	}
}

// A share that an earlier version hashed is looked at once.
func TestAKeyThatAnEarlierVersionHashedIsNoLongerOffered(t *testing.T) {
	t.Parallel()
	f := newFakeTracker()
	p := startPeerAt(t, f)
	path := p.writeText(t, "home/notes.txt", sshKey)
	p.write(t, "home/song", 1000)
	old := time.Now().Add(-time.Hour)
	check(t, os.Chtimes(path, old, old))
	id, err := p.Shares.Add(filepath.Join(p.files, "home"), sharing.Options{AllowAll: true}) // remembers its hash
	check(t, err)
	_, err = p.Shares.Wait(deadline(t), id)
	check(t, err)
	check(t, p.Shares.Stop(id))
	p.share(t, filepath.Join(p.files, "home"))
	told(t, p, f, "the key is offered", func() bool { return len(f.held) == 2 }) // the song and the folder
	if got := f.offered(); !slices.Equal(got, []string{"song"}) {
		t.Errorf("it offers %v", got)
	}
}
