// Command outline turns the drawings of the icons, which are lines, into the
// filled shapes that the desktop shows: Fyne colours an icon by filling its
// shapes and leaves lines as they are. Run it with "go generate ./assets" after
// a drawing changed.
package main

import (
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	from := flag.String("from", "drawings", "folder of the drawings")
	to := flag.String("to", "icons", "folder of the icons, which is replaced")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "outline:", err)
		os.Exit(1)
	}
}

// run writes one icon for each drawing, under the same name. Icons without a
// drawing are deleted.
func run(from, to string) error {
	icons, err := outlineAll(from)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(to, "*.svg"))
	if err != nil {
		return err
	}
	for _, file := range old {
		if _, kept := icons[filepath.Base(file)]; !kept {
			if err := os.Remove(file); err != nil {
				return err
			}
		}
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for name, icon := range icons {
		if err := os.WriteFile(filepath.Join(to, name), icon, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// outlineAll returns the icons for the drawings in a folder, by file name.
func outlineAll(folder string) (map[string][]byte, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.svg"))
	if err != nil {
		return nil, err
	}
	icons := make(map[string][]byte, len(files))
	for _, file := range files {
		drawing, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if icons[filepath.Base(file)], err = outline(drawing); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return icons, nil
}

// drawing is what a drawing may contain.
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

// outline returns the icon for a drawing: one path of filled shapes. A drawing
// is made of <circle>, and of <path> with the commands M L H V A C Z, all
// absolute; arcs are those of circles.
func outline(svg []byte) ([]byte, error) {
	var source drawing
	if err := xml.Unmarshal(svg, &source); err != nil {
		return nil, err
	}
	var shapes strings.Builder
	for _, p := range source.Paths {
		strokes, err := readPath(p.D)
		if err != nil {
			return nil, err
		}
		for _, s := range strokes {
			s.write(&shapes)
		}
	}
	for _, c := range source.Circles {
		writeRing(&shapes, c.X, c.Y, c.R+penWidth/2, 0)
		if hole := c.R - penWidth/2; hole > 0 {
			writeRing(&shapes, c.X, c.Y, hole, 1)
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="%s"/></svg>`+"\n", shapes.String()), nil
}
