//go:build !darwin || cgo

package desktop

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"centralizedp2p/assets"
)

func TestMetadataSaysWhatFyneAppTomlSays(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "FyneApp.toml"))
	if err != nil {
		t.Fatal(err)
	}
	stated := map[string]string{}
	section := ""
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]") + "."
		}
		if key, value, ok := strings.Cut(line, "="); ok {
			stated[section+strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	m := Metadata()
	for key, want := range map[string]string{
		"Details.Name": m.Name, "Details.ID": m.ID, "Details.Version": m.Version, "Details.Build": strconv.Itoa(m.Build),
		"Details.Icon": "assets/icon.png", "Migrations.fyneDo": strconv.FormatBool(m.Migrations["fyneDo"]),
	} {
		if stated[key] != want {
			t.Errorf("%s is %q in FyneApp.toml, %q in the program", key, stated[key], want)
		}
	}
	icon, err := os.ReadFile(filepath.Join("..", "..", stated["Details.Icon"]))
	if err != nil || !bytes.Equal(icon, m.Icon.Content()) {
		t.Errorf("the icon is not the one of FyneApp.toml: %v", err)
	}
}

func TestTheIconIsA512PixelPNG(t *testing.T) {
	picture, err := png.Decode(bytes.NewReader(assets.Icon))
	if err != nil {
		t.Fatal(err)
	}
	if size := picture.Bounds().Size(); size.X != 512 || size.Y != 512 {
		t.Errorf("the icon is %v", size)
	}
}
