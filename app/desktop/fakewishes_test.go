package desktop

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"centralizedp2p/app/face"
)

// fakeWishes are the wishes that a test, or the window, puts there.
type fakeWishes struct {
	wishing sync.Mutex
	wishes  []face.Wish
	seen    int // how often the person saw what was found
}

// fulfil makes a wish that something fits.
func (f *fakeWishes) fulfil(words string, find face.Find) {
	f.wishing.Lock()
	defer f.wishing.Unlock()
	f.wishes = append(f.wishes, face.Wish{ID: strconv.Itoa(len(f.wishes) + 1), WishRequest: face.WishRequest{Words: words}, Found: []face.Find{find}})
}

func (f *fakeWishes) Wishes(context.Context) ([]face.Wish, error) {
	f.wishing.Lock()
	defer f.wishing.Unlock()
	list := slices.Clone(f.wishes)
	for i := range list {
		list[i].Found = slices.Clone(list[i].Found)
	}
	return list, nil
}

func (f *fakeWishes) AddWish(_ context.Context, r face.WishRequest) (string, error) {
	f.wishing.Lock()
	defer f.wishing.Unlock()
	for i, w := range f.wishes {
		if w.Words == r.Words {
			f.wishes[i].Download = r.Download
			return w.ID, nil
		}
	}
	w := face.Wish{ID: strconv.Itoa(len(f.wishes) + 1), WishRequest: r}
	f.wishes = append([]face.Wish{w}, f.wishes...)
	return w.ID, nil
}

func (f *fakeWishes) RemoveWishes(_ context.Context, ids []string) error {
	f.wishing.Lock()
	defer f.wishing.Unlock()
	f.wishes = slices.DeleteFunc(f.wishes, func(w face.Wish) bool { return slices.Contains(ids, w.ID) })
	return nil
}

func (f *fakeWishes) SeeWishes(context.Context) error {
	f.wishing.Lock()
	defer f.wishing.Unlock()
	f.seen++
	for i := range f.wishes {
		for k := range f.wishes[i].Found {
			f.wishes[i].Found[k].New = false
		}
	}
	return nil
}
