package localengine

import (
	"context"

	"centralizedp2p/app/face"
	"centralizedp2p/app/preview"
)

// previews implements [face.Previews].
type previews struct {
	*core
	server *preview.Server
}

// Preview serves a file of a download to programs on this computer.
func (p *previews) Preview(ctx context.Context, download, path string) (face.Preview, error) {
	file, err := p.engine.Preview(ctx, download, path)
	if err != nil {
		return face.Preview{}, coded(err)
	}
	url, err := p.server.Serve(download, path, preview.File{Name: file.Name, MIME: file.MIME,
		Open: func(ctx context.Context) (preview.Reader, error) { return file.Open(ctx) }})
	return face.Preview{URL: url, Name: file.Name}, coded(err)
}

// end stops serving the files of downloads.
func (p *previews) end(downloads []string) {
	for _, id := range downloads {
		p.server.End(id)
	}
}
