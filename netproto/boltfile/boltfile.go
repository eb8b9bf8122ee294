// Package boltfile opens a bbolt database after a look whether its pages hang together: a
// page that is its own child, which one wrong bit is enough for, would keep bbolt going
// round for ever. It gives the file back also if bbolt panics later. The file is as bbolt version 2 writes it, in the
// byte order of this computer:
//
//	page:    u64 number | u16 kind | u16 elements | u32 further pages | elements | bytes
//	branch:  u32 where its key is, from here | u32 its length | u64 page
//	leaf:    u32 1 for a bucket | u32 where its key is, from here | u32 its length | u32 length of its value
//	bucket:  u64 page, or 0 | u64 | a page without number, if that is 0
//	head:    u32 magic | u32 version | u32 page size | u32 | bucket, without page | u64 page of the free list | u64 pages | u64 transaction | u64 FNV-1a
//
// Pages 0 and 1 are heads; the one with the later transaction counts.
package boltfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
)

const (
	magic   = 0xED0CDAED
	version = 2

	headerSize  = 16 // bytes of a page before its elements
	elementSize = 16
	headSize    = 64
	bucketSize  = 16

	kindBranch   = 0x01
	kindLeaf     = 0x02
	kindFreelist = 0x10

	noFreelist = math.MaxUint64

	maxDepth    = 100 // of pages; a tree of all atoms has fewer
	maxPageSize = 1 << 20
)

var order = binary.NativeEndian

// Check returns nil if every page of the file is where the others say, once, with its
// keys in order, and not free. Nobody may write the file meanwhile. It reads no more
// memory than the largest value takes. A file of no bytes is fine: bbolt fills it.
func Check(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	c := checker{file: file, size: uint64(info.Size())}
	h, err := c.head()
	if err != nil {
		return err
	}
	c.pageSize, c.pages = uint64(h.pageSize), h.pages
	if c.pages > c.size/c.pageSize {
		return fmt.Errorf("it has %d bytes, too few for its %d pages", c.size, c.pages)
	}
	c.seen = make([]uint64, c.pages/64+1)
	if err := c.page(h.root, nil, nil, 0); err != nil {
		return err
	}
	if h.freelist == noFreelist {
		return nil
	}
	return c.freelist(h.freelist)
}

type checker struct {
	file            *os.File
	size            uint64 // of the file, in bytes
	pageSize, pages uint64
	seen            []uint64 // a bit for each page that is in use or free
	inside          int      // how many buckets are around what is checked
}

type head struct {
	pageSize                     uint32
	root, freelist, pages, stamp uint64
}

// head returns the head that counts.
func (c *checker) head() (found head, err error) {
	raw := make([]byte, headSize)
	ok := false
	for at := uint64(0); at <= maxPageSize; at = max(2*at, 1024) { // the second one is behind a page of unknown size
		if _, err := c.file.ReadAt(raw, int64(at+headerSize)); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return found, err
		}
		sum := fnv.New64a()
		sum.Write(raw[:headSize-8])
		h := head{order.Uint32(raw[8:]), order.Uint64(raw[16:]), order.Uint64(raw[32:]), order.Uint64(raw[40:]), order.Uint64(raw[48:])}
		if order.Uint32(raw) != magic || order.Uint32(raw[4:]) != version || order.Uint64(raw[56:]) != sum.Sum64() {
			continue
		}
		if h.pageSize < 1024 || h.pageSize > maxPageSize || h.pageSize&(h.pageSize-1) != 0 || at != 0 && at != uint64(h.pageSize) {
			continue
		}
		if !ok || h.stamp > found.stamp {
			found, ok = h, true
		}
	}
	if !ok {
		return found, errors.New("neither of its heads can be read")
	}
	return found, nil
}

// read returns a page that nothing else refers to, with the pages that belong to it.
func (c *checker) read(number uint64) (raw []byte, kind uint16, err error) {
	if number < 2 || number >= c.pages {
		return nil, 0, fmt.Errorf("there is no page %d", number)
	}
	first := make([]byte, headerSize)
	if _, err := c.file.ReadAt(first, int64(number*c.pageSize)); err != nil {
		return nil, 0, err
	}
	further := uint64(order.Uint32(first[12:]))
	if order.Uint64(first) != number || further >= c.pages-number {
		return nil, 0, fmt.Errorf("page %d is another one", number)
	}
	for n := number; n <= number+further; n++ {
		if err := c.use(n); err != nil {
			return nil, 0, err
		}
	}
	raw = make([]byte, (further+1)*c.pageSize)
	_, err = c.file.ReadAt(raw, int64(number*c.pageSize))
	return raw, order.Uint16(raw[8:]), err
}

func (c *checker) use(number uint64) error {
	if c.seen[number/64]&(1<<(number%64)) != 0 {
		return fmt.Errorf("page %d is there twice", number)
	}
	c.seen[number/64] |= 1 << (number % 64)
	return nil
}

// page checks a page and all below it. The first key is least, if that is not nil: bbolt
// finds with it where to write that the page has changed. All are before most, if that is
// not nil.
func (c *checker) page(number uint64, least, most []byte, depth int) error {
	if depth > maxDepth {
		return errors.New("its pages are too deep")
	}
	raw, kind, err := c.read(number)
	if err != nil {
		return err
	}
	if err := c.elements(raw, kind, least, most, depth); err != nil {
		return fmt.Errorf("page %d: %w", number, err)
	}
	return nil
}

func (c *checker) elements(raw []byte, kind uint16, least, most []byte, depth int) error {
	count := int(order.Uint16(raw[10:]))
	data := headerSize + count*elementSize
	if kind != kindBranch && kind != kindLeaf || data > len(raw) || kind == kindBranch && count == 0 {
		return errors.New("it cannot be read")
	}
	keys := make([][]byte, count)
	for i := range keys {
		at := headerSize + i*elementSize
		where := raw[at:]
		if kind == kindLeaf {
			where = raw[at+4:]
		}
		begin := uint64(at) + uint64(order.Uint32(where))
		end := begin + uint64(order.Uint32(where[4:]))
		if i == 0 && begin > uint64(data) {
			return errors.New("elements are missing") // bbolt leaves no gap
		}
		if begin < uint64(data) || end > uint64(len(raw)) {
			return errors.New("a key is outside")
		}
		keys[i] = raw[begin:end]
		if i == 0 && least != nil && !bytes.Equal(keys[i], least) || i > 0 && bytes.Compare(keys[i], keys[i-1]) <= 0 ||
			most != nil && bytes.Compare(keys[i], most) >= 0 {
			return errors.New("its keys are out of order")
		}
		if kind == kindLeaf {
			if err := c.value(raw, at, end, depth); err != nil {
				return err
			}
		}
	}
	if kind == kindLeaf {
		return nil
	}
	for i, key := range keys {
		before := most
		if i+1 < count {
			before = keys[i+1]
		}
		if err := c.page(order.Uint64(raw[headerSize+i*elementSize+8:]), key, before, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// value checks the value of the leaf element at an offset, which begins where its key
// ends.
func (c *checker) value(raw []byte, at int, begin uint64, depth int) error {
	flags, end := order.Uint32(raw[at:]), begin+uint64(order.Uint32(raw[at+12:]))
	if end > uint64(len(raw)) || flags > 1 {
		return errors.New("a value is outside")
	}
	if flags == 0 {
		if c.inside == 0 { // the tree of the file itself has nothing but buckets
			return errors.New("a bucket cannot be read")
		}
		return nil
	}
	c.inside++
	defer func() { c.inside-- }()
	bucket := raw[begin:end]
	if len(bucket) < bucketSize {
		return errors.New("a bucket cannot be read")
	}
	if root := order.Uint64(bucket); root != 0 {
		return c.page(root, nil, nil, depth+1)
	}
	inline := bucket[bucketSize:]
	if len(inline) < headerSize || order.Uint16(inline[8:]) != kindLeaf {
		return errors.New("a bucket cannot be read")
	}
	return c.elements(inline, kindLeaf, nil, nil, depth+1)
}

// freelist checks that no free page is in use.
func (c *checker) freelist(number uint64) error {
	raw, kind, err := c.read(number)
	if err != nil {
		return err
	}
	count, ids := uint64(order.Uint16(raw[10:])), raw[headerSize:]
	if count == math.MaxUint16 {
		count, ids = order.Uint64(ids), ids[8:]
	}
	if kind != kindFreelist || count > uint64(len(ids)/8) {
		return errors.New("its list of free pages cannot be read")
	}
	for ; count > 0; count-- {
		free := order.Uint64(ids)
		if free < 2 || free >= c.pages {
			return fmt.Errorf("there is no page %d", free)
		}
		if err := c.use(free); err != nil {
			return err
		}
		ids = ids[8:]
	}
	return nil
}
