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
	theme.IconNameComputer: "computer", theme.IconNameMailForward: "move", theme.IconNameGrid: "code",
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
		strokes, err := readPath(p.D)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, one := range strokes {
			one.write(&shapes)
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

// stroke is a straight line, or an arc of a circle where it has a radius.
type stroke struct {
	from, to     point
	radius       float64
	large, sweep bool // as in SVG
}

// write writes the shape of a stroke with round ends. All shapes turn the same
// way, so that they are one where they overlap.
func (s stroke) write(to *strings.Builder) {
	const half = penWidth / 2
	if s.from == s.to {
		return
	}
	if s.radius > 0 {
		s.writeArc(to, half)
		return
	}
	length := math.Hypot(s.to.x-s.from.x, s.to.y-s.from.y)
	nx, ny := -(s.to.y-s.from.y)/length*half, (s.to.x-s.from.x)/length*half
	fmt.Fprintf(to, "M%.2f %.2fL%.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fL%.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fZ",
		s.from.x+nx, s.from.y+ny, s.to.x+nx, s.to.y+ny, half, half, s.to.x-nx, s.to.y-ny, s.from.x-nx, s.from.y-ny, half, half, s.from.x+nx, s.from.y+ny)
}

// writeArc writes the shape between a larger and a smaller arc.
func (s stroke) writeArc(to *strings.Builder, half float64) {
	if s.sweep { // the same arc, the other way round
		s.from, s.to, s.sweep = s.to, s.from, false
	}
	center, r := s.center()
	at := func(p point, radius float64) (x, y float64) {
		return center.x + (p.x-center.x)/r*radius, center.y + (p.y-center.y)/r*radius
	}
	large := 0
	if s.large {
		large = 1
	}
	outer, inner := r+half, max(r-half, 0.01)
	ax, ay := at(s.from, outer)
	bx, by := at(s.to, outer)
	cx, cy := at(s.to, inner)
	dx, dy := at(s.from, inner)
	fmt.Fprintf(to, "M%.2f %.2fA%.3f %.3f 0 %d 0 %.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fA%.3f %.3f 0 %d 1 %.2f %.2fA%.3f %.3f 0 0 0 %.2f %.2fZ",
		ax, ay, outer, outer, large, bx, by, half, half, cx, cy, inner, inner, large, dx, dy, half, half, ax, ay)
}

// center is that of an arc, with its radius, which is at least as large as is
// needed to get from one end to the other (SVG 1.1, F.6.5 and F.6.6).
func (s stroke) center() (point, float64) {
	dx, dy := (s.to.x-s.from.x)/2, (s.to.y-s.from.y)/2
	half := math.Hypot(dx, dy)
	r := max(s.radius, half)
	away := math.Sqrt(r*r-half*half) / half
	if s.large == s.sweep {
		away = -away
	}
	return point{s.from.x + dx - away*dy, s.from.y + dy + away*dx}, r
}

// writeRing writes a circle; the way it turns says whether it is filled or cut
// out.
func writeRing(to *strings.Builder, x, y, r float64, sweep int) {
	fmt.Fprintf(to, "M%.3f %.3fA%.3f %.3f 0 1 %d %.3f %.3fA%.3f %.3f 0 1 %d %.3f %.3fZ",
		x-r, y, r, r, sweep, x+r, y, r, r, sweep, x-r, y)
}

// readPath reads the data of a path; a curve becomes several short lines.
func readPath(data string) ([]stroke, error) {
	const farthest = 1000 // from the square of 24 that is drawn on
	words := strings.Fields(data)
	var strokes []stroke
	var at, begin point
	begun := false
	for len(words) > 0 {
		command := words[0][:1]
		if rest := words[0][1:]; rest == "" {
			words = words[1:]
		} else {
			words[0] = rest
		}
		needs, known := map[string]int{"M": 2, "L": 2, "H": 1, "V": 1, "A": 7, "C": 6, "Z": 0}[command]
		if !known || len(words) < needs || command != "M" && !begun {
			return nil, fmt.Errorf("%q is not a path that is drawn here", data)
		}
		n := make([]float64, needs)
		for i := range n {
			var err error
			if n[i], err = strconv.ParseFloat(words[i], 64); err != nil || !(math.Abs(n[i]) <= farthest) {
				return nil, fmt.Errorf("%q is no place in a drawing", words[i])
			}
		}
		words = words[needs:]
		to := at
		switch command {
		case "M":
			at, begin, begun = point{n[0], n[1]}, point{n[0], n[1]}, true
			continue
		case "L":
			to = point{n[0], n[1]}
		case "H":
			to.x = n[0]
		case "V":
			to.y = n[0]
		case "Z":
			to = begin
		case "A":
			to = point{n[5], n[6]}
			strokes = append(strokes, stroke{from: at, to: to, radius: n[0], large: n[3] != 0, sweep: n[4] != 0})
			at = to
			continue
		case "C":
			to = point{n[4], n[5]}
			strokes = append(strokes, curve(at, point{n[0], n[1]}, point{n[2], n[3]}, to)...)
			at = to
			continue
		}
		strokes = append(strokes, stroke{from: at, to: to})
		at = to
	}
	return strokes, nil
}

// curve is a cubic Bézier curve as short lines.
func curve(from, first, second, to point) []stroke {
	const steps = 8
	var strokes []stroke
	at := from
	for i := 1; i <= steps; i++ {
		t := float64(i) / steps
		u := 1 - t
		next := point{
			u*u*u*from.x + 3*u*u*t*first.x + 3*u*t*t*second.x + t*t*t*to.x,
			u*u*u*from.y + 3*u*u*t*first.y + 3*u*t*t*second.y + t*t*t*to.y}
		strokes = append(strokes, stroke{from: at, to: next})
		at = next
	}
	return strokes
}
