package offer

import (
	"mime"
	"path/filepath"
	"strings"

	"centralizedp2p/netproto"
)

// MediaType is the media type of a name's extension, without parameters; "" if it
// is unknown.
func MediaType(name string) string {
	t, _, _ := strings.Cut(mime.TypeByExtension(strings.ToLower(filepath.Ext(name))), ";")
	if len(t) > netproto.MaxMIMEBytes {
		return ""
	}
	return t
}
