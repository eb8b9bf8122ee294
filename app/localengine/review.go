package localengine

import (
	"context"
	"os"
	"path/filepath"

	"centralizedp2p/app/face"
	"centralizedp2p/app/ignore"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// Review inspects what a person wants to share.
func (ss *shares) Review(ctx context.Context, paths []string) (face.Review, error) {
	shared := map[string]bool{}
	for _, s := range ss.engine.Shares.List() {
		shared[s.Path] = true
	}
	return ss.review(ctx, paths, shared)
}

// ReviewSend inspects what a person wants to send.
func (p *persons) ReviewSend(ctx context.Context, paths []string) (face.Review, error) {
	return p.review(ctx, paths, map[string]bool{})
}

// review inspects paths. Those that are shared already are skipped.
func (c *core) review(ctx context.Context, paths []string, shared map[string]bool) (face.Review, error) {
	r := reviewing{survey: c.engine.Shares.Survey, shared: shared}
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
	case info.IsDir():
		if !canRead(p) {
			r.skip(p, face.SkipUnreadable, 0)
			return nil
		}
		if err := r.folder(ctx, &item); err != nil {
			return err
		}
	default:
		secret, reason := inspect(p)
		if sharing.IsOwn(p) {
			reason = face.SkipOwn
		}
		if reason != "" {
			r.skip(p, reason, 0)
			return nil
		}
		item.Files, item.Size, item.Secret = 1, info.Size(), secret || ignore.SecretPath(filepath.ToSlash(p))
	}
	r.review.Items = append(r.review.Items, item)
	return nil
}

func canRead(p string) bool {
	f, err := readfile.Open(p)
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// inspect looks at the first bytes of a file: whether they are those of a secret, or
// why the file is skipped.
func inspect(p string) (secret bool, reason face.SkipReason) {
	f, err := readfile.Open(p)
	if err != nil {
		return false, face.SkipUnreadable
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false, face.SkipUnreadable
	}
	kind, err := ignore.Inspect(f, info.Size())
	switch {
	case err != nil:
		return false, face.SkipUnreadable
	case kind == ignore.OwnKind:
		return false, face.SkipOwn
	}
	return kind == ignore.SecretKind, ""
}

// folder counts what a folder will share, and what is skipped by reason.
func (r *reviewing) folder(ctx context.Context, item *face.ReviewItem) error {
	skipped := map[face.SkipReason]int{}
	err := r.survey(ctx, item.Path, sharing.Visitor{
		File: func(rel string, size int64, secret bool) {
			looks, reason := inspect(filepath.Join(item.Path, filepath.FromSlash(rel)))
			if reason != "" {
				skipped[reason]++
				return
			}
			item.Files++
			item.Size += size
			if secret || looks {
				item.Secrets = append(item.Secrets, face.SecretFile{Path: rel, Size: size})
			}
		},
		LeftOut: func(_ string, why sharing.Reason) { skipped[skipReasons[why]]++ },
	})
	if err != nil && netproto.CodeOf(err) != netproto.CodeInvalid { // sharing it says that it is too large
		return err
	}
	for _, reason := range []face.SkipReason{face.SkipOwn, face.SkipUnreadable, face.SkipSymlink, face.SkipSpecial, face.SkipTooLarge,
		face.SkipTooLong, face.SkipName, face.SkipIgnored} {
		if n := skipped[reason]; n > 0 {
			r.skip(item.Path, reason, n)
		}
	}
	return nil
}

var skipReasons = map[sharing.Reason]face.SkipReason{
	sharing.Ignored: face.SkipIgnored, sharing.Link: face.SkipSymlink, sharing.Special: face.SkipSpecial, sharing.Unreadable: face.SkipUnreadable,
	sharing.TooLarge: face.SkipTooLarge, sharing.TooLong: face.SkipTooLong, sharing.Own: face.SkipOwn,
}
