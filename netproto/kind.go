package netproto

import (
	"path"
	"strings"
)

// Kind is the class of a content, judging by its name and media type: the "type"
// of a search.
type Kind string

// The kinds.
const (
	KindVideo    Kind = "video"
	KindAudio    Kind = "audio"
	KindImage    Kind = "image"
	KindDocument Kind = "document"
	KindArchive  Kind = "archive"
	KindProgram  Kind = "program"
	KindFolder   Kind = "folder"
	KindOther    Kind = "other"
)

var kindExtensions = map[Kind]string{
	KindVideo:    "3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv rm ts vob webm wmv",
	KindAudio:    "aac aif aiff alac ape flac m3u m4a m4b mid midi mka mp3 oga ogg opus wav wma",
	KindImage:    "avif bmp gif heic heif ico jpeg jpg jxl png psd raw svg tga tif tiff webp xcf",
	KindDocument: "azw3 csv djvu doc docx epub fb2 htm html md mobi odp ods odt pdf ppt pptx ps rtf tex tsv txt xls xlsx xml json yaml yml log",
	KindArchive:  "7z arj br bz2 cab gz img iso jar lz lz4 lzma rar sit tar tbz2 tgz txz xz z zip zst",
	KindProgram:  "apk app appimage bat cmd com deb dll dmg exe flatpak msi msix ps1 rpm run sh snap so wasm",
}

var kindByExtension = map[string]Kind{}

func init() {
	for kind, extensions := range kindExtensions {
		for ext := range strings.FieldsSeq(extensions) {
			kindByExtension[ext] = kind
		}
	}
}

// ParseKind reads one of the kinds.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case KindVideo, KindAudio, KindImage, KindDocument, KindArchive, KindProgram, KindFolder, KindOther:
		return k, nil
	}
	return "", Errorf(CodeInvalid, "a type is video, audio, image, document, archive, program, folder or other, not %q", s)
}

// KindOf returns the kind of a content with that name and media type. The extension
// counts more than the media type, which many systems only guess.
func KindOf(name, mime string, folder bool) Kind {
	if folder || mime == FolderMIME {
		return KindFolder
	}
	if kind, ok := kindByExtension[strings.ToLower(strings.TrimPrefix(path.Ext(name), "."))]; ok {
		return kind
	}
	class, _, _ := strings.Cut(mime, "/")
	switch class {
	case "video":
		return KindVideo
	case "audio":
		return KindAudio
	case "image":
		return KindImage
	case "text":
		return KindDocument
	}
	return KindOther
}
