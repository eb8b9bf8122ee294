package remote

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

func TestWhatRunsWhenSomethingIsFinishedIsSetHereOnly(t *testing.T) {
	f := &settingsEngine{saved: face.Settings{Name: "nas", OnFinished: "/usr/bin/notify --token secret"}}
	b := bounded{f, func() []string { return nil }}
	s, err := b.Settings(t.Context())
	if err != nil || s.OnFinished != "" || s.Name != "nas" {
		t.Errorf("another computer sees %+v, %v", s, err)
	}
	s.Name = "attic"
	if err := b.ApplySettings(t.Context(), s); err != nil || f.saved.OnFinished != "/usr/bin/notify --token secret" || f.saved.Name != "attic" {
		t.Errorf("it has %+v, %v", f.saved, err)
	}
	s.OnFinished = "/bin/sh -c evil"
	refused := face.InvalidSettings{}
	if err := b.ApplySettings(t.Context(), s); !errors.As(err, &refused) || refused[face.FieldOnFinished].Code != netproto.CodeDenied || f.saved.OnFinished == s.OnFinished {
		t.Errorf("%v; it has %+v", err, f.saved)
	}
}

// settingsEngine has settings and nothing else.
type settingsEngine struct {
	face.Engine
	saved face.Settings
}

func (f *settingsEngine) Settings(context.Context) (face.Settings, error) { return f.saved, nil }

func (f *settingsEngine) ApplySettings(_ context.Context, s face.Settings) error {
	f.saved = s
	return nil
}

// listEngine lists any folder, and says which.
type listEngine struct {
	face.Engine
	asked []string
}

func (f *listEngine) ListFolder(_ context.Context, folder string) (face.FolderList, error) {
	f.asked = append(f.asked, folder)
	return face.FolderList{Path: folder, Parent: filepath.Dir(folder)}, nil
}

func TestFoldersAreListedWhereTheOwnerAllows(t *testing.T) {
	dir := t.TempDir()
	media, private := filepath.Join(dir, "media"), filepath.Join(dir, "private")
	for _, path := range []string{filepath.Join(media, "films"), private} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(media, "link")
	if err := os.Symlink(private, link); err != nil {
		link = private // where there are no links
	}
	f := &listEngine{}
	b := bounded{f, func() []string { return []string{media} }}
	top, err := b.ListFolder(t.Context(), "")
	if err != nil || len(top.Entries) != 1 || top.Entries[0].Path != media || !top.Entries[0].Folder {
		t.Errorf("the places to begin at are %+v, %v", top, err)
	}
	for path, parent := range map[string]string{media: "", filepath.Join(media, "films"): media} {
		if list, err := b.ListFolder(t.Context(), path); err != nil || list.Path != path || list.Parent != parent {
			t.Errorf("%s: %+v, %v", path, list, err)
		}
	}
	f.asked = nil
	for _, path := range []string{private, link, dir, media + "/../private", "media", media + "x", "/", filepath.Join(link, "deeper")} {
		if _, err := b.ListFolder(t.Context(), path); netproto.CodeOf(err) != netproto.CodeDenied {
			t.Errorf("%s: %v", path, err)
		}
	}
	if len(f.asked) > 0 {
		t.Errorf("the engine was asked for %q", f.asked)
	}
}
