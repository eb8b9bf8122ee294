// Command icons makes the icons of packages from the picture of the program: a PNG of
// each usual size, the .ico of Windows and the .icns of macOS.
//
// usage: icons PICTURE FOLDER
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "icons:", err)
		os.Exit(1)
	}
}

var sizes = []int{16, 32, 48, 64, 128, 256, 512}

func run(picture, folder string) error {
	file, err := os.Open(picture)
	if err != nil {
		return err
	}
	defer file.Close()
	whole, err := png.Decode(file)
	if err != nil {
		return err
	}
	pngs := map[int][]byte{}
	for _, size := range sizes {
		small := image.NewNRGBA(image.Rect(0, 0, size, size))
		draw.CatmullRom.Scale(small, small.Bounds(), whole, whole.Bounds(), draw.Src, nil)
		var b bytes.Buffer
		if err := png.Encode(&b, small); err != nil {
			return err
		}
		pngs[size] = b.Bytes()
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%d.png", size)), b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "app.ico"), ico(pngs), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "app.icns"), icns(pngs), 0o644)
}

// ico returns PNGs of at most 256 pixels as one icon of Windows: a head, an entry of 16
// bytes for each, and the PNGs.
func ico(pngs map[int][]byte) []byte {
	var entries, data bytes.Buffer
	count := 0
	for _, size := range sizes {
		if size > 256 {
			continue
		}
		count++
		le := binary.LittleEndian
		entry := []byte{byte(size), byte(size), 0, 0} // 256 is written as 0
		entry = le.AppendUint16(entry, 1)             // planes
		entry = le.AppendUint16(entry, 32)            // bits a pixel
		entry = le.AppendUint32(entry, uint32(len(pngs[size])))
		entry = le.AppendUint32(entry, uint32(6+16*(len(sizes)-1)+data.Len()))
		entries.Write(entry)
		data.Write(pngs[size])
	}
	return append([]byte{0, 0, 1, 0, byte(count), 0}, append(entries.Bytes(), data.Bytes()...)...)
}

// icns returns PNGs as one icon of macOS: pieces with a name and their length.
func icns(pngs map[int][]byte) []byte {
	var pieces []byte
	for _, piece := range []struct {
		name string
		size int
	}{{"icp4", 16}, {"icp5", 32}, {"icp6", 64}, {"ic07", 128}, {"ic08", 256}, {"ic09", 512}} {
		pieces = append(pieces, piece.name...)
		pieces = binary.BigEndian.AppendUint32(pieces, uint32(8+len(pngs[piece.size])))
		pieces = append(pieces, pngs[piece.size]...)
	}
	return append(binary.BigEndian.AppendUint32([]byte("icns"), uint32(8+len(pieces))), pieces...)
}
