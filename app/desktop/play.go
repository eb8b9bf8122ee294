//go:build !darwin || cgo

package desktop

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"centralizedp2p/app/desktop/native"
	"centralizedp2p/app/desktop/words"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// player opens addresses of previews with programs of the system. Those open the
// address of a film in a web browser, but a list of films in a player: so films and
// music are handed over in a list.
type player struct {
	window  *window
	folders []string // that hold lists, until the window closes
}

// Play opens a file that is not complete yet with the program of the system.
func (w *window) Play(preview face.Preview) { w.player.play(preview) }

func (p *player) play(preview face.Preview) {
	switch netproto.KindOf(preview.Name, "", false) {
	case netproto.KindVideo, netproto.KindAudio:
	default:
		at, err := url.Parse(preview.URL)
		if err != nil {
			p.window.Fail(err)
			return
		}
		p.open(preview, at)
		return
	}
	p.window.crossing.start(func(context.Context) func() {
		folder, list, err := writePlaylist(preview)
		return func() {
			if err != nil {
				p.window.Fail(err)
				return
			}
			p.folders = append(p.folders, folder)
			p.open(preview, native.FileURL(list))
		}
	})
}

// open has the system open an address, and offers that of the preview in case that
// nothing happens.
func (p *player) open(preview face.Preview, at *url.URL) {
	w := p.window
	if w.app.OpenURL(at) != nil {
		w.notice.fail(words.Message{What: words.L("No program can open this kind of file"), Why: netproto.Printable(preview.Name),
			Next: words.L("Wait until it is complete, or install a player.")})
		return
	}
	w.TellNext(words.L("Opening the preview. If nothing opens, paste its address into a player."), words.L("Copy address"),
		func() { w.Copy(preview.URL, words.L("Address copied.")) })
}

// writePlaylist writes a list of one film, which only this user can read: the address
// is a secret. It returns the folder of the list, too.
func writePlaylist(preview face.Preview) (folder, list string, err error) {
	folder, err = os.MkdirTemp("", "centralizedp2p-*")
	if err != nil {
		return "", "", err
	}
	title := strings.NewReplacer("\r", " ", "\n", " ").Replace(netproto.Printable(preview.Name))
	list = filepath.Join(folder, "preview.m3u8")
	err = os.WriteFile(list, []byte("#EXTM3U\n#EXTINF:-1,"+title+"\n"+preview.URL+"\n"), 0o600)
	return folder, list, err
}

// close removes the lists. The players have read them.
func (p *player) close() {
	for _, folder := range p.folders {
		_ = os.RemoveAll(folder) // it is in the system's folder for what may be lost
	}
}
