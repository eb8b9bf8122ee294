//go:build !darwin || cgo

package pages

import (
	"image"
	"strings"
	"testing"

	"rsc.io/qr"
)

func TestACodeHasAWhiteEdgeAndEveryModule(t *testing.T) {
	picture, err := codeOf("cp2p://attic:5000")
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode("cp2p://attic:5000", qr.M)
	if err != nil {
		t.Fatal(err)
	}
	gray := picture.(*image.Gray)
	for y := range gray.Bounds().Dy() {
		for x := range gray.Bounds().Dx() {
			if black := gray.GrayAt(x, y).Y == 0; black != code.Black(x-4, y-4) {
				t.Fatalf("the module at %d,%d is wrong", x, y)
			}
		}
	}
	if _, err := codeOf(strings.Repeat("x", 5000)); err == nil {
		t.Error("5,000 bytes made a code")
	}
}
