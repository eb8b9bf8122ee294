package localengine

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func (h *house) review(paths ...string) face.Review {
	h.t.Helper()
	r, err := h.Review(deadline(h.t), paths)
	check(h.t, err)
	return r
}

func expect(t testing.TB, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("it is not what was expected (-) but (+):\n%s", diff)
	}
}

func TestAReviewShowsWhatSharingWouldMean(t *testing.T) {
	alice := newHouse(t)
	for _, name := range []string{"album/one.flac", "album/.env", "album/keys/id_rsa", "album/.cp2p-0123.part", "album/.cp2p-0123.folder/tree/x", "song.flac", "server.key"} {
		alice.write(name, len(name))
	}
	in := func(name string) string { return filepath.Join(alice.files, name) }
	check(t, os.Symlink(in("song.flac"), in("album/link.flac")))
	check(t, os.Symlink(in("album"), in("album/loop")))
	socket, err := net.Listen("unix", in("album/s"))
	check(t, err)
	defer socket.Close()
	special := in("s")
	other, err := net.Listen("unix", special)
	check(t, err)
	defer other.Close()
	check(t, os.Symlink(in("album"), in("shortcut")))
	folder := face.ReviewItem{Path: in("album"), Name: "album", Folder: true, Files: 3, Size: 14 + 10 + 17,
		Secrets: []face.SecretFile{{Path: ".env", Size: 10}, {Path: "keys/id_rsa", Size: 17}}}
	named := folder // a link that the person named is followed
	named.Path, named.Name = in("shortcut"), "shortcut"
	review := alice.review(in("album"), in("album"), in("song.flac"), in("server.key"), special, in("nowhere"), in("shortcut"))
	expect(t, review, face.Review{
		Items: []face.ReviewItem{folder,
			{Path: in("song.flac"), Name: "song.flac", Files: 1, Size: 9},
			{Path: in("server.key"), Name: "server.key", Files: 1, Size: 10, Secret: true},
			named,
		},
		Skipped: []face.SkippedPath{
			{Path: in("album"), Reason: face.SkipSymlink, Count: 2},
			{Path: in("album"), Reason: face.SkipSpecial, Count: 1},
			{Path: in("album"), Reason: face.SkipShared},
			{Path: special, Reason: face.SkipSpecial},
			{Path: in("nowhere"), Reason: face.SkipUnreadable},
			{Path: in("shortcut"), Reason: face.SkipSymlink, Count: 2},
			{Path: in("shortcut"), Reason: face.SkipSpecial, Count: 1},
		},
	})
	if n := alice.status().Counts.Shares; n != 0 {
		t.Errorf("the review shared %d", n)
	}
}

func TestAReviewCountsWhatIsIgnored(t *testing.T) {
	alice := newHouse(t)
	check(t, alice.change(func(s *face.Settings) { s.Ignore = "*.tmp\n/old/\n" }))
	for _, name := range []string{"album/one.flac", "album/a.tmp", "album/sub/b.TMP", "album/old/two.flac", "album/old/three.flac", "album/sub/old/four.flac", "c.tmp"} {
		alice.write(name, 10)
	}
	in := func(name string) string { return filepath.Join(alice.files, name) }
	expect(t, alice.review(in("album"), in("c.tmp")), face.Review{
		Items:   []face.ReviewItem{{Path: in("album"), Name: "album", Folder: true, Files: 2, Size: 20}, {Path: in("c.tmp"), Name: "c.tmp", Files: 1, Size: 10}},
		Skipped: []face.SkippedPath{{Path: in("album"), Reason: face.SkipIgnored, Count: 3}},
	})
}

func TestAReviewSaysWhatHasAPathThatIsTooLong(t *testing.T) {
	alice := newHouse(t)
	deep := "album" + strings.Repeat("/d", 70) // a path has at most 64 parts
	for _, name := range []string{"album/one.flac", deep + "/two.flac"} {
		alice.write(name, 10)
	}
	in := filepath.Join(alice.files, "album")
	expect(t, alice.review(in), face.Review{
		Items:   []face.ReviewItem{{Path: in, Name: "album", Folder: true, Files: 1, Size: 10}},
		Skipped: []face.SkippedPath{{Path: in, Reason: face.SkipTooLong, Count: 1}},
	})
}

func TestAReviewSkipsWhatIsSharedUnlessItIsToBeSent(t *testing.T) {
	alice, _, _ := neighbours(t)
	path, _ := alice.write("song.flac", 1000)
	alice.offer(path)
	expect(t, alice.review(path), face.Review{Skipped: []face.SkippedPath{{Path: path, Reason: face.SkipShared}}})
	toSend, err := alice.ReviewSend(deadline(t), []string{path, path})
	check(t, err)
	expect(t, toSend, face.Review{Items: []face.ReviewItem{{Path: path, Name: "song.flac", Files: 1, Size: 1000}},
		Skipped: []face.SkippedPath{{Path: path, Reason: face.SkipShared}}})
}

func TestAReviewOfTenThousandFilesIsWholeAndCanBeCancelled(t *testing.T) {
	alice := newHouse(t)
	big := tenThousand(t, alice)
	expect(t, alice.review(big).Items, []face.ReviewItem{{Path: big, Name: "big", Folder: true, Files: 10_000, Size: 10_000}})

	ctx := &shortContext{Context: context.Background(), left: 500}
	_, err := alice.local.Review(ctx, []string{big})
	refused(t, err, netproto.CodeCancelled)
	if ctx.left < -1 {
		t.Errorf("it went on for %d looks after it was cancelled", -ctx.left)
	}
}

func BenchmarkReviewOfTenThousandFiles(b *testing.B) {
	alice := newHouse(b)
	big := tenThousand(b, alice)
	for b.Loop() {
		alice.review(big)
	}
}

// tenThousand makes a folder of ten thousand files in a hundred folders.
func tenThousand(t testing.TB, h *house) string {
	big := filepath.Join(h.files, "big")
	for d := range 100 {
		dir := filepath.Join(big, fmt.Sprint(d))
		check(t, os.MkdirAll(dir, 0o755))
		for f := range 100 {
			check(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(f)), []byte{1}, 0o644))
		}
	}
	return big
}

// shortContext ends after it was looked at a number of times.
type shortContext struct {
	context.Context
	left int
}

func (c *shortContext) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestAReviewTellsSecretsByTheirBytesAndNeverOffersThisProgramsOwn(t *testing.T) {
	alice := newHouse(t)
	in := func(name string) string { return filepath.Join(alice.files, name) }
	text := func(name, content string) {
		alice.write(name, 1)
		check(t, os.WriteFile(in(name), []byte(content), 0o644))
	}
	const key = "-----BEGIN OPENSSH PRIVATE KEY-----\n"
	text("album/song.flac", "la la")
	text("album/notes.txt", key)
	text("letter.txt", key)
	own, err := os.ReadFile(filepath.Join(alice.profile, "peer.key"))
	check(t, err)
	text("album/holiday.jpg", string(own))
	text("photo.jpg", string(own))
	paths := []string{in("album"), in("letter.txt"), in("photo.jpg"), filepath.Join(alice.profile, "holder")}
	expect(t, alice.review(paths...), face.Review{
		Items: []face.ReviewItem{
			{Path: in("album"), Name: "album", Folder: true, Files: 2, Size: int64(5 + len(key)),
				Secrets: []face.SecretFile{{Path: "notes.txt", Size: int64(len(key))}}},
			{Path: in("letter.txt"), Name: "letter.txt", Files: 1, Size: int64(len(key)), Secret: true},
		},
		Skipped: []face.SkippedPath{
			{Path: in("album"), Reason: face.SkipOwn, Count: 1},
			{Path: in("photo.jpg"), Reason: face.SkipOwn},
			{Path: paths[3], Reason: face.SkipOwn},
		},
	})
	// What the person ticks is shared, and is still shared after a restart.
	check(t, alice.Share(deadline(t), face.ShareRequest{Items: []face.ShareItem{{Path: in("album"), Allow: []string{"notes.txt"}}}}))
	files := func() int {
		rows, err := alice.Shares(deadline(t))
		check(t, err)
		if len(rows) != 1 || rows[0].State != face.ShareShared {
			return -1
		}
		return rows[0].Files
	}
	alice.until("the folder is shared with what was ticked", func() bool { return files() == 2 })
	alice.reopen()
	alice.until("it is shared as before", func() bool { return files() == 2 })
}
