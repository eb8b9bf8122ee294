package boltfile

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// pageSize is that of the files of these tests, in bytes.
const pageSize = 4096

// written returns the bytes of a database of several pages of every kind: branches,
// leaves, buckets in pages of their own and within others, values of several pages, and
// free pages.
func written(t testing.TB) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "test.db")
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{PageSize: pageSize})
	check(t, err)
	check(t, db.Update(func(tx *bbolt.Tx) error {
		for _, bucket := range []string{"large", "small"} {
			b, err := tx.CreateBucket([]byte(bucket))
			for i := 0; err == nil && i < 2000 && (i < 3 || bucket == "large"); i++ {
				err = b.Put(fmt.Appendf(nil, "key %05d", i), bytes.Repeat([]byte{byte(i)}, 50))
			}
			if err == nil {
				err = b.Put([]byte("several pages"), make([]byte, 3*pageSize))
			}
			if err == nil && bucket == "small" {
				_, err = b.CreateBucket([]byte("within"))
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
	check(t, db.Update(func(tx *bbolt.Tx) error {
		for i := range 500 {
			if err := tx.Bucket([]byte("large")).Delete(fmt.Appendf(nil, "key %05d", i)); err != nil {
				return err
			}
		}
		return nil
	}))
	check(t, db.Close())
	raw, err := os.ReadFile(name)
	check(t, err)
	return raw
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// looked is what Check says of these bytes.
func looked(t testing.TB, raw []byte) error {
	t.Helper()
	name := filepath.Join(t.TempDir(), "test.db")
	check(t, os.WriteFile(name, raw, 0o600))
	return Check(name)
}

// pages returns the numbers of the pages of a kind that are in use, the root first.
func pages(t testing.TB, raw []byte, kind uint16) (found []uint64) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "test.db")
	check(t, os.WriteFile(name, raw, 0o600))
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	check(t, err)
	defer db.Close()
	check(t, db.View(func(tx *bbolt.Tx) error {
		for number := 2; number < len(raw)/pageSize; number++ {
			info, err := tx.Page(number)
			if err != nil || info == nil {
				return err
			}
			if info.Type == map[uint16]string{kindBranch: "branch", kindLeaf: "leaf", kindFreelist: "freelist"}[kind] {
				found = append(found, uint64(number))
			}
			number += info.OverflowCount
		}
		return nil
	}))
	if len(found) == 0 {
		t.Fatalf("there is no page of kind %d", kind)
	}
	return found
}

func TestWhatBboltWritesIsFine(t *testing.T) {
	t.Parallel()
	if err := looked(t, written(t)); err != nil {
		t.Error(err)
	}
	if err := looked(t, nil); err != nil {
		t.Errorf("a new file: %v", err)
	}
	if err := Check(filepath.Join(t.TempDir(), "none")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

// Each damage is one that bbolt itself would take for a database.
func TestDamagedPagesAreFound(t *testing.T) {
	t.Parallel()
	whole := written(t)
	branch, leaf := pages(t, whole, kindBranch)[0], pages(t, whole, kindLeaf)
	free := pages(t, whole, kindFreelist)[0]
	element := func(page uint64, i int) int { return int(page)*pageSize + headerSize + i*elementSize }
	child := func(raw []byte, i int) []byte { return raw[element(branch, i)+8:] }
	// key is where the i-th key of a page begins.
	key := func(raw []byte, page uint64, i, field int) int {
		at := element(page, i)
		return at + int(order.Uint32(raw[at+field:]))
	}
	for name, c := range map[string]struct {
		damage func(raw []byte) []byte
		says   string
	}{
		"a page is its own child": {func(raw []byte) []byte { order.PutUint64(child(raw, 0), branch); return raw }, "there twice"},
		"a page has two parents":  {func(raw []byte) []byte { copy(child(raw, 1)[:8], child(raw, 0)); return raw }, "there twice"},
		"a child is no page":      {func(raw []byte) []byte { order.PutUint64(child(raw, 1), 1<<40); return raw }, "there is no page"},
		"a head is a child":       {func(raw []byte) []byte { order.PutUint64(child(raw, 1), 1); return raw }, "there is no page"},
		"a page has another number": {func(raw []byte) []byte {
			order.PutUint64(raw[order.Uint64(child(raw, 1))*pageSize:], 7)
			return raw
		}, "is another one"},
		"a page is of no kind": {func(raw []byte) []byte {
			order.PutUint16(raw[order.Uint64(child(raw, 1))*pageSize+8:], 0x40)
			return raw
		}, "cannot be read"},
		"a page goes on into the next one": {func(raw []byte) []byte {
			order.PutUint32(raw[order.Uint64(child(raw, 1))*pageSize+12:], uint32(len(raw)/pageSize))
			return raw
		}, "is another one"},
		"the key that leads to a page is another than its first": {func(raw []byte) []byte {
			raw[key(raw, branch, 1, 0)+len("key 00000")-1]++
			return raw
		}, "out of order"},
		"keys of a page change places": {func(raw []byte) []byte {
			page := order.Uint64(child(raw, 1))
			a, b := key(raw, page, 1, 4), key(raw, page, 2, 4)
			raw[a+8], raw[b+8] = raw[b+8], raw[a+8]
			return raw
		}, "out of order"},
		"a page has fewer elements": {func(raw []byte) []byte {
			count := raw[order.Uint64(child(raw, 1))*pageSize+10:]
			order.PutUint16(count, order.Uint16(count)-1)
			return raw
		}, "elements are missing"},
		"a key is outside of its page": {func(raw []byte) []byte {
			order.PutUint32(raw[element(order.Uint64(child(raw, 1)), 1)+4:], 1<<31)
			return raw
		}, "a key is outside"},
		"a value is outside of its page": {func(raw []byte) []byte {
			order.PutUint32(raw[element(order.Uint64(child(raw, 1)), 0)+12:], 1<<31)
			return raw
		}, "a value is outside"},
		"a value is a bucket": {func(raw []byte) []byte {
			order.PutUint32(raw[element(order.Uint64(child(raw, 1)), 0):], 1)
			return raw
		}, ""},
		"a bucket is a value": {func(raw []byte) []byte {
			head := raw[headerSize:]
			if other := raw[pageSize+headerSize:]; order.Uint64(other[48:]) > order.Uint64(head[48:]) {
				head = other
			}
			order.PutUint32(raw[element(order.Uint64(head[16:]), 0):], 0)
			return raw
		}, "a bucket cannot be read"},
		"a page in use is free": {func(raw []byte) []byte {
			order.PutUint64(raw[free*pageSize+headerSize:], leaf[0])
			return raw
		}, ""},
		"more pages are free than there are": {func(raw []byte) []byte {
			order.PutUint16(raw[free*pageSize+10:], 60_000)
			return raw
		}, "free pages cannot be read"},
		"its end is missing": {func(raw []byte) []byte { return raw[:20*pageSize] }, "too few"},
		"both heads are torn": {func(raw []byte) []byte {
			raw[headerSize+20]++
			raw[pageSize+headerSize+20]++
			return raw
		}, "neither of its heads"},
		"only its head is there": {func(raw []byte) []byte { return raw[:100] }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := looked(t, c.damage(bytes.Clone(whole)))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says %v, want %q", err, c.says)
			}
		})
	}
}

// The head with the later transaction counts, unless it is torn: then the other one does,
// as after a loss of power.
func TestATornHeadLeavesTheOtherOne(t *testing.T) {
	t.Parallel()
	for _, torn := range []int{0, pageSize} {
		raw := written(t)
		raw[torn+headerSize+50]++
		name := filepath.Join(t.TempDir(), "test.db")
		check(t, os.WriteFile(name, raw, 0o600))
		file, err := os.Open(name)
		check(t, err)
		defer file.Close()
		c := checker{file: file, size: uint64(len(raw))}
		h, err := c.head()
		check(t, err)
		other := raw[pageSize-torn+headerSize:]
		sum := fnv.New64a()
		sum.Write(other[:headSize-8])
		if h.stamp != order.Uint64(other[48:]) || sum.Sum64() != order.Uint64(other[56:]) {
			t.Errorf("with the head at %d torn, that of transaction %d counts", torn, h.stamp)
		}
	}
}

// Whatever the bytes are, Check ends. It takes no more memory than they do.
func FuzzCheck(f *testing.F) {
	whole := written(f)
	f.Add(whole)
	f.Add(whole[:2*pageSize])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) <= 1<<20 {
			looked(t, raw)
		}
	})
}
