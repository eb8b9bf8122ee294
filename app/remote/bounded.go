package remote

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// bounded is an engine for a caller on another computer: of the disk it touches only the
// folders that its owner allows. Every method with a path in its arguments is here.
type bounded struct {
	face.Engine
	allowed func() []string // absolute
}

// allow returns "denied" if one of the paths is not in an allowed folder, whatever
// symbolic links lead to. A path that does not exist yet is judged by its nearest
// existing parent.
func (b bounded) allow(paths ...string) error {
	for _, path := range paths {
		if !b.allows(path) {
			return netproto.Errorf(netproto.CodeDenied, "%s is in no folder that the owner of this peer allows", netproto.Printable(path))
		}
	}
	return nil
}

func (b bounded) allows(path string) bool {
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return false
	}
	real, ok := resolved(path)
	return ok && slices.ContainsFunc(b.allowed(), func(folder string) bool {
		base, ok := resolved(folder)
		return ok && (real == base || strings.HasPrefix(real, strings.TrimSuffix(base, string(filepath.Separator))+string(filepath.Separator)))
	})
}

// resolved follows all symbolic links of a path; what does not exist is below its
// nearest existing parent.
func resolved(path string) (string, bool) {
	rest := ""
	for {
		real, err := filepath.EvalSymlinks(path)
		if err == nil {
			return filepath.Join(real, rest), true
		}
		_, there := os.Lstat(path)
		if !errors.Is(err, fs.ErrNotExist) || there == nil || filepath.Dir(path) == path {
			return "", false // a link that leads nowhere, or what may not be looked at
		}
		path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest)
	}
}

func pathsOf(items []face.ShareItem) []string {
	paths := make([]string, len(items))
	for i, item := range items {
		paths[i] = item.Path
	}
	return paths
}

// Review implements [face.Shares].
func (b bounded) Review(ctx context.Context, paths []string) (face.Review, error) {
	if err := b.allow(paths...); err != nil {
		return face.Review{}, err
	}
	return b.Engine.Review(ctx, paths)
}

// ReviewSend implements [face.People].
func (b bounded) ReviewSend(ctx context.Context, paths []string) (face.Review, error) {
	if err := b.allow(paths...); err != nil {
		return face.Review{}, err
	}
	return b.Engine.ReviewSend(ctx, paths)
}

// Download implements [face.Downloads].
func (b bounded) Download(ctx context.Context, r face.DownloadRequest) error {
	if r.To != "" {
		if err := b.allow(r.To); err != nil {
			return err
		}
	}
	return b.Engine.Download(ctx, r)
}

// Preview implements [face.Previews]: a preview is for programs on this computer.
func (b bounded) Preview(context.Context, string, string) (face.Preview, error) {
	return face.Preview{}, netproto.Errorf(netproto.CodeDenied, "a preview is for programs on the computer of the peer")
}

// Share implements [face.Shares].
func (b bounded) Share(ctx context.Context, r face.ShareRequest) error {
	if err := b.allow(pathsOf(r.Items)...); err != nil {
		return err
	}
	return b.Engine.Share(ctx, r)
}

// Send implements [face.People].
func (b bounded) Send(ctx context.Context, r face.SendRequest) (string, error) {
	if err := b.allow(pathsOf(r.Items)...); err != nil {
		return "", err
	}
	return b.Engine.Send(ctx, r)
}

// MoveTo implements [face.Queue].
func (b bounded) MoveTo(ctx context.Context, downloads []string, folder string) error {
	if err := b.allow(folder); err != nil {
		return err
	}
	return b.Engine.MoveTo(ctx, downloads, folder)
}

// Accept implements [face.People].
func (b bounded) Accept(ctx context.Context, request, folder string) error {
	if folder != "" {
		if err := b.allow(folder); err != nil {
			return err
		}
	}
	return b.Engine.Accept(ctx, request, folder)
}

// Know implements [face.People].
func (b bounded) Know(ctx context.Context, person netproto.PeerID, known face.Known) error {
	if known.Folder != "" {
		if err := b.allow(known.Folder); err != nil {
			return err
		}
	}
	return b.Engine.Know(ctx, person, known)
}

// Settings implements [face.Preferences]: what runs when something is finished is the
// business of who is at the computer, and may hold secrets.
func (b bounded) Settings(ctx context.Context) (face.Settings, error) {
	s, err := b.Engine.Settings(ctx)
	s.OnFinished = ""
	return s, err
}

// AddWish implements [face.Wishes].
func (b bounded) AddWish(ctx context.Context, r face.WishRequest) (string, error) {
	if r.Folder != "" {
		if err := b.allow(r.Folder); err != nil {
			return "", err
		}
	}
	return b.Engine.AddWish(ctx, r)
}

// ApplySettings implements [face.Preferences].
func (b bounded) ApplySettings(ctx context.Context, s face.Settings) error {
	now, err := b.Engine.Settings(ctx)
	if err != nil {
		return err
	}
	if s.OnFinished != "" {
		return face.InvalidSettings{face.FieldOnFinished: face.FailureOf(netproto.Errorf(netproto.CodeDenied,
			"what runs when something is finished is set on the computer of the peer"))}
	}
	s.OnFinished = now.OnFinished
	if s.DownloadFolder != now.DownloadFolder {
		if err := b.allow(s.DownloadFolder); err != nil {
			return face.InvalidSettings{face.FieldDownloadFolder: face.FailureOf(err)}
		}
	}
	return b.Engine.ApplySettings(ctx, s)
}

// OfferWeb implements [face.Web].
func (b bounded) OfferWeb(ctx context.Context, offer face.WebOffer) (string, error) {
	if err := b.allow(pathsOf(offer.Items)...); err != nil {
		return "", err
	}
	return b.Engine.OfferWeb(ctx, offer)
}

// ReceiveWeb implements [face.Web].
func (b bounded) ReceiveWeb(ctx context.Context, folder string) (string, error) {
	if folder != "" {
		if err := b.allow(folder); err != nil {
			return "", err
		}
	}
	return b.Engine.ReceiveWeb(ctx, folder)
}

// ListFolder implements [face.Disk]: the places to begin at are the allowed folders.
func (b bounded) ListFolder(ctx context.Context, folder string) (face.FolderList, error) {
	if folder == "" {
		var top face.FolderList
		for _, path := range b.allowed() {
			top.Entries = append(top.Entries, face.DiskEntry{Name: path, Path: path, Folder: true})
		}
		return top, nil
	}
	if err := b.allow(folder); err != nil {
		return face.FolderList{}, err
	}
	list, err := b.Engine.ListFolder(ctx, folder)
	if !b.allows(list.Parent) {
		list.Parent = ""
	}
	return list, err
}
