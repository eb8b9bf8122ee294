//go:build !darwin || cgo

package pages

import "centralizedp2p/app/desktop/words"

// Preferences of where downloads are saved: whether the person is asked each time, and
// the folder that was chosen last.
const (
	PrefAskWhere  = "downloads.ask"
	prefLastWhere = "downloads.where"
)

// WhereTo calls then with the folder to save a download in.
type WhereTo func(w Window, then func(folder string))

// Where calls then with the folder to save a download in. It asks if the person wants to
// be asked each time; otherwise it is "", the folder in the settings.
func Where(w Window, then func(folder string)) {
	if w.Host().Prefs.Bool(PrefAskWhere) {
		AskWhere(w, then)
	} else {
		then("")
	}
}

// AskWhere lets the person choose the folder.
func AskWhere(w Window, then func(folder string)) {
	prefs := w.Host().Prefs
	w.Sheets().PickFolder(words.L("Choose where to save it"), prefs.String(prefLastWhere), func(folder string) {
		prefs.SetString(prefLastWhere, folder)
		then(folder)
	})
}
