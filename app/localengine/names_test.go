package localengine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/nametest"
)

// A drop on the window: the review of the files, one by one and in their folder, and
// what comes of sharing them.
func TestWhatIsDroppedMayHaveAnyName(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has files with all of these names")
	}
	alice, bob, _ := neighbours(t)
	folder := filepath.Join(alice.files, "dropped")
	check(t, os.Mkdir(folder, 0o755))
	names := nametest.OnDisk()
	var paths []string
	for _, name := range names {
		path := filepath.Join(folder, name)
		check(t, os.WriteFile(path, []byte(name), 0o644))
		paths = append(paths, path)
	}
	// Not on disk: what a link, a file manager or another program may hand over.
	for _, n := range nametest.Names() {
		if !strings.Contains(n.Text, "..") { // which could be any folder of this computer
			paths = append(paths, filepath.Join(alice.files, "none", n.Text))
		}
	}
	review := alice.review(paths...)
	if len(review.Items) < len(names)/2 || len(review.Items)+len(review.Skipped) < len(names) {
		t.Errorf("%d of %d files are in the review, %d are skipped", len(review.Items), len(names), len(review.Skipped))
	}
	for _, item := range review.Items {
		if !filepath.IsAbs(item.Path) || item.Name != filepath.Base(item.Path) {
			t.Errorf("%+v", item)
		}
	}
	raw, err := json.Marshal(review)
	if err != nil || !json.Valid(raw) || !utf8.Valid(raw) {
		t.Errorf("the review is no JSON: %v", err)
	}
	nametest.Tried(t, len(paths), "files dropped on the window")

	whole := alice.review(folder)
	if len(whole.Items) > 1 || len(whole.Items) == 1 && whole.Items[0].Files == 0 {
		t.Errorf("the folder is reviewed as %+v", whole.Items)
	}
	odd := []string{"a", "x\ufeffy", "\xff", "a\x1bb"}
	var request face.ShareRequest
	for _, name := range odd {
		request.Items = append(request.Items, face.ShareItem{Path: filepath.Join(folder, name)})
	}
	check(t, alice.Share(deadline(t), request))
	alice.until("they are shared", func() bool {
		shares, err := alice.Shares(deadline(t))
		check(t, err)
		return len(shares) == len(odd) && !slices.ContainsFunc(shares, func(s face.Share) bool { return s.State != face.ShareShared })
	})
	// Others find them under names that they can have.
	bob.until("they are found", func() bool {
		found := 0
		for _, name := range odd {
			for _, hit := range bob.find(`"` + netproto.SafeName(name) + `"`) {
				if hit.Name == netproto.SafeName(name) {
					found++
				}
			}
		}
		return found >= 3 // a sign alone is no word
	})
}
