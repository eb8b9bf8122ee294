package netproto

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A folder travels as a content of its own, a text:
//
//	cp2p-folder 1
//	<content hash> <size in bytes> <path>
//	d 0 <path of an empty folder>
//
// Paths are relative, with "/" between names that pass CheckName, in the strictly
// ascending order of ComparePaths: a folder has exactly one such text, and
// therefore one hash.
const (
	// FolderMagic is how the text of a folder begins.
	FolderMagic = "cp2p-folder 1\n"
	// FolderMIME is the type under which a folder is announced.
	FolderMIME = "application/vnd.centralizedp2p.folder"

	MaxFolderEntries = 1_000_000 // files, and as many folders
	MaxFolderBytes   = 256 << 20 // of the text
	maxPathBytes     = 4096
	maxPathDepth     = 64
	maxFolderLine    = 2*len(ContentHash{}) + len(" 1234567890123456789 \n") + maxPathBytes
)

// FolderEntry is a file, or an empty folder, in a shared folder.
type FolderEntry struct {
	Path string // slash-separated, relative to the folder
	Size int64  // bytes
	Hash ContentHash
	Dir  bool // an empty folder: no size, no hash
}

// AppendFolder appends the text of a folder whose entries are in ascending order of
// their paths. It fails if ParseFolder would refuse the text.
func AppendFolder(dst []byte, entries []FolderEntry) ([]byte, error) {
	text := bytes.NewBuffer(dst)
	if err := WriteFolder(text, slices.Values(entries)); err != nil {
		return nil, err
	}
	return text.Bytes(), nil
}

// folderPart is how many bytes of the text of a folder are written at a time.
const folderPart = 64 << 10

// WriteFolder writes what [AppendFolder] appends, of entries that need not all be in memory.
// An error of w is returned as it is.
func WriteFolder(w io.Writer, entries iter.Seq[FolderEntry]) error {
	part := append(make([]byte, 0, folderPart), FolderMagic...)
	order, n, size := folderOrder{}, 0, 0
	flush := func() error {
		if size += len(part); size > MaxFolderBytes {
			return fmt.Errorf("the list of the folder's files has more than %d bytes: share its parts one by one", MaxFolderBytes)
		}
		_, err := w.Write(part)
		part = part[:0]
		return err
	}
	for e := range entries {
		if n++; n > MaxFolderEntries {
			return fmt.Errorf("the folder has more than %d files: share its parts one by one", MaxFolderEntries)
		}
		if err := order.next(e); err != nil {
			return err
		}
		if len(part)+maxFolderLine > folderPart {
			if err := flush(); err != nil {
				return err
			}
		}
		if e.Dir {
			part = append(part, "d 0 "...)
		} else {
			part = append(hex.AppendEncode(part, e.Hash[:]), ' ')
			part = append(strconv.AppendInt(part, e.Size, 10), ' ')
		}
		part = append(append(part, e.Path...), '\n')
	}
	return flush()
}

// ParseFolder reads the text of a folder and checks every rule of the format.
func ParseFolder(r io.Reader) ([]FolderEntry, error) {
	return parseFolder(r, MaxFolderBytes)
}

// parseFolder reads a text of at most limit bytes. It reads one more byte, so that a
// longer text is refused and not mistaken for one that ends there.
func parseFolder(r io.Reader, limit int64) ([]FolderEntry, error) {
	bounded := &io.LimitedReader{R: r, N: limit + 1}
	br := bufio.NewReaderSize(bounded, 64<<10)
	magic := make([]byte, len(FolderMagic))
	if _, err := io.ReadFull(br, magic); err != nil || string(magic) != FolderMagic {
		return nil, errors.New("this is not a folder of a version that is known here")
	}
	var entries []FolderEntry
	var paths pathRoom
	order := folderOrder{}
	for {
		line, err := br.ReadSlice('\n')
		if bounded.N == 0 {
			return nil, fmt.Errorf("the list of the folder's files is longer than %d bytes", limit)
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("folder entry %d is cut short or longer than 64 KiB", len(entries)+1)
		}
		if len(entries) == MaxFolderEntries {
			return nil, fmt.Errorf("the folder lists more than %d files", MaxFolderEntries)
		}
		e, err := parseFolderLine(line[:len(line)-1], &paths)
		if err == nil {
			err = order.next(e)
		}
		if err != nil {
			return nil, fmt.Errorf("folder entry %d: %w", len(entries)+1, err)
		}
		if len(entries) == cap(entries) {
			read := limit + 1 - bounded.N - int64(br.Buffered())
			entries = slices.Grow(entries, moreEntries(len(entries), read, sizeOf(r)))
		}
		entries = append(entries, e)
	}
}

// moreEntries estimates how many more entries a text of size bytes has, after the first read
// bytes of it had that many: the rest is taken to be like what was read, and a few are added. A list of a million entries that grows as slices do
// would take five times its memory on the way.
func moreEntries(entries int, read, size int64) int {
	more := int64(max(entries/4, 256))
	if entries > 0 && size > read {
		rest := (size - read) * int64(entries) / read
		more = rest + rest/32 + 16
	}
	return int(min(more, int64(MaxFolderEntries-entries)))
}

// sizeOf returns the number of bytes of a reader that knows it, or 0.
func sizeOf(r io.Reader) int64 {
	if sized, ok := r.(interface{ Size() int64 }); ok {
		return sized.Size()
	}
	return 0
}

// pathRoom keeps paths side by side, many in one piece of memory.
type pathRoom struct{ strings.Builder }

const pathRoomBytes = 32 << 10

func (p *pathRoom) keep(path []byte) string {
	if len(path) > p.Cap()-p.Len() {
		p.Builder = strings.Builder{} // what was kept there stays where it is
		p.Grow(max(pathRoomBytes, len(path)))
	}
	start := p.Len()
	p.Write(path)
	return p.String()[start:]
}

func parseFolderLine(line []byte, paths *pathRoom) (FolderEntry, error) {
	hash, rest, _ := bytes.Cut(line, []byte{' '})
	size, path, ok := bytes.Cut(rest, []byte{' '})
	if !ok {
		return FolderEntry{}, errors.New("a hash, a size and a path are expected")
	}
	e := FolderEntry{Path: paths.keep(path)}
	if string(hash) == "d" {
		if string(size) != "0" {
			return e, errors.New("an empty folder has the size 0")
		}
		e.Dir = true
		return e, nil
	}
	if len(hash) != 2*len(e.Hash) {
		_, err := ParseContentHash(string(hash))
		return e, err
	}
	if bytes.ContainsAny(hash, "ABCDEF") {
		return e, errors.New("a hash is written in lower case")
	}
	_, err := hex.Decode(e.Hash[:], hash)
	if err != nil {
		return e, fmt.Errorf("a content hash has only the digits 0-9 and a-f: %w", err)
	}
	e.Size, err = strconv.ParseInt(string(size), 10, 64)
	if err != nil || strconv.FormatInt(e.Size, 10) != string(size) {
		return e, errors.New("the size is not a plain number")
	}
	return e, nil
}

// folderOrder checks entries one after another.
type folderOrder struct {
	last    FolderEntry
	any     bool // there was one
	folders int  // that the entries so far are in, and empty ones
}

func (o *folderOrder) next(e FolderEntry) error {
	if err := CheckPath(e.Path); err != nil {
		return err
	}
	if !e.Dir && (e.Size < 0 || e.Size > MaxContentSize || e.Hash.IsZero()) {
		return fmt.Errorf("%s: its size or its hash is out of range", Printable(e.Path))
	}
	if o.any {
		if ComparePaths(e.Path, o.last.Path) <= 0 {
			return fmt.Errorf("%s: paths must be in ascending order and unique", Printable(e.Path))
		}
		if strings.HasPrefix(e.Path, o.last.Path+"/") {
			return fmt.Errorf("%s: its parent is listed as a file or as empty", Printable(e.Path))
		}
	}
	// Each folder takes space on the disk, and a short list can name very many.
	if o.folders += newFolders(o.last.Path, e); o.folders > MaxFolderEntries {
		return fmt.Errorf("the folder has more than %d folders in it", MaxFolderEntries)
	}
	o.last, o.any = e, true
	return nil
}

// newFolders is how many folders e is in that the path before it was not, and e itself if
// it is an empty one.
func newFolders(before string, e FolderEntry) int {
	n := strings.Count(e.Path, "/")
	if e.Dir {
		n++
	}
	for i := range min(len(e.Path), len(before)) {
		if e.Path[i] != before[i] {
			break
		}
		if e.Path[i] == '/' {
			n--
		}
	}
	return n
}

// ComparePaths orders paths name by name, as a walk through sorted folders meets
// them: "a/c" comes before "a-b". So everything below an entry comes right after
// it.
func ComparePaths(a, b string) int {
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		switch {
		case a[i] == '/':
			return -1
		case b[i] == '/':
			return 1
		}
		return int(a[i]) - int(b[i])
	}
	return len(a) - len(b)
}

// PathFits reports whether a path is short and shallow enough for [CheckPath].
func PathFits(path string) bool {
	return len(path) <= maxPathBytes && strings.Count(path, "/") < maxPathDepth
}

// CheckPath returns why a slash-separated relative path from the network must not
// be used, or nil. Every part must pass [CheckName].
func CheckPath(path string) error {
	if len(path) > maxPathBytes {
		return fmt.Errorf("a path has %d bytes, %d are allowed", len(path), maxPathBytes)
	}
	parts := strings.Split(path, "/")
	if len(parts) > maxPathDepth {
		return fmt.Errorf("a path has %d parts, %d are allowed", len(parts), maxPathDepth)
	}
	for _, part := range parts {
		if err := CheckName(part); err != nil {
			return fmt.Errorf("%s: %w", Printable(path), err)
		}
	}
	return nil
}
