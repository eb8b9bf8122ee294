package drive

import (
	"context"
	"path/filepath"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// SecretItems are the paths with everything in them that looks like a secret.
func SecretItems(ctx context.Context, engine face.Engine, paths []string) ([]face.ShareItem, error) {
	review, err := engine.Review(ctx, paths)
	if err != nil {
		return nil, err
	}
	var items []face.ShareItem
	for _, path := range paths {
		item := face.ShareItem{Path: path}
		for _, reviewed := range review.Items {
			if reviewed.Path != path {
				continue
			}
			if reviewed.Secret {
				item.Allow = []string{"."}
			}
			for _, secret := range reviewed.Secrets {
				item.Allow = append(item.Allow, secret.Path)
			}
		}
		items = append(items, item)
	}
	return items, nil
}

// ItemsOf are the paths as a running peer takes them, absolute; with the secrets in them
// if the person wants that.
func ItemsOf(ctx context.Context, engine face.Engine, paths []string, secrets bool) (items []face.ShareItem, err error) {
	for i, path := range paths {
		if paths[i], err = filepath.Abs(path); err != nil {
			return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		}
	}
	if secrets {
		return SecretItems(ctx, engine, paths)
	}
	for _, path := range paths {
		items = append(items, face.ShareItem{Path: path})
	}
	return items, nil
}
