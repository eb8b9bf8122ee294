package offer

import (
	"fmt"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// file is a content that is announced under its name.
type file struct {
	Place
	name string
	part bool
	only *netproto.PublicKey // nil: everybody may read it
}

func (f *file) Length() int64 { return 0 }
func (f *file) Whole() bool   { return !f.part }
func (f *file) Resource() *netproto.Resource {
	if f.name == "" {
		return nil
	}
	return &netproto.Resource{Name: f.name}
}
func (f *file) For(key netproto.PublicKey) bool { return f.only == nil || *f.only == key }
func (f *file) Before(other Content) bool       { return f.name < other.(*file).name }
func (f *file) Manifest() *piece.Manifest       { return nil }
func (f *file) Have() piece.Bits                { return nil }
func (f *file) Open() (Reader, error)           { return nil, nil }
func (f *file) Broken(error)                    {}

// listing is what a tracker lists of one content.
type listing struct {
	name string
	told int
}

func (l *listing) Announce(r netproto.Resource) {
	l.told++
	l.name = r.Name
}

func (l *listing) Withdraw(netproto.ContentHash) {
	l.told++
	l.name = ""
}

// A folder may hold a hundred thousand empty files.
func TestManyEqualFilesComeAndGoWithoutDelay(t *testing.T) {
	const count = 100_000
	var listed listing
	r := NewRegister(&listed)
	var hash netproto.ContentHash
	files := map[int]*file{} // which go in the order of a map
	began := time.Now()
	for i := range count {
		files[i] = &file{name: fmt.Sprintf("file %06d", count-i)}
		r.Add(hash, files[i])
	}
	if listed.name != "file 000001" {
		t.Errorf("the name is %q", listed.name)
	}
	listed.told = 0
	for i, f := range files {
		if i == 0 {
			continue
		}
		r.Remove(hash, f)
		r.Remove(hash, f) // ignored
	}
	if listed.name != "file 100000" || listed.told > 200 {
		t.Errorf("the last name is %q, after %d others", listed.name, listed.told)
	}
	r.Remove(hash, files[0])
	if listed.name != "" || len(r.alone)+len(r.equal) != 0 {
		t.Errorf("%q is left, of %d contents", listed.name, len(r.alone)+len(r.equal))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

// Somebody may make contents whose hashes begin in the same way.
func TestContentsAreToldApartWhateverTheirHashesBeginWith(t *testing.T) {
	var listed listing
	r := NewRegister(&listed)
	first, second := netproto.ContentHash{1, 31: 1}, netproto.ContentHash{1, 31: 2}
	one, two, third := &file{name: "one"}, &file{name: "two"}, &file{name: "third"}
	has := func(hash netproto.ContentHash, want Content) {
		t.Helper()
		if got := r.Find(hash); got != want {
			t.Errorf("%v is found instead of %v", got, want)
		}
	}
	r.Add(first, one)
	has(second, nil)
	r.Add(second, two)
	r.Add(second, third)
	has(first, one)
	r.Remove(second, two)
	has(second, third)
	r.Remove(first, one)
	has(first, nil)
	has(second, third)
	r.Add(first, one)
	r.Remove(second, third)
	if has(second, nil); listed.name != "" {
		t.Errorf("%q is left", listed.name)
	}
	r.Remove(first, one)
	if len(r.alone)+len(r.equal) != 0 {
		t.Errorf("%d contents are left", len(r.alone)+len(r.equal))
	}
}

func TestAWholeContentIsFoundBeforeAPartialOne(t *testing.T) {
	var listed listing
	r := NewRegister(&listed)
	var hash netproto.ContentHash
	part, silent, whole := &file{name: "part", part: true}, &file{}, &file{name: "whole"}
	r.Add(hash, part)
	if r.Find(hash) != part {
		t.Error("a partial content is not found")
	}
	r.Add(hash, whole)
	if r.Find(hash) != whole {
		t.Error("the partial content is preferred")
	}
	r.Add(hash, silent)
	r.Remove(hash, part)
	r.Remove(hash, whole)
	if r.Find(hash) != silent || listed.name != "" {
		t.Errorf("a content that is not announced cannot be read, or is announced as %q", listed.name)
	}
}
