package offer

import (
	"mime"
	"path/filepath"
	"strings"

	"centralizedp2p/netproto"
)

// MediaType returns the media type for the extension of a name, without parameters; ""
// if it is unknown.
func MediaType(name string) string {
	t, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(filepath.Ext(name))), ";")
	if len(t) > netproto.MaxMIMEBytes {
		return ""
	}
	return t
}
