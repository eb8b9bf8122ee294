//go:build !darwin || cgo

package kit

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"centralizedp2p/app/desktop/kit/kittest"
)

// drawnLines returns what is drawn in an object, line by line.
func drawnLines(object fyne.CanvasObject) (lines []string) {
	for _, o := range test.LaidOutObjects(object) {
		if text, ok := o.(*canvas.Text); ok && text.Visible() {
			lines = append(lines, text.Text)
		}
	}
	return lines
}

func TestWordsThatBelongTogetherStayInOneLineOfATextAtEveryWidth(t *testing.T) {
	for _, c := range []struct {
		text     string
		together []string
		never    string // what no line begins with
	}{
		{"Toujours accepter de Grace\u00a0? Vous pouvez changer cela dans les Paramètres\u00a0: la liste y est.", []string{"Grace ?", "Paramètres :"}, "?:"},
		{"Noch 12 s, dann 34 MB von 1,2 GB, u.\u00a0a. Bilder", []string{"12 s", "34 MB", "1,2 GB", "u. a."}, ""},
		{"请将该文件夹设为可写，或将下载移动到其他文件夹；之后会自动继续。", nil, "，；。"},
	} {
		s := kittest.New(t)
		text := Paragraph(c.text)
		s.Show(container.NewVBox(text))
		for width := float32(110); width < 700; width += 7 {
			s.Window.Resize(fyne.NewSize(width, 300))
			lines := drawnLines(text)
			all := strings.Join(lines, "\n")
			if bare := strings.NewReplacer(" ", "", "\u00a0", "", "\n", ""); bare.Replace(all) != bare.Replace(c.text) {
				t.Fatalf("at %v it reads %q", width, lines)
			}
			for _, words := range c.together {
				if !strings.Contains(strings.ReplaceAll(all, "\u00a0", " "), words) {
					t.Errorf("at %v %q is broken: %q", width, words, lines)
				}
			}
			for _, line := range lines {
				if c.never != "" && strings.ContainsAny(line[:len(string([]rune(line)[:1]))], c.never) {
					t.Errorf("at %v a line begins with %q", width, line)
				}
			}
		}
		if text.Text != c.text {
			t.Errorf("the text is %q now", text.Text)
		}
		s.Window.Resize(fyne.NewSize(2000, 300))
		if lines := drawnLines(text); len(lines) != 1 {
			t.Errorf("where there is room, it has the lines %q", lines)
		}
		text.SetText("other\nlines")
		if lines := drawnLines(text); len(lines) != 2 || lines[1] != "lines" {
			t.Errorf("another text has the lines %q", lines)
		}
	}
}
