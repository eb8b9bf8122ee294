//go:build !darwin || cgo

package desktop

import (
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/face"
)

func redSquare(t *testing.T, path string, edge int) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, edge, edge))
	for i := range edge * edge {
		m.Set(i%edge, i/edge, color.RGBA{255, 0, 0, 255})
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, m); err != nil {
		t.Fatal(err)
	}
}

// served serves a folder as the engine serves previews.
func served(t *testing.T, engine *fakeEngine, folder string) {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir(folder)))
	t.Cleanup(server.Close)
	engine.preview = server.URL
}

// drawn reports whether a picture of that width is on the screen.
func (d *desk) drawn(width int) bool {
	root := d.window.win.Canvas().Content()
	if top := d.window.win.Canvas().Overlays().Top(); top != nil {
		root = top
	}
	for _, o := range test.LaidOutObjects(root) {
		if m, ok := o.(*canvas.Image); ok && m.Visible() && m.Image != nil && m.Image.Bounds().Dx() == width {
			return true
		}
	}
	return false
}

func TestARunningFilmIsOpenedInThePlayer(t *testing.T) {
	engine := newFake()
	engine.preview = "http://127.0.0.1:1/SECRET"
	engine.downloads = mixed()
	engine.downloads[0].Name = "film.mkv"
	d, rows := openDownloads(t, engine)
	var opened *url.URL
	d.app.openURL = func(at *url.URL) error {
		opened = at
		return nil
	}
	rows.SelectOnly(0)
	rows.Focus()
	d.key(fyne.KeyReturn)
	d.did(`preview run ""`)
	d.until("the player has it", func() bool { return opened != nil })
	list := opened.Path
	if runtime.GOOS == "windows" {
		list = filepath.FromSlash(strings.TrimPrefix(list, "/")) // of file:///C:/…
	}
	raw, err := os.ReadFile(list)
	if err != nil || !strings.HasSuffix(string(raw), "\nhttp://127.0.0.1:1/SECRET/film.mkv\n") {
		t.Errorf("the player got %q, %v", raw, err)
	}
	if info, err := os.Stat(list); err != nil || runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the address: %v, %v", info.Mode(), err)
	}
	d.reads("Opening the preview.")
	d.tap("Copy address")
	d.until("the address is copied", func() bool { return d.app.Clipboard().Content() == "http://127.0.0.1:1/SECRET/film.mkv" })
	d.window.win.Close()
	if _, err := os.Stat(filepath.Dir(list)); !os.IsNotExist(err) {
		t.Errorf("the list is left: %v", err)
	}
}

func TestAPictureAndATextAreShownInTheWindow(t *testing.T) {
	engine := newFake()
	folder := t.TempDir()
	redSquare(t, filepath.Join(folder, "photo.png"), 300)
	if err := os.WriteFile(filepath.Join(folder, "notes.txt"), []byte("Dear diary,\n"+strings.Repeat("day\n", 30_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	served(t, engine, folder)
	engine.downloads = mixed()
	engine.downloads[0].Name, engine.downloads[1].Folder = "photo.png", true
	engine.folder = face.Folder{Files: []face.FolderFile{{}, {}}}
	engine.folder.Files[0].Path, engine.folder.Files[1].Path = "a tool.exe", "notes.txt"
	d, list := openDownloads(t, engine)
	list.SelectOnly(0)
	chooseItem(t, list.Menu(), "Preview")
	d.until("the picture is drawn", func() bool { return d.drawn(300) })
	d.key(fyne.KeyEscape)
	d.until("the sheet is closed", func() bool { return !d.window.sheets.IsOpen() })
	list.SelectOnly(1)
	chooseItem(t, list.Menu(), "Preview")
	d.reads("Which file do you want to look at first?")
	d.reads("notes.txt")
	d.key(fyne.KeyDown)
	d.tap("Preview")
	d.reads("Dear diary,")
	d.reads("Only the start is shown.")
	d.key(fyne.KeyEscape)
	chooseItem(t, list.Menu(), "Preview")
	d.reads("tool.exe")
	d.key(fyne.KeyDown)
	d.key(fyne.KeyUp)
	d.tap("Preview")
	d.reads("This kind of file can be opened once it is complete.")
}

func TestAPreviewThatFailsSaysSo(t *testing.T) {
	engine := newFake()
	served(t, engine, t.TempDir())
	engine.downloads = mixed()
	engine.downloads[0].Name = "photo.png"
	d, list := openDownloads(t, engine)
	list.SelectOnly(0)
	chooseItem(t, list.Menu(), "Preview")
	d.reads("This cannot be shown here.")
}

func TestAPictureHasAThumbnailInItsRow(t *testing.T) {
	engine := newFake()
	folder := t.TempDir()
	redSquare(t, filepath.Join(folder, "photo.png"), 300)
	engine.downloads = []face.Download{
		{ID: "1", Name: "photo.png", State: face.DownloadFinished, Path: filepath.Join(folder, "photo.png"), Finished: time.Unix(1, 0)},
		{ID: "2", Name: "gone.png", State: face.DownloadFinished, Path: filepath.Join(folder, "gone.png"), Finished: time.Unix(1, 0)},
	}
	d, _ := openDownloads(t, engine)
	d.until("the thumbnail is drawn", func() bool { return d.drawn(2 * kit.ThumbnailSize) })
}
