package web

import (
	"mime"
	"net/url"
	"path/filepath"
	"strings"
)

// attachment is a Content-Disposition that has a browser save a file under a name, which
// is safe (RFC 6266). Old browsers get a name in ASCII.
func attachment(name string) string {
	plain := strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || strings.ContainsRune(`"\%;`, c) {
			return '_'
		}
		return c
	}, name)
	// RFC 5987 §3.2.1; QueryEscape leaves only letters, digits and "-_.~" as they are.
	encoded := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + encoded
}

// mediaType is the type under which a browser gets a file. Only what phones sort by its kind has
// one: nothing may be shown as a page.
func mediaType(name string) string {
	t, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(filepath.Ext(name))), ";")
	kind, _, _ := strings.Cut(t, "/")
	if t != "image/svg+xml" && (kind == "image" || kind == "video" || kind == "audio") || t == "application/pdf" {
		return t
	}
	return "application/octet-stream"
}
