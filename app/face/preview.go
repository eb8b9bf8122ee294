package face

import "context"

// Previews shows files that are still being downloaded.
type Previews interface {
	// Preview serves a file of a download to programs on this computer, and returns where:
	// they can read from anywhere in it, and what they read is fetched first. It is served
	// until the download is removed or nobody has read it for half an hour. path names a
	// file in a folder, slash-separated; "" is the one file of a download without a folder.
	// "not-found" if the download or the file is not there.
	Preview(ctx context.Context, download, path string) (Preview, error)
}

// Preview is a file that can be read while it is downloaded.
type Preview struct {
	URL  string `json:"url"` // with HTTP, on this computer; it holds a secret
	Name string `json:"name"`
}
