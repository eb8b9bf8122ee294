package web

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"centralizedp2p/netproto"
)

// archive is the ZIP of an offering. It is never made: any byte of it follows from the
// paths and sizes of the files and from their bytes, so that a broken download goes on
// where it ended. Files are stored as they are. The checksum of a file stands behind it
// and in the directory at the end (APPNOTE 6.3.10 §4.3.9), where ZIP64 takes over for what is
// large (§4.5.3). Whoever asks for the end alone has the files read for their checksums,
// once.
type archive struct {
	files    []File
	contents Contents
	made     time.Time

	starts  []int64 // of each file's header; then that of the directory
	entries []int64 // of each file's entry in the directory; then that of its end
	bases   []int64 // of each file's bytes among those of all files
	size    int64

	summing sync.Mutex // held while a file is read for its checksum
	mu      sync.Mutex
	sums    map[int]uint32 // checksums that are known
}

const (
	zipHeader    = 30
	zipEntry     = 46
	zipEnd       = 22
	zipEnd64     = 56
	zipLocator64 = 20
	zipUTF8      = 1 << 11 // the name is UTF-8
	zipBehind    = 1 << 3  // checksum and sizes follow the bytes
)

func newArchive(files []File, contents Contents, made time.Time) *archive {
	a := &archive{files: files, contents: contents, made: made, sums: map[int]uint32{}}
	var at, base int64
	for i := range files {
		a.starts, a.bases = append(a.starts, at), append(a.bases, base)
		at += int64(len(a.header(i))) + files[i].Size + int64(len(a.behind(i, 0)))
		base += files[i].Size
	}
	a.starts = append(a.starts, at)
	for i := range files {
		a.entries = append(a.entries, at)
		at += int64(len(a.entry(i, 0)))
	}
	a.entries = append(a.entries, at)
	a.size = at + int64(len(a.end()))
	return a
}

// large reports whether the sizes of a file need ZIP64.
func large(f File) bool { return f.Size >= math.MaxUint32 }

func zipName(f File) string {
	if f.Dir {
		return f.Path + "/"
	}
	return f.Path
}

// header is what stands before the bytes of a file.
func (a *archive) header(i int) []byte {
	f, le := a.files[i], binary.LittleEndian
	version, flags, size := uint16(20), uint16(zipUTF8|zipBehind), uint32(0)
	var extra []byte
	if f.Dir {
		flags = zipUTF8
	}
	if large(f) {
		version, size = 45, math.MaxUint32
		extra = append(le.AppendUint16(le.AppendUint16(nil, 1), 16), make([]byte, 16)...)
	}
	date, clock := dosTime(a.made)
	b := le.AppendUint32(make([]byte, 0, zipHeader), 0x04034b50)
	for _, v := range []uint16{version, flags, 0, clock, date} {
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, 0), size), size)
	b = le.AppendUint16(le.AppendUint16(b, uint16(len(zipName(f)))), uint16(len(extra)))
	return append(append(b, zipName(f)...), extra...)
}

// behind is what follows the bytes of a file.
func (a *archive) behind(i int, sum uint32) []byte {
	f, le := a.files[i], binary.LittleEndian
	if f.Dir {
		return nil
	}
	b := le.AppendUint32(le.AppendUint32(nil, 0x08074b50), sum)
	if large(f) {
		return le.AppendUint64(le.AppendUint64(b, uint64(f.Size)), uint64(f.Size))
	}
	return le.AppendUint32(le.AppendUint32(b, uint32(f.Size)), uint32(f.Size))
}

// entry is the file in the directory.
func (a *archive) entry(i int, sum uint32) []byte {
	f, le := a.files[i], binary.LittleEndian
	version, flags, mode := uint16(20), uint16(zipUTF8|zipBehind), uint32(0o100644)
	if f.Dir {
		flags, mode = zipUTF8, 0o040755
	}
	size, at := uint32(min(f.Size, math.MaxUint32)), uint32(min(a.starts[i], math.MaxUint32))
	var extra []byte
	if large(f) {
		extra = le.AppendUint64(le.AppendUint64(extra, uint64(f.Size)), uint64(f.Size))
	}
	if at == math.MaxUint32 {
		extra = le.AppendUint64(extra, uint64(a.starts[i]))
	}
	if extra != nil {
		version = 45
		extra = append(le.AppendUint16(le.AppendUint16(nil, 1), uint16(len(extra))), extra...)
	}
	date, clock := dosTime(a.made)
	b := le.AppendUint32(make([]byte, 0, zipEntry), 0x02014b50)
	for _, v := range []uint16{3<<8 | version, version, flags, 0, clock, date} { // 3: the mode is that of Unix
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(le.AppendUint32(le.AppendUint32(b, sum), size), size)
	for _, v := range []uint16{uint16(len(zipName(f))), uint16(len(extra)), 0, 0, 0} {
		b = le.AppendUint16(b, v)
	}
	b = le.AppendUint32(le.AppendUint32(b, mode<<16), at)
	return append(append(b, zipName(f)...), extra...)
}

// end is what follows the directory.
func (a *archive) end() []byte {
	le := binary.LittleEndian
	count, from := len(a.files), a.entries[0]
	to := a.entries[count]
	var b []byte
	if count >= math.MaxUint16 || from >= math.MaxUint32 || to-from >= math.MaxUint32 {
		b = le.AppendUint64(le.AppendUint32(make([]byte, 0, zipEnd64+zipLocator64+zipEnd), 0x06064b50), zipEnd64-12)
		b = le.AppendUint16(le.AppendUint16(b, 3<<8|45), 45)
		b = le.AppendUint32(le.AppendUint32(b, 0), 0)
		for _, v := range []int64{int64(count), int64(count), to - from, from} {
			b = le.AppendUint64(b, uint64(v))
		}
		b = le.AppendUint32(le.AppendUint32(b, 0x07064b50), 0)
		b = le.AppendUint32(le.AppendUint64(b, uint64(to)), 1)
	}
	few := uint16(min(count, math.MaxUint16))
	b = le.AppendUint32(b, 0x06054b50)
	b = le.AppendUint16(le.AppendUint16(le.AppendUint16(le.AppendUint16(b, 0), 0), few), few)
	b = le.AppendUint32(le.AppendUint32(b, uint32(min(to-from, math.MaxUint32))), uint32(min(from, math.MaxUint32)))
	return le.AppendUint16(b, 0)
}

// dosTime is a time as ZIP has it, in steps of two seconds.
func dosTime(t time.Time) (date, clock uint16) {
	if year := t.Year(); year < 1980 || year > 2107 {
		return 1<<5 | 1, 0
	}
	return uint16((t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()), uint16(t.Hour()<<11 | t.Minute()<<5 | t.Second()/2)
}

// known is the checksum of a file, if somebody read it before.
func (a *archive) known(i int) (uint32, bool) {
	if a.files[i].Size == 0 {
		return 0, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	sum, ok := a.sums[i]
	return sum, ok
}

func (a *archive) learn(i int, sum uint32) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sums[i] = sum
}

// sum is the checksum of a file. It reads the file if nobody did.
func (a *archive) sum(ctx context.Context, i int) (uint32, error) {
	if sum, ok := a.known(i); ok {
		return sum, nil
	}
	a.summing.Lock()
	defer a.summing.Unlock()
	if sum, ok := a.known(i); ok {
		return sum, nil
	}
	file, err := a.contents.OpenContent(a.files[i].Hash)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	h, buf := crc32.NewIEEE(), make([]byte, step)
	for at := int64(0); at < a.files[i].Size; {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := file.ReadAt(buf[:min(step, a.files[i].Size-at)], at)
		if n == 0 && err != nil {
			return 0, err
		}
		h.Write(buf[:n])
		at += int64(n)
	}
	a.learn(i, h.Sum32())
	return h.Sum32(), nil
}

// covers calls add with each part of the files' bytes in a range of the ZIP.
func (a *archive) covers(from, to int64, add func(span)) {
	i, found := slices.BinarySearch(a.starts[:len(a.files)], from)
	if !found && i > 0 {
		i--
	}
	for ; i < len(a.files) && a.starts[i] < to; i++ {
		begin := a.starts[i] + int64(len(a.header(i)))
		part := span{max(from, begin) - begin, min(to-begin, a.files[i].Size)}
		if part.from < part.to {
			add(span{a.bases[i] + part.from, a.bases[i] + part.to})
		}
	}
}

// zipReader reads an archive for one request.
type zipReader struct {
	ctx     context.Context
	archive *archive
	at      int64
	file    Reader // the one open
	of      int    // its number
	sum     uint32 // of its bytes up to summed
	summed  int64  // -1 if they were not read in order
}

// Seek goes to a byte of the ZIP.
func (z *zipReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += z.at
	case io.SeekEnd:
		offset += z.archive.size
	}
	if offset < 0 {
		return 0, fmt.Errorf("byte %d of a ZIP", offset)
	}
	z.at = offset
	return offset, nil
}

// Read reads from one part of the ZIP.
func (z *zipReader) Read(b []byte) (int, error) {
	a := z.archive
	if z.at >= a.size {
		return 0, io.EOF
	}
	part, from, err := z.part(b)
	if err != nil {
		return 0, err
	}
	n := copy(b, part[z.at-from:])
	z.at += int64(n)
	return n, nil
}

// part returns the part of the ZIP that the position is in, and where it begins; of a
// file's bytes no more than fit into buf.
func (z *zipReader) part(buf []byte) (part []byte, from int64, err error) {
	a, count := z.archive, len(z.archive.files)
	if z.at >= a.entries[count] {
		return a.end(), a.entries[count], nil
	}
	if z.at >= a.starts[count] {
		i := before(a.entries, z.at)
		sum, err := a.sum(z.ctx, i)
		return a.entry(i, sum), a.entries[i], err
	}
	i := before(a.starts, z.at)
	header := a.header(i)
	begin := a.starts[i] + int64(len(header))
	end := begin + a.files[i].Size
	switch {
	case z.at < begin:
		return header, a.starts[i], nil
	case z.at < end:
		n, err := z.read(i, buf[:min(int64(len(buf)), end-z.at)], z.at-begin)
		return buf[:n], z.at, err
	}
	sum, err := a.sum(z.ctx, i)
	return a.behind(i, sum), end, err
}

// before is the last of the starts that is not behind at.
func before(starts []int64, at int64) int {
	i, found := slices.BinarySearch(starts, at)
	if !found {
		i--
	}
	return i
}

// read reads bytes of a file, and learns its checksum on the way if it can.
func (z *zipReader) read(i int, b []byte, offset int64) (int, error) {
	if z.file == nil || z.of != i {
		z.Close()
		file, err := z.archive.contents.OpenContent(z.archive.files[i].Hash)
		if err != nil {
			return 0, err
		}
		z.file, z.of, z.sum, z.summed = file, i, 0, 0
	}
	n, err := z.file.ReadAt(b, offset)
	if n == 0 {
		if err == nil || err == io.EOF { //nolint:errorlint // an io.ReaderAt returns it bare
			err = netproto.Errorf(netproto.CodeFileChanged, "%s", z.archive.files[i].Path)
		}
		return 0, err
	}
	if z.summed == offset {
		z.sum = crc32.Update(z.sum, crc32.IEEETable, b[:n])
		if z.summed += int64(n); z.summed == z.archive.files[i].Size {
			z.archive.learn(i, z.sum)
		}
	} else {
		z.summed = -1
	}
	return n, nil
}

// Close closes the file that was read last.
func (z *zipReader) Close() {
	if z.file != nil {
		z.file.Close()
		z.file = nil
	}
}
