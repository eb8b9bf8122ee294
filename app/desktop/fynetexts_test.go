//go:build !darwin || cgo

package desktop

import (
	"os"
	"runtime"
	"testing"

	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/words"
)

// onUnix skips a test where the environment does not say the language.
func onUnix(t *testing.T) {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		t.Skip("the system says the language, and Fyne's own words stay in it")
	}
}

// restoreTexts shows the texts of the system again after a test.
func restoreTexts(t *testing.T) {
	t.Helper()
	t.Cleanup(func() {
		if err := loadTexts(""); err != nil {
			t.Error(err)
		}
	})
}

func TestFynesOwnWordsAreInTheLanguageOfOurs(t *testing.T) {
	onUnix(t)
	test.NewTempApp(t)
	restoreTexts(t)
	t.Setenv("LANGUAGE", "")
	for locale, want := range map[string][2]string{
		"pt_PT.UTF-8": {"Adicionar arquivos", "Voltar"}, "zh_CN.UTF-8": {"添加文件", "返回"}, "de_AT.UTF-8": {"Dateien hinzufügen", "Zurück"},
		"cs_CZ.UTF-8": {"Add files", "Back"}, "C": {"Add files", "Back"},
	} {
		t.Setenv("LC_ALL", locale)
		if err := loadTexts(""); err != nil {
			t.Fatal(err)
		}
		ours, fynes := [2]string{words.L("Add files"), words.L("Back")}, lang.L("Create Folder")
		if english := fynes == "Create Folder"; ours != want || english != (want[0] == "Add files") {
			t.Errorf("%s: we say %q, and Fyne %q", locale, ours, fynes)
		}
	}
}

func TestFyneSpeaksTheChosenLanguage(t *testing.T) {
	onUnix(t)
	test.NewTempApp(t)
	t.Setenv("LC_ALL", "en_US.UTF-8")
	t.Setenv("LANGUAGE", "fr:en")
	restoreTexts(t)
	if err := loadTexts("de"); err != nil {
		t.Fatal(err)
	}
	if got := lang.L("Create Folder"); got != "Erstelle Ordner" {
		t.Errorf("in German Fyne says %q", got)
	}
	if os.Getenv("LC_ALL") != "en_US.UTF-8" || os.Getenv("LANGUAGE") != "fr:en" {
		t.Error("the environment is not as it was")
	}
}
