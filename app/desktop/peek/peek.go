// Package peek reads what the window shows of files: small pictures for rows, whole
// pictures, and the start of texts. Files come from strangers, so their dimensions are
// checked before memory is taken for them. It knows no widgets.
//
// Its functions wait for the disk or a socket, so they are called beside the UI thread.
package peek

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"unicode/utf8"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// Bounds of what is read.
const (
	maxPictureFile = 64 << 20 // bytes
	maxTextBytes   = 64 << 10
	maxTextLine    = 500 // bytes
)

// ErrTooLarge stands for a picture that takes too much memory.
var ErrTooLarge = errors.New("the picture is too large")

// IsPicture reports whether the window can draw a file with that name.
func IsPicture(name string) bool {
	switch extension(name) {
	case "png", "jpg", "jpeg", "gif", "webp":
		return true
	}
	return false
}

// IsText reports whether a file with that name can be read as it is.
func IsText(name string) bool {
	switch extension(name) {
	case "txt", "md", "log", "csv", "tsv", "json", "xml", "yaml", "yml", "nfo", "srt":
		return true
	}
	return false
}

func extension(name string) string { return strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")) }

// Thumbnail returns the picture in a file, within a square of that many pixels.
func Thumbnail(file string, edge int) (image.Image, error) {
	opened, err := readfile.Open(file)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	info, err := opened.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxPictureFile {
		return nil, ErrTooLarge
	}
	return decode(opened, image.Pt(edge, edge))
}

// Picture returns the picture at an address, within most pixels. It waits until all of
// it has come.
func Picture(ctx context.Context, url string, most image.Point) (image.Image, error) {
	// It is read twice, and is too large to be kept in memory meanwhile.
	file, err := os.CreateTemp("", "centralizedp2p-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := fetch(ctx, url, maxPictureFile, func(body io.Reader) error {
		_, err := io.Copy(file, body)
		return err
	}); err != nil {
		return nil, err
	}
	return decode(file, most)
}

// Text returns the start of the text at an address, as lines that are safe to show. cut
// reports whether there is more.
func Text(ctx context.Context, url string) (text string, cut bool, err error) {
	var raw []byte
	err = fetch(ctx, url, 0, func(body io.Reader) (err error) {
		raw, err = io.ReadAll(io.LimitReader(body, maxTextBytes+1))
		return err
	})
	if cut = len(raw) > maxTextBytes; cut {
		raw = raw[:maxTextBytes]
	}
	return readable(raw), cut, err
}

// readable makes the bytes of a text safe to show.
func readable(raw []byte) string {
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	if !utf8.Valid(raw) {
		raw = bytes.ToValidUTF8(raw, []byte("\uFFFD"))
	}
	var b strings.Builder
	for line := range strings.Lines(string(raw)) {
		line = strings.ReplaceAll(strings.TrimRight(line, "\r\n"), "\t", "    ")
		b.WriteString(netproto.Cut(line, maxTextLine))
		b.WriteByte('\n')
	}
	return b.String()
}

// fetch hands what is at an address to read; an answer of more than most bytes is not
// accepted, if most is not 0.
func fetch(ctx context.Context, url string, most int64, read func(io.Reader) error) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // it is on this computer: no proxy
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("the preview says %s", response.Status)
	case most > 0 && (response.ContentLength < 0 || response.ContentLength > most):
		return ErrTooLarge
	}
	return read(response.Body)
}
