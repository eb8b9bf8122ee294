package peek

import (
	"bufio"
	"encoding/binary"
	"io"
)

// jpegFacts are what the header of a JPEG says and package image/jpeg does not tell.
type jpegFacts struct {
	progressive bool // its decoder keeps all coefficients
	orientation int  // of Exif, from 1 to 8; 0 if it is not said
}

// extra returns what the decoder takes for a pixel beside the picture: up to four
// components of 4 bytes.
func (f jpegFacts) extra() int64 {
	if f.progressive {
		return 16
	}
	return 0
}

// maxSegments bounds the segments of a header that are looked at.
const maxSegments = 200

// readJPEG reads the header of a JPEG up to the frame. What is broken there says nothing:
// the decoder will.
func readJPEG(r *bufio.Reader) (facts jpegFacts) {
	const (
		startOfImage = 0xFFD8
		app1         = 0xE1
	)
	var two [2]byte
	if _, err := io.ReadFull(r, two[:]); err != nil || binary.BigEndian.Uint16(two[:]) != startOfImage {
		return facts
	}
	for range maxSegments {
		marker, err := nextMarker(r)
		if err != nil {
			return facts
		}
		if _, err := io.ReadFull(r, two[:]); err != nil {
			return facts
		}
		length := int(binary.BigEndian.Uint16(two[:])) - len(two)
		switch {
		case length < 0:
			return facts
		case marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC: // a start of frame
			facts.progressive = marker != 0xC0 && marker != 0xC1
			return facts
		case marker == app1 && facts.orientation == 0:
			segment := make([]byte, length) // 64 kB at most
			if _, err := io.ReadFull(r, segment); err != nil {
				return facts
			}
			facts.orientation = exifOrientation(segment)
		default:
			if _, err := r.Discard(length); err != nil {
				return facts
			}
		}
	}
	return facts
}

// nextMarker skips to the next marker of a segment.
func nextMarker(r *bufio.Reader) (byte, error) {
	for {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		if b != 0xFF {
			continue
		}
		for b == 0xFF { // fill bytes
			if b, err = r.ReadByte(); err != nil {
				return 0, err
			}
		}
		if b != 0 && b != 0x01 && (b < 0xD0 || b > 0xD9) { // those stand alone
			return b, nil
		}
	}
}

// exifOrientation returns the orientation in a segment of Exif 2.3; 0 if it says none.
func exifOrientation(segment []byte) int {
	const (
		header      = "Exif\x00\x00"
		orientation = 0x0112
		short       = 3
		entryBytes  = 12
	)
	if len(segment) < len(header)+8 || string(segment[:len(header)]) != header {
		return 0
	}
	tiff := segment[len(header):]
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entryBytes {
			return 0
		}
		if order.Uint16(entries) == orientation && order.Uint16(entries[2:]) == short {
			if value := order.Uint16(entries[8:]); value >= 1 && value <= 8 {
				return int(value)
			}
			return 0
		}
		entries = entries[entryBytes:]
	}
	return 0
}
