//go:build !darwin || cgo

package lists

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/app/desktop/kit"
	"centralizedp2p/app/desktop/kit/kittest"
	"centralizedp2p/app/desktop/words"
)

// captionOf is a caption of one text.
func captionOf(text string) words.Parts { return words.Side(words.Part{Text: text}) }

func TestAFailureTakesThePlaceOfTheBarAndIsWholeInTheTooltip(t *testing.T) {
	s := kittest.New(t)
	v := &TwoLines{}
	v.Init()
	v.ExtendBaseWidget(v)
	s.Show(v)
	v.Set(RowText{Name: "a", State: kit.Mark{Text: "Downloading", Icon: theme.DownloadIcon(), Color: theme.ColorNamePrimary}, Done: 0.5, Caption: captionOf("half")})
	if !v.bar.Visible() || v.failure.Visible() || v.Hint() != "" {
		t.Error("a running row has no bar, or an advice")
	}
	v.Set(RowText{Name: "a", State: kit.Mark{Text: "Failed", Icon: theme.ErrorIcon(), Color: theme.ColorNameError}, Caption: captionOf("It failed."), Advice: "Try again."})
	if v.bar.Visible() || v.caption.Visible() || !v.failure.Visible() || v.Hint() != "It failed. Try again." {
		t.Errorf("a failed row has the tooltip %q", v.Hint())
	}
	v.Set(RowText{Name: "a", State: kit.Mark{Text: "Finished", Icon: theme.ConfirmIcon(), Color: theme.ColorNameSuccess}, NoBar: true, Caption: captionOf("done")})
	if v.bar.Visible() || v.failure.Visible() || !v.caption.Visible() || v.Hint() != "" {
		t.Error("a finished row has a bar, an advice or a tooltip")
	}
}

// captioned is a list of one row of two lines.
func captioned(t *testing.T, width float32, text RowText) (list *List[string], tips *kit.Tips) {
	t.Helper()
	s := kittest.New(t)
	tips = kit.NewTips()
	list = New(Host{Tips: tips}, func(key string) string { return key }, func(key string) string { return key }, func() View[string] {
		v := &captionedView{shows: text}
		v.Init()
		v.ExtendBaseWidget(v)
		return v
	})
	s.Show(container.NewStack(list, tips.Layer))
	s.Window.Resize(fyne.NewSize(width, 240))
	list.SetRows([]string{"a"})
	return list, tips
}

type captionedView struct {
	TwoLines
	shows RowText
}

func (v *captionedView) Fill(string) { v.Set(v.shows) }

func TestWhatIsCutInARowIsWholeInItsTooltip(t *testing.T) {
	downloading := RowText{Name: "a", State: kit.Mark{Text: "Downloading", Icon: theme.DownloadIcon()}, Caption: captionOf("412 MB of 1.2 GB · 8.4 MB/s · 2 min left · 5 sources · high priority · at most 9 MB/s")}
	failed := RowText{Name: "a", State: kit.Mark{Text: "Failed", Icon: theme.ErrorIcon(), Color: theme.ColorNameError}, Caption: captionOf("It failed."), Advice: "Try again."}
	for _, c := range []struct {
		text  RowText
		width float32
		want  string
	}{{downloading, 320, downloading.Caption.String()}, {downloading, 900, ""}, {failed, 320, "It failed. Try again."}} {
		list, tips := captioned(t, c.width, c.text)
		for r := range list.bound {
			r.MouseIn(&desktop.MouseEvent{})
		}
		said := ""
		for _, o := range tips.Layer.Objects {
			if line, ok := o.(*canvas.Text); ok && tips.Layer.Visible() {
				said = strings.TrimSpace(said + " " + line.Text)
			}
		}
		if said != c.want {
			t.Errorf("at %v the tooltip reads %q instead of %q", c.width, said, c.want)
		}
	}
}

func TestAFailureAndItsAdviceAreWholeOnAsManyLinesAsTheyNeed(t *testing.T) {
	s := kittest.New(t)
	failed := RowText{Name: "setup.exe", State: kit.Mark{Text: "Failed", Icon: theme.ErrorIcon(), Color: theme.ColorNameError}, Caption: captionOf("Failed: The folder cannot be written to: /home/ada/Downloads."),
		Advice: "Make the folder writable, or move the download to another one; it then continues by itself."}
	buttons := func() (all []fyne.CanvasObject) {
		for range 3 {
			all = append(all, kit.NewIconButton(kit.NewTips(), theme.CancelIcon(), "Close", nil))
		}
		return all
	}
	for _, text := range []RowText{failed, {Name: "a", State: failed.State, Caption: captionOf("失败：无法写入该文件夹：/home/ada/Downloads。"),
		Advice: "请将该文件夹设为可写，或将下载移动到其他文件夹；之后会自动继续。请将该文件夹设为可写，或将下载移动到其他文件夹。"}} {
		v := &TwoLines{}
		v.Init(buttons()...)
		v.ExtendBaseWidget(v)
		s.Show(v)
		v.Set(text)
		for _, width := range []float32{480, 600, 1200} {
			more := text.More(3, width)
			v.Resize(fyne.NewSize(width, transferRowHeight+more))
			said := ""
			for _, o := range v.failure.Objects {
				line := o.(*kit.Line)
				if line.IsCut() {
					t.Errorf("%q is cut at %v", line.Text, width)
				}
				if end := v.failure.Position().Y + line.Position().Y + line.Size().Height; end > v.Size().Height {
					t.Errorf("%q ends at %v in a row of %v", line.Text, end, v.Size().Height)
				}
				said += line.Text
			}
			bare := func(text string) string { return strings.ReplaceAll(text, " ", "") }
			if bare(said) != bare(text.Caption.String()+text.Advice) {
				t.Errorf("at %v it reads %q", width, said)
			}
			lines := len(v.failure.Objects)
			asWide := text.Name == "a" || (lines == 2) == (width == 1200) // Chinese is as wide as the system's font
			if more != float32(lines-2)*captionHeight || !asWide {
				t.Errorf("at %v it has %d lines and is %v higher", width, lines, more)
			}
		}
	}
	if more := (RowText{Caption: captionOf(strings.Repeat("long ", 100))}).More(3, 320); more != 0 {
		t.Errorf("a row without an advice is %v higher", more)
	}
	if lines, _ := (RowText{Caption: captionOf(strings.Repeat("long ", 100)), Advice: "x"}).failureLines(200); len(lines) != mostLines {
		t.Errorf("a long failure has the lines %s", fmt.Sprint(lines))
	}
}

func TestALongFailureIsCutWithoutRepeatingALetter(t *testing.T) {
	kittest.New(t)
	const failure = "Échec\u00a0: 12\u00a0Mo sur 40\u00a0Mo\u00a0; le dossier n’accepte pas d’écriture, et le disque ne répond plus depuis longtemps"
	what, _ := RowText{Caption: captionOf(failure), Advice: "x"}.failureLines(240)
	if got, want := strings.Join(what, " "), strings.ReplaceAll(failure, "\u00a0", " "); len(what) != mostLines || got != want {
		t.Errorf("it reads %q", what)
	}
}
