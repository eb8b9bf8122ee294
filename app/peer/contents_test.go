package peer

import (
	"fmt"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// A folder may hold a hundred thousand empty files.
func TestManyEqualFilesComeAndGoWithoutDelay(t *testing.T) {
	const count = 100_000
	name, told := "", 0
	cs := newContents(func(_ netproto.ContentHash, as *netproto.Resource) {
		told++
		if name = ""; as != nil {
			name = as.Name
		}
	})
	s := &share{record: library.Share{Path: "/folder", Name: "folder"}}
	files := map[int]*sharedFile{} // which go in the order of a map
	began := time.Now()
	for i := range count {
		files[i] = &sharedFile{share: s, rel: fmt.Sprintf("file %06d", count-i)}
		cs.add(files[i].hash, files[i], nil)
	}
	if name != "file 000001" {
		t.Errorf("the name is %q", name)
	}
	told = 0
	for i, f := range files {
		if i == 0 {
			continue
		}
		cs.remove(f.hash, f)
		cs.remove(f.hash, f) // which is nothing new
	}
	if name != "file 100000" || told > 200 {
		t.Errorf("the last name is %q, after %d others", name, told)
	}
	cs.remove(files[0].hash, files[0])
	if name != "" || len(cs.byHash) != 0 {
		t.Errorf("%q is left, of %d contents", name, len(cs.byHash))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}
