//go:build !darwin || cgo

package drawings

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"centralizedp2p/netproto"
)

func pixelsOf(key netproto.PublicKey) []byte { return portraitOf(key).(*image.NRGBA).Pix }

func TestAKeyHasOnePictureAndAnotherKeyAnotherOne(t *testing.T) {
	seen := map[string]int{}
	for i := range 1000 {
		key := netproto.PublicKey{byte(i), byte(i >> 8), 7}
		if !bytes.Equal(pixelsOf(key), pixelsOf(key)) {
			t.Fatal("a key has two pictures")
		}
		pixels := string(pixelsOf(key))
		if other, twice := seen[pixels]; twice {
			t.Errorf("keys %d and %d look alike", other, i)
		}
		seen[pixels] = i
	}
}

func TestAPictureIsTheSameOnBothSidesAndItsCellsAreSeen(t *testing.T) {
	luminance := func(c color.NRGBA) float64 { return 0.2126*float64(c.R) + 0.7152*float64(c.G) + 0.0722*float64(c.B) }
	for i := range 256 {
		picture := portraitOf(netproto.PublicKey{byte(i), 1}).(*image.NRGBA)
		colors := map[color.NRGBA]bool{}
		for y := range portraitSide {
			for x := range portraitSide {
				if picture.NRGBAAt(x, y) != picture.NRGBAAt(portraitSide-1-x, y) {
					t.Fatalf("key %d: the sides differ at %d, %d", i, x, y)
				}
				if c := picture.NRGBAAt(x, y); c.A == 255 {
					colors[c] = true
				}
			}
		}
		low, high := 255.0, 0.0
		for c := range colors {
			low, high = min(low, luminance(c)), max(high, luminance(c))
		}
		if len(colors) == 2 && high-low < 50 {
			t.Errorf("key %d: its cells differ by %.0f in brightness only", i, high-low)
		}
		if picture.NRGBAAt(0, 0).A != 0 {
			t.Errorf("key %d: its corners are not round", i)
		}
	}
}
