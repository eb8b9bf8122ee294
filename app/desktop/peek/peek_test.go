package peek

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// picture is red on its left half and blue on its right one.
func picture(w, h int) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 0, 0, 255}
			if x >= w/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			m.Set(x, y, c)
		}
	}
	return m
}

func encoded(t testing.TB, name string, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	switch extension(name) {
	case "png":
		err = png.Encode(&b, m)
	case "gif":
		err = gif.Encode(&b, m, nil)
	default:
		err = jpeg.Encode(&b, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func isRed(c color.Color) bool {
	r, _, b, _ := c.RGBA()
	return r > 0xc000 && b < 0x4000
}

func TestAThumbnailIsSmallAndKeepsItsShape(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.png", "a.gif", "a.jpg"} {
		m, err := Thumbnail(write(t, name, encoded(t, name, picture(1200, 600))), 96)
		if err != nil {
			t.Fatal(err)
		}
		if size := m.Bounds().Size(); size != image.Pt(96, 48) || !isRed(m.At(5, 20)) || isRed(m.At(90, 20)) {
			t.Errorf("%s: %v, %v and %v", name, size, m.At(5, 20), m.At(90, 20))
		}
	}
	m, err := Thumbnail(write(t, "small.png", encoded(t, "a.png", picture(10, 20))), 96)
	if err != nil || m.Bounds().Size() != image.Pt(10, 20) {
		t.Errorf("a small one: %v, %v", m, err)
	}
}

// withExif returns a JPEG with an orientation.
func withExif(t testing.TB, m image.Image, orientation uint16) []byte {
	t.Helper()
	tiff := binary.BigEndian.AppendUint32([]byte("MM\x00*"), 8)
	tiff = binary.BigEndian.AppendUint16(tiff, 1)
	for _, v := range []uint16{0x0112, 3, 0, 1, orientation, 0, 0, 0} {
		tiff = binary.BigEndian.AppendUint16(tiff, v)
	}
	segment := append([]byte("Exif\x00\x00"), tiff...)
	raw := encoded(t, "a.jpg", m)
	out := append([]byte{0xFF, 0xD8, 0xFF, 0xE1}, binary.BigEndian.AppendUint16(nil, uint16(len(segment)+2))...)
	return append(append(out, segment...), raw[2:]...)
}

func TestAPhotoStandsUpright(t *testing.T) {
	t.Parallel()
	// Where red is, of a picture that is red on its left half.
	for orientation, want := range map[uint16]struct {
		size image.Point
		red  image.Point
	}{
		1: {image.Pt(80, 40), image.Pt(5, 20)}, 2: {image.Pt(80, 40), image.Pt(75, 20)}, 3: {image.Pt(80, 40), image.Pt(75, 20)},
		4: {image.Pt(80, 40), image.Pt(5, 20)}, 5: {image.Pt(40, 80), image.Pt(20, 5)}, 6: {image.Pt(40, 80), image.Pt(20, 5)},
		7: {image.Pt(40, 80), image.Pt(20, 75)}, 8: {image.Pt(40, 80), image.Pt(20, 75)}, 9: {image.Pt(80, 40), image.Pt(5, 20)},
	} {
		m, err := Thumbnail(write(t, "a.jpg", withExif(t, picture(160, 80), orientation)), 80)
		if err != nil {
			t.Fatal(err)
		}
		if m.Bounds().Size() != want.size || !isRed(m.At(want.red.X, want.red.Y)) {
			t.Errorf("orientation %d: %v, not red at %v", orientation, m.Bounds(), want.red)
		}
	}
}

// hugePNG says that it has that many pixels, in a few bytes.
func hugePNG(w, h uint32) []byte {
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	header = append(header, 8, 6, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	return binary.BigEndian.AppendUint32(append(b, header...), crc32.ChecksumIEEE(header))
}

func TestALargePictureTakesNoMemory(t *testing.T) {
	t.Parallel()
	if _, err := Thumbnail(write(t, "bomb.png", hugePNG(60_000, 60_000)), 96); !errors.Is(err, ErrTooLarge) {
		t.Errorf("it says %v", err)
	}
	sparse := write(t, "long.png", hugePNG(10, 10))
	if err := os.Truncate(sparse, maxPictureFile+1); err != nil {
		t.Fatal(err)
	}
	if _, err := Thumbnail(sparse, 96); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a long file: %v", err)
	}
}

func TestAProgressiveJPEGCountsWhatItsDecoderKeeps(t *testing.T) {
	t.Parallel()
	raw := encoded(t, "a.jpg", picture(16, 16))
	if readJPEG(bufio.NewReader(bytes.NewReader(raw))).progressive {
		t.Error("a baseline one is called progressive")
	}
	at := bytes.Index(raw, []byte{0xFF, 0xC0})
	raw[at+1] = 0xC2
	if facts := readJPEG(bufio.NewReader(bytes.NewReader(raw))); !facts.progressive || bytesPerPixel(color.YCbCrModel, facts) < 12 {
		t.Errorf("%+v", facts)
	}
}

func TestAPreviewIsRead(t *testing.T) {
	t.Parallel()
	text := "\uFEFFFirst\tline\r\nnaïve\u202e\x1b[31m \xff\n" + strings.Repeat("x", 1000) + "\n"
	files := map[string][]byte{"/a.jpg": encoded(t, "a.jpg", picture(400, 200)), "/a.txt": []byte(text), "/b.txt": []byte(strings.Repeat("line\n", 20_000))}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	m, err := Picture(t.Context(), server.URL+"/a.jpg", image.Pt(200, 200))
	if err != nil || m.Bounds().Size() != image.Pt(200, 100) {
		t.Errorf("the picture: %v, %v", m, err)
	}
	got, cut, err := Text(t.Context(), server.URL+"/a.txt")
	lines := strings.Split(got, "\n")
	if err != nil || cut || lines[0] != "First    line" || strings.ContainsAny(got, "\u202e\x1b\ufeff") || !strings.HasPrefix(lines[1], "naïve") || len(lines[2]) > maxTextLine {
		t.Errorf("the text: %q, %v, %v", got, cut, err)
	}
	if got, cut, err := Text(t.Context(), server.URL+"/b.txt"); err != nil || !cut || len(got) > maxTextBytes+10 {
		t.Errorf("a long text: %d bytes, %v, %v", len(got), cut, err)
	}
	if _, err := Picture(t.Context(), server.URL+"/c.jpg", image.Pt(200, 200)); err == nil {
		t.Error("what is not there was read")
	}
}

func FuzzTheHeaderOfAJPEG(f *testing.F) {
	f.Add(encoded(f, "a.jpg", picture(16, 16)))
	f.Add(withExif(f, picture(16, 16), 6))
	f.Add([]byte("\xFF\xD8\xFF\xE1\x00\x10Exif\x00\x00II*\x00\xFF\xFF\xFF\xFF"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if facts := readJPEG(bufio.NewReader(bytes.NewReader(raw))); facts.orientation < 0 || facts.orientation > 8 {
			t.Errorf("%+v", facts)
		}
	})
}

func FuzzATextIsSafeToShow(f *testing.F) {
	f.Add([]byte("a\r\nb\x00\u202e\xff"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, r := range readable(raw) {
			if r != '\n' && r < ' ' || r >= 0x202a && r <= 0x202e {
				t.Errorf("%q shows %U", raw, r)
			}
		}
	})
}
