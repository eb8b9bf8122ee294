package localengine

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/app/peer/sharing"
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
	r := reviewing{survey: ss.engine.Shares.Survey, shared: map[string]bool{}}
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
	survey func(ctx context.Context, folder string, visitor sharing.Visitor) error
	shared map[string]bool
	review face.Review
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
	skipped := map[face.SkipReason]int{}
	err := r.survey(ctx, item.Path, sharing.Visitor{
		File: func(rel string, entry fs.DirEntry) {
			size, reason := readable(filepath.Join(item.Path, filepath.FromSlash(rel)), entry)
			if reason != "" {
				skipped[reason]++
				return
			}
			item.Files++
			item.Size += size
			if looksSecret(entry.Name()) {
				item.Secrets = append(item.Secrets, face.SecretFile{Path: rel, Size: size})
			}
		},
		LeftOut: func(_ string, why sharing.Reason) { skipped[skipReasons[why]]++ },
	})
	if err != nil && netproto.CodeOf(err) != netproto.CodeInvalid { // sharing it says that it is too large
		return err
	}
	for _, reason := range []face.SkipReason{face.SkipUnreadable, face.SkipSymlink, face.SkipSpecial, face.SkipTooLarge, face.SkipIgnored} {
		if n := skipped[reason]; n > 0 {
			r.skip(item.Path, reason, n)
		}
	}
	return nil
}

var skipReasons = map[sharing.Reason]face.SkipReason{
	sharing.Ignored: face.SkipIgnored, sharing.Link: face.SkipSymlink, sharing.Special: face.SkipSpecial, sharing.Unreadable: face.SkipUnreadable,
	sharing.TooLong: face.SkipTooLarge,
}

// readable returns the size of a file in a folder, or why it is skipped.
func readable(p string, d fs.DirEntry) (int64, face.SkipReason) {
	info, err := d.Info()
	switch {
	case err != nil || !canRead(p):
		return 0, face.SkipUnreadable
	case info.Size() > netproto.MaxContentSize:
		return 0, face.SkipTooLarge
	}
	return info.Size(), ""
}
