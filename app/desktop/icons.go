//go:build !darwin || cgo

package desktop

import (
	"encoding/xml"
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"centralizedp2p/assets"
)

// The icons are drawn as lines. Fyne gives an icon the colour of the theme by
// filling its shapes anew, and leaves lines as they are; so each line is made a
// shape here. Of SVG the drawings use <path> with the commands M L H V A C Z,
// all absolute and arcs of circles alone, and <circle>.

const penWidth = 1.75 // of every line, on a square of 24

// icon is one of our drawings, in the colour of text.
func icon(name string) fyne.Resource {
	if known, ok := icons.Load(name); ok {
		return known.(fyne.Resource)
	}
	shape, err := outlined(name)
	if err != nil {
		fyne.LogError("an icon cannot be drawn", err)
		return theme.DefaultTheme().Icon(theme.IconNameBrokenImage)
	}
	made := theme.NewThemedResource(fyne.NewStaticResource(name+".svg", shape))
	icons.Store(name, made)
	return made
}

var icons sync.Map // of fyne.Resource, by name

// themeIcons are the drawings in the place of Fyne's own.
var themeIcons = map[fyne.ThemeIconName]string{
	theme.IconNameSearch: "search", theme.IconNameDownload: "download", theme.IconNameUpload: "upload",
	theme.IconNameFolder: "folder", theme.IconNameFolderOpen: "folder-open", theme.IconNameFolderNew: "new-folder",
	theme.IconNameStorage: "tracker", theme.IconNameSettings: "settings", theme.IconNameFile: "file",
	theme.IconNameDocument: "document", theme.IconNameFileText: "document", theme.IconNameFileAudio: "audio",
	theme.IconNameFileVideo: "video", theme.IconNameFileImage: "image", theme.IconNameFileApplication: "program",
	theme.IconNameContentCopy: "copy", theme.IconNameContentPaste: "paste", theme.IconNameContentCut: "cut",
	theme.IconNameContentAdd: "add", theme.IconNameContentRemove: "remove", theme.IconNameContentUndo: "undo",
	theme.IconNameContentRedo: "redo", theme.IconNameContentClear: "close", theme.IconNameConfirm: "check",
	theme.IconNameCancel: "close", theme.IconNameDelete: "trash", theme.IconNameWarning: "warning",
	theme.IconNameError: "error", theme.IconNameInfo: "info", theme.IconNameQuestion: "question",
	theme.IconNameHelp: "question", theme.IconNameHistory: "clock", theme.IconNameViewRefresh: "refresh",
	theme.IconNameMediaPause: "pause", theme.IconNameMediaPlay: "play", theme.IconNameMediaStop: "stop",
	theme.IconNameMediaFastForward: "fast", theme.IconNameAccount: "person", theme.IconNameHome: "home",
	theme.IconNameComputer: "computer", theme.IconNameMailForward: "move", theme.IconNameGrid: "grid",
	theme.IconNameList: "list", theme.IconNameMoveUp: "up", theme.IconNameMoveDown: "down",
	theme.IconNameMoreHorizontal: "more", theme.IconNameArrowDropDown: "chevron-down", theme.IconNameArrowDropUp: "chevron-up",
	theme.IconNameMenuExpand: "chevron-right", theme.IconNameNavigateBack: "chevron-left",
	theme.IconNameNavigateNext: "chevron-right", theme.IconNameVisibility: "eye", theme.IconNameVisibilityOff: "eye-off",
	theme.IconNameLogin: "login", theme.IconNameLogout: "logout",
}

// Icon is part of fyne.Theme.
func (l look) Icon(name fyne.ThemeIconName) fyne.Resource {
	if ours, ok := themeIcons[name]; ok {
		return icon(ours)
	}
	return l.Theme.Icon(name)
}

type drawing struct {
	Paths []struct {
		D string `xml:"d,attr"`
	} `xml:"path"`
	Circles []struct {
		X float64 `xml:"cx,attr"`
		Y float64 `xml:"cy,attr"`
		R float64 `xml:"r,attr"`
	} `xml:"circle"`
}

// outlined reads a drawing and makes its lines shapes.
func outlined(name string) ([]byte, error) {
	data, err := assets.Icons.ReadFile(path.Join(assets.IconsDir, name+".svg"))
	if err != nil {
		return nil, err
	}
	var source drawing
	if err := xml.Unmarshal(data, &source); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var shapes strings.Builder
	for _, p := range source.Paths {
		lines, err := pathLines(p.D)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, line := range lines {
			for i := range len(line) - 1 {
				writeStroke(&shapes, line[i], line[i+1])
			}
		}
	}
	for _, c := range source.Circles {
		writeRing(&shapes, c.X, c.Y, c.R+penWidth/2, 0)
		if hole := c.R - penWidth/2; hole > 0 {
			writeRing(&shapes, c.X, c.Y, hole, 1)
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="%s"/></svg>`, shapes.String()), nil
}

type point struct{ x, y float64 }

// writeStroke writes the shape of a straight line with round ends. All turn the
// same way, so that they are one where they overlap.
func writeStroke(to *strings.Builder, a, b point) {
	const r = penWidth / 2
	length := math.Hypot(b.x-a.x, b.y-a.y)
	if length == 0 {
		return
	}
	nx, ny := -(b.y-a.y)/length*r, (b.x-a.x)/length*r
	fmt.Fprintf(to, "M%.3f %.3fL%.3f %.3fA%.3f %.3f 0 0 0 %.3f %.3fL%.3f %.3fA%.3f %.3f 0 0 0 %.3f %.3fZ",
		a.x+nx, a.y+ny, b.x+nx, b.y+ny, r, r, b.x-nx, b.y-ny, a.x-nx, a.y-ny, r, r, a.x+nx, a.y+ny)
}

// writeRing writes a circle; the way it turns says whether it is filled or cut
// out.
func writeRing(to *strings.Builder, x, y, r float64, sweep int) {
	fmt.Fprintf(to, "M%.3f %.3fA%.3f %.3f 0 1 %d %.3f %.3fA%.3f %.3f 0 1 %d %.3f %.3fZ",
		x-r, y, r, r, sweep, x+r, y, r, r, sweep, x-r, y)
}

// pathLines reads the data of a path as lines through points; curves become
// several short ones.
func pathLines(data string) ([][]point, error) {
	const steps = 12
	words := strings.Fields(data)
	var lines [][]point
	at := point{}
	for len(words) > 0 {
		command := words[0][:1]
		if rest := words[0][1:]; rest == "" {
			words = words[1:]
		} else {
			words[0] = rest
		}
		needs, known := map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "A": 7, "C": 6, "Z": 0}[command]
		if !known || len(words) < needs || command != "M" && len(lines) == 0 {
			return nil, fmt.Errorf("%q is not a path that is drawn here", data)
		}
		n := make([]float64, needs)
		for i := range n {
			var err error
			if n[i], err = strconv.ParseFloat(words[i], 64); err != nil {
				return nil, err
			}
		}
		words = words[needs:]
		last := len(lines) - 1
		switch command {
		case "M":
			at = point{n[0], n[1]}
			lines = append(lines, []point{at})
			continue
		case "L":
			at = point{n[0], n[1]}
		case "H":
			at.x = n[0]
		case "V":
			at.y = n[0]
		case "Z":
			at = lines[last][0]
		case "A":
			from, to := at, point{n[5], n[6]}
			for i := 1; i < steps; i++ {
				lines[last] = append(lines[last], arcPoint(from, to, n[0], n[3] != 0, n[4] != 0, float64(i)/steps))
			}
			at = to
		case "C":
			from, to := at, point{n[4], n[5]}
			for i := 1; i < steps; i++ {
				t := float64(i) / steps
				u := 1 - t
				lines[last] = append(lines[last], point{
					u*u*u*from.x + 3*u*u*t*n[0] + 3*u*t*t*n[2] + t*t*t*to.x,
					u*u*u*from.y + 3*u*u*t*n[1] + 3*u*t*t*n[3] + t*t*t*to.y})
			}
			at = to
		}
		lines[last] = append(lines[last], at)
	}
	return lines, nil
}

// arcPoint is a point of an arc of a circle, t of its way from one end to the
// other (SVG 1.1, F.6.5).
func arcPoint(from, to point, r float64, large, sweep bool, t float64) point {
	dx, dy := (to.x-from.x)/2, (to.y-from.y)/2
	half := math.Hypot(dx, dy)
	r = max(r, half)
	away := math.Sqrt(r*r-half*half) / half
	if large == sweep {
		away = -away
	}
	center := point{from.x + dx - away*dy, from.y + dy + away*dx}
	begin := math.Atan2(from.y-center.y, from.x-center.x)
	turn := math.Atan2(to.y-center.y, to.x-center.x) - begin
	if sweep && turn < 0 {
		turn += 2 * math.Pi
	} else if !sweep && turn > 0 {
		turn -= 2 * math.Pi
	}
	return point{center.x + r*math.Cos(begin+turn*t), center.y + r*math.Sin(begin+turn*t)}
}
