package localengine

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/app/ignore"
	"centralizedp2p/netproto"
)

// secretNames are lower-case patterns for path.Match that match common names of
// files with keys and passwords.
var secretNames = []string{
	".env", ".env.*", "*.env", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks",
	"*.keystore", "*.ppk", "*.kdb", "*.kdbx", "*.opvault", "*.agilekeychain", ".netrc", "_netrc", ".pgpass", ".npmrc", ".pypirc",
	".htpasswd", ".git-credentials", "credentials", "credentials.*", "secrets.*", "*secret*.json", "*.ovpn", "wallet.dat", "*.wallet",
	"keystore.*", "shadow", "*.gpg", "*.asc",
	"logins.json", "key4.db", "cookies.sqlite", "login data", "*password*", "*passwort*",
}

func looksSecret(name string) bool {
	name = strings.ToLower(name)
	for _, pattern := range secretNames {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// Review inspects what a person wants to share.
func (ss *shares) Review(ctx context.Context, paths []string) (face.Review, error) {
	settings, err := ss.settings()
	if err != nil {
		return face.Review{}, err
	}
	ignored, err := ignore.Parse(settings.Ignore)
	if err != nil {
		return face.Review{}, err
	}
	r := reviewing{shared: map[string]bool{}, ignored: ignored}
	for _, s := range ss.engine.Shares.List() {
		r.shared[s.Path] = true
	}
	for _, p := range paths {
		if err := ctx.Err(); err != nil {
			return face.Review{}, coded(err)
		}
		if err := r.top(ctx, p); err != nil {
			return face.Review{}, coded(err)
		}
	}
	return r.review, nil
}

type reviewing struct {
	shared  map[string]bool
	ignored *ignore.Patterns
	review  face.Review
}

func (r *reviewing) skip(path string, reason face.SkipReason, count int) {
	r.review.Skipped = append(r.review.Skipped, face.SkippedPath{Path: path, Reason: reason, Count: count})
}

// top inspects one of the chosen paths. It follows a symbolic link: the person
// named it.
func (r *reviewing) top(ctx context.Context, p string) error {
	p, err := filepath.Abs(p)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	if r.shared[p] {
		r.skip(p, face.SkipShared, 0)
		return nil
	}
	r.shared[p] = true // a path chosen twice is shared once
	info, err := os.Stat(p)
	if err != nil {
		r.skip(p, face.SkipUnreadable, 0)
		return nil
	}
	item := face.ReviewItem{Path: p, Name: filepath.Base(p), Folder: info.IsDir()}
	switch {
	case !info.IsDir() && !info.Mode().IsRegular():
		r.skip(p, face.SkipSpecial, 0)
		return nil
	case !info.IsDir() && info.Size() > netproto.MaxContentSize:
		r.skip(p, face.SkipTooLarge, 0)
		return nil
	case !canRead(p):
		r.skip(p, face.SkipUnreadable, 0)
		return nil
	case info.IsDir():
		if err := r.folder(ctx, &item); err != nil {
			return err
		}
	default:
		item.Files, item.Size, item.Secret = 1, info.Size(), looksSecret(item.Name)
	}
	r.review.Items = append(r.review.Items, item)
	return nil
}

func canRead(p string) bool {
	f, err := os.Open(p)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// folder counts what a folder will share, and what is skipped by reason.
func (r *reviewing) folder(ctx context.Context, item *face.ReviewItem) error {
	root, err := filepath.EvalSymlinks(item.Path) // WalkDir does not follow links
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	skipped := map[face.SkipReason]int{}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		if err == nil && p != root {
			unfinished := strings.HasPrefix(d.Name(), netproto.PartPrefix) // of a download
			ignored := !unfinished && r.ignored.Match(relative(root, p), d.IsDir())
			if ignored {
				skipped[face.SkipIgnored]++
			}
			if ignored || unfinished {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
		}
		if err == nil && d.IsDir() {
			return nil
		}
		size, reason := int64(0), face.SkipUnreadable
		if err == nil {
			size, reason = readableFile(p, d)
		}
		if reason != "" {
			skipped[reason]++
			return nil
		}
		item.Files++
		item.Size += size
		if looksSecret(d.Name()) {
			item.Secrets = append(item.Secrets, face.SecretFile{Path: relative(root, p), Size: size})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, reason := range []face.SkipReason{face.SkipUnreadable, face.SkipSymlink, face.SkipSpecial, face.SkipTooLarge, face.SkipIgnored} {
		if n := skipped[reason]; n > 0 {
			r.skip(item.Path, reason, n)
		}
	}
	return nil
}

// relative returns the slash-separated path of p below the root.
func relative(root, p string) string {
	return filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(p, root), string(filepath.Separator)))
}

// readableFile returns the size of a file in a folder, or why it is skipped.
func readableFile(p string, d fs.DirEntry) (int64, face.SkipReason) {
	switch {
	case d.Type()&fs.ModeSymlink != 0:
		return 0, face.SkipSymlink
	case !d.Type().IsRegular():
		return 0, face.SkipSpecial
	}
	info, err := d.Info()
	switch {
	case err != nil || !canRead(p):
		return 0, face.SkipUnreadable
	case info.Size() > netproto.MaxContentSize:
		return 0, face.SkipTooLarge
	}
	return info.Size(), ""
}
