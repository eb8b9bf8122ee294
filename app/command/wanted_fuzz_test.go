package command

import (
	"path/filepath"
	"testing"

	"centralizedp2p/netproto"
)

// FuzzWanted reads any argument of get: what is fetched and where is well-formed, or
// it is an error of usage that can be shown.
func FuzzWanted(f *testing.F) {
	hash := netproto.ContentHash{7}
	for _, what := range []string{"a.txt", "", hash.String(), " " + hash.String() + "\n", netproto.Link{Tracker: "h:1", Hash: hash, Name: "../x", Size: 3}.String(),
		netproto.Link{Tracker: "h:1", Size: -1}.String(), "cp2p://", "CP2P://x/%zz", "\x1b[2J", "\xff"} {
		f.Add(what, "~/x")
		f.Add(what, "")
	}
	f.Fuzz(func(t *testing.T, what, to string) {
		request, link, err := parseWanted(what, to)
		if err != nil {
			if code := netproto.CodeOf(err); code != netproto.CodeUsage && code != netproto.CodeFolderUnwritable || netproto.Printable(err.Error()) != err.Error() {
				t.Fatalf("%q: %q", what, err)
			}
			return
		}
		if !filepath.IsAbs(request.Dir) {
			t.Fatalf("%q goes to %q", to, request.Dir)
		}
		if link != nil && (link.Hash.IsZero() || link.Name != "" && netproto.CheckName(link.Name) != nil) {
			t.Fatalf("%q is %+v", what, link)
		}
	})
}
