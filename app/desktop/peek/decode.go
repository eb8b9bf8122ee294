package peek

import (
	"bufio"
	"image"
	"image/color"
	_ "image/gif" // the formats that decode knows
	_ "image/jpeg"
	_ "image/png"
	"io"
	"sync"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // as above
)

// maxDecoded bounds the bytes that the decoder of a picture takes.
const maxDecoded = 96 << 20

// decoding has one picture decoded at a time: each may take maxDecoded.
var decoding sync.Mutex

// decode reads a picture and scales it down to fit into most pixels, turned as it was
// taken.
func decode(file io.ReadSeeker, most image.Point) (image.Image, error) {
	decoding.Lock()
	defer decoding.Unlock()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	config, format, err := image.DecodeConfig(bufio.NewReader(file))
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var facts jpegFacts
	if format == "jpeg" {
		facts = readJPEG(bufio.NewReader(file))
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
	}
	if config.Width <= 0 || config.Height <= 0 || int64(config.Width)*int64(config.Height) > maxDecoded/bytesPerPixel(config.ColorModel, facts) {
		return nil, ErrTooLarge
	}
	picture, _, err := image.Decode(bufio.NewReader(file))
	if err != nil {
		return nil, err
	}
	return turned(shrunk(picture, most), facts.orientation), nil
}

// bytesPerPixel returns what a decoder takes for a pixel at most.
func bytesPerPixel(model color.Model, facts jpegFacts) int64 {
	_, paletted := model.(color.Palette)
	switch {
	case paletted, model == color.GrayModel:
		return 1 + facts.extra()
	case model == color.YCbCrModel:
		return 3 + facts.extra()
	case model == color.RGBA64Model, model == color.NRGBA64Model:
		return 8
	}
	return 4 + facts.extra()
}

// shrunk scales a picture down to fit into most pixels; one that fits stays as it is.
func shrunk(picture image.Image, most image.Point) image.Image {
	size := picture.Bounds().Size()
	if size.X <= most.X && size.Y <= most.Y {
		return picture
	}
	scale := min(float64(most.X)/float64(size.X), float64(most.Y)/float64(size.Y))
	to := image.Rect(0, 0, max(int(float64(size.X)*scale), 1), max(int(float64(size.Y)*scale), 1))
	// A good scaler looks at every pixel. A quick one does most of the way.
	if rough := image.Rect(0, 0, 3*to.Dx(), 3*to.Dy()); rough.Dx() < size.X && rough.Dy() < size.Y {
		between := image.NewRGBA(rough)
		draw.ApproxBiLinear.Scale(between, rough, picture, picture.Bounds(), draw.Src, nil)
		picture = between
	}
	scaled := image.NewRGBA(to)
	draw.BiLinear.Scale(scaled, to, picture, picture.Bounds(), draw.Src, nil)
	return scaled
}

// turned turns a picture upright that was taken with a camera in an orientation of Exif,
// from 1 to 8.
func turned(picture image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return picture
	}
	from := picture.Bounds()
	w, h := from.Dx(), from.Dy()
	to := image.Rect(0, 0, w, h)
	if orientation >= 5 {
		to = image.Rect(0, 0, h, w)
	}
	upright := image.NewRGBA(to)
	for y := range h {
		for x := range w {
			at := [...]image.Point{2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {h - 1 - y, x}, 7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x}}[orientation]
			upright.Set(at.X, at.Y, picture.At(from.Min.X+x, from.Min.Y+y))
		}
	}
	return upright
}
