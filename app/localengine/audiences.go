package localengine

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/app/library"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// VisibleTo returns who may have a share.
func (ss *shares) VisibleTo(_ context.Context, id string) (face.Visible, error) {
	s, err := ss.byID(id)
	if err != nil {
		return face.Visible{}, err
	}
	return face.Visible{To: face.Visibility(s.Visible.To), People: slices.Clone(s.Visible.Keys), Expires: s.Visible.Expires, Count: left(s)}, nil
}

// SetVisible changes who may have shares.
func (ss *shares) SetVisible(_ context.Context, ids []string, visible face.Visible) error {
	if err := checkVisible(visible); err != nil {
		return err
	}
	for _, id := range ids {
		s, err := ss.byID(id)
		if err != nil {
			continue
		}
		if err := ss.engine.Shares.SetVisible(remembered(visible).More(visible.Count, s.Fetched), id); err != nil {
			return coded(err)
		}
	}
	return nil
}

func (ss *shares) byID(id string) (sharing.Share, error) {
	list := ss.engine.Shares.List()
	i := slices.IndexFunc(list, func(s sharing.Share) bool { return s.ID == id })
	if i < 0 {
		return sharing.Share{}, netproto.Errorf(netproto.CodeNotFound, "it is no longer shared")
	}
	return list[i], nil
}

func checkVisible(v face.Visible) error {
	switch {
	case v.To != face.VisibleEverybody && v.To != face.VisibleLink && v.To != face.VisiblePeople:
		return netproto.Errorf(netproto.CodeInvalid, "nobody is called %q", string(v.To))
	case v.To == face.VisiblePeople && len(v.People) == 0:
		return netproto.Errorf(netproto.CodeInvalid, "choose at least one person")
	case v.Count < 0:
		return netproto.Errorf(netproto.CodeInvalid, "a count of uploads cannot be negative")
	}
	return nil
}

// remembered is how the library remembers who may have a share, without the count.
func remembered(v face.Visible) library.Visible {
	r := library.Visible{To: library.Visibility(v.To), Expires: v.Expires}
	if v.To == face.VisiblePeople {
		r.Keys = v.People
	}
	return r
}

// left is how many complete uploads a share has until it ends; 0 if no count ends it.
func left(s sharing.Share) int { return max(0, s.Visible.Until-s.Fetched) }

// maxNames bounds the names in a row.
const maxNames = 5

// namesOf are the names of the chosen people, to be shown.
func (ss *shares) namesOf(v library.Visible) string {
	var names []string
	for i, key := range v.Keys {
		if i == maxNames {
			names = append(names, "…")
			break
		}
		name := ss.engine.People.NameOf(key)
		if name == "" {
			name = netproto.PeerIDOf(key[:]).String()[:8]
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

func baseName(path string) string { return netproto.SafeName(filepath.Base(path)) }

// readable fails with "file-unreadable" if a path cannot be sent.
func readable(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%s is neither a file nor a folder", path)
	}
	if err == nil {
		file, opened := readfile.Open(path)
		if err = opened; err == nil {
			err = file.Close()
		}
	}
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	return nil
}
