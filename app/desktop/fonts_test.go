//go:build !darwin || cgo

package desktop

import (
	"image"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit/look"
)

// inkOf returns how much of a picture of a text is dark.
func inkOf(t *testing.T, words string, style fyne.TextStyle) (ink int) {
	t.Helper()
	text := canvas.NewText(words, image.Black.C)
	text.TextSize, text.TextStyle = 40, style
	window := test.NewTempWindow(t, text)
	picture := window.Canvas().Capture()
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			r, _, _, _ := picture.At(x, y).RGBA()
			ink += int(0xffff - r)
		}
	}
	return ink
}

func TestChineseIsBoldAlsoOnASystemInAnotherLanguage(t *testing.T) {
	onUnix(t)
	restoreTexts(t)
	t.Setenv("LANGUAGE", "")
	bold := fyne.TextStyle{Bold: true}
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	test.NewTempApp(t).Settings().SetTheme(look.NewTheme(look.Light))
	want, thin := inkOf(t, "下载", bold), inkOf(t, "下载", fyne.TextStyle{})
	if want < thin+thin/10 {
		t.Skip("this system has no bold font for Chinese")
	}
	t.Setenv("LC_ALL", "en_US.UTF-8")
	app := test.NewTempApp(t)
	app.Preferences().SetString(prefLook, string(look.Light))
	engine := newFake()
	d := newDeskOn(t, app, engine, engine, Options{})
	for _, step := range []struct {
		what string
		do   func()
	}{
		{"chosen in the window", func() { d.window.setLanguage("zh-Hans") }},
		{"in another look", func() { d.window.setLook(look.Dark); d.window.setLook(look.Light) }},
		{"after settings of the desktop changed", func() { app.Settings().SetTheme(look.NewTheme(look.Light)) }},
	} {
		step.do()
		d.until(step.what+", Chinese is bold", func() bool { return inkOf(t, "下载", bold) == want })
	}
	app = test.NewTempApp(t)
	app.Preferences().SetString(prefLook, string(look.Light))
	app.Preferences().SetString(prefLanguage, "zh-Hans")
	t.Cleanup(setGarbage(startPercent))
	GetReady()()
	newDeskOn(t, app, engine, engine, Options{})
	if got := inkOf(t, "下载", bold); got != want {
		t.Errorf("from the start, it has %d of ink, and bold would be %d", got, want)
	}
}
