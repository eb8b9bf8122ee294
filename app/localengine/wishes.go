package localengine

import (
	"context"
	"strconv"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/node"
	"centralizedp2p/netproto"
)

// wishes implements [face.Wishes].
type wishes struct{ *core }

// WishesOf returns the wishes of a node that works for a command.
func WishesOf(n *node.Node) face.Wishes { return &wishes{core: &core{node: n, engine: n.Engine}} }

// Wishes returns all of them.
func (w *wishes) Wishes(context.Context) ([]face.Wish, error) {
	known := w.engine.Wishes.List()
	list := make([]face.Wish, len(known))
	for i, k := range known {
		list[i] = face.Wish{ID: strconv.FormatUint(k.Number, 10), Since: k.Since, WishRequest: face.WishRequest{Hash: k.Hash, Name: k.Name,
			Words: k.Words, Kind: k.Type, MinSize: k.MinSize, MaxSize: k.MaxSize, Owner: k.Owner, Download: k.Download, Folder: k.Folder}}
		for _, f := range k.Found {
			list[i].Found = append(list[i].Found, face.Find(f))
		}
	}
	return list, nil
}

// AddWish keeps a wish.
func (w *wishes) AddWish(_ context.Context, r face.WishRequest) (string, error) {
	if r.Folder != "" {
		if err := usable(r.Folder); err != nil {
			return "", coded(err)
		}
	}
	number, err := w.engine.Wishes.Add(library.Wish{Name: r.Name, Download: r.Download, Folder: r.Folder,
		Wish: netproto.Wish{Hash: r.Hash, Words: r.Words, Type: r.Kind, MinSize: r.MinSize, MaxSize: r.MaxSize, Owner: r.Owner}})
	return strconv.FormatUint(number, 10), coded(err)
}

// RemoveWishes ends wishes.
func (w *wishes) RemoveWishes(_ context.Context, ids []string) error {
	return coded(w.engine.Wishes.Remove(numbersOf(ids)...))
}

// SeeWishes notes that the person has seen what was found.
func (w *wishes) SeeWishes(context.Context) error { return coded(w.engine.Wishes.See()) }
