package memory

// maxOtherTypes bounds the media types that are kept besides the common ones. A
// client can make up any number; beyond these, a name has no type.
const maxOtherTypes = 4096

// commonTypes are always kept.
var commonTypes = []string{
	"application/epub+zip", "application/gzip", "application/java-archive", "application/json", "application/msword", "application/octet-stream",
	"application/ogg", "application/pdf", "application/postscript", "application/rtf", "application/vnd.android.package-archive",
	"application/vnd.apple.installer+xml", "application/vnd.debian.binary-package", "application/vnd.microsoft.portable-executable",
	"application/vnd.ms-excel", "application/vnd.ms-powerpoint", "application/vnd.oasis.opendocument.presentation",
	"application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.text",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "application/vnd.rar", "application/wasm", "application/x-7z-compressed",
	"application/x-bittorrent", "application/x-bzip2", "application/x-executable", "application/x-iso9660-image", "application/x-msdownload",
	"application/x-sh", "application/x-tar", "application/x-xz", "application/xml", "application/zip", "application/zstd",
	"audio/aac", "audio/flac", "audio/midi", "audio/mp4", "audio/mpeg", "audio/ogg", "audio/opus", "audio/wav", "audio/webm", "audio/x-wav",
	"font/otf", "font/ttf", "font/woff", "font/woff2", "image/avif", "image/bmp", "image/gif", "image/heic", "image/jpeg", "image/jxl", "image/png",
	"image/svg+xml", "image/tiff", "image/vnd.adobe.photoshop", "image/webp", "image/x-icon", "inode/directory", "message/rfc822", "text/calendar",
	"text/css", "text/csv", "text/html", "text/html; charset=utf-8", "text/javascript", "text/markdown", "text/plain", "text/plain; charset=utf-8",
	"text/vcard", "text/xml", "video/mp4", "video/mp2t", "video/mpeg", "video/ogg", "video/quicktime", "video/webm", "video/x-matroska",
	"video/x-ms-wmv", "video/x-msvideo",
}

// mediaTypes numbers media types, a bounded number of them: a name has the number. It is
// for one goroutine, but others may read the texts of numbers that they got from it.
type mediaTypes struct {
	numbers map[string]uint16
	texts   []string // by number; 0 is no type
}

func newMediaTypes() *mediaTypes {
	t := &mediaTypes{numbers: map[string]uint16{"": 0}, texts: make([]string, 1+len(commonTypes)+maxOtherTypes)}
	for _, name := range commonTypes {
		t.number([]byte(name))
	}
	return t
}

// number returns the number under which a media type is kept, or 0.
func (t *mediaTypes) number(raw []byte) uint16 {
	known, ok := t.numbers[string(raw)]
	if next := len(t.numbers); !ok && next < len(t.texts) {
		text := string(raw)
		known = uint16(next)
		t.texts[next], t.numbers[text] = text, known
	}
	return known
}
