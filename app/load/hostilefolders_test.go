//go:build linux

package load

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// listing is the text of a folder that no honest peer shares.
type listing struct {
	name string
	text func() string
	// folder says that the text is one of a folder, whose files nobody has: the download
	// waits for them, and is ended.
	folder bool
}

const listMagic = netproto.FolderMagic

// line is an entry of a list.
func line(path string, size any) string {
	return fmt.Sprintf("%s %v %s\n", strings.Repeat("ab", 32), size, path)
}

func lines(n int, each func(i int) string) func() string {
	return func() string {
		var b strings.Builder
		b.WriteString(listMagic)
		for i := range n {
			b.WriteString(each(i))
		}
		return b.String()
	}
}

func listings() []listing {
	list := []listing{
		{name: "a wrong order", text: func() string { return listMagic + line("b", 1) + line("a", 1) }},
		{name: "a path twice", text: func() string { return listMagic + line("a", 1) + line("a", 1) }},
		{name: "a folder that is a file", text: func() string { return listMagic + line("a", 1) + line("a/b", 1) }},
		{name: "a file within an empty folder", text: func() string { return listMagic + "d 0 a\n" + line("a/b", 1) }},
		{name: "another version", text: func() string { return "cp2p-folder 2\n" + line("a", 1) }},
		{name: "no end of the line", text: func() string { return strings.TrimSuffix(listMagic+line("a", 1), "\n") }},
		{name: "lines of Windows", text: func() string { return listMagic + strings.ReplaceAll(line("a", 1), "\n", "\r\n") }},
		{name: "a hash in capitals", text: func() string { return listMagic + strings.ToUpper(strings.Repeat("ab", 32)) + " 1 a\n" }},
		{name: "a hash of zeros", text: func() string { return listMagic + strings.Repeat("0", 64) + " 1 a\n" }},
		{name: "no hash", text: func() string { return listMagic + "1 a\n" }},
		{name: "an empty folder with a size", text: func() string { return listMagic + "d 5 a\n" }},
		{name: "a million folders in few lines", text: lines(some(20_000, 60_000), func(i int) string { return fmt.Sprintf("d 0 %05d%s\n", i, strings.Repeat("/d", 63)) })},
		{name: "more files than a folder has", text: lines(netproto.MaxFolderEntries+1, func(i int) string { return fmt.Sprintf("d 0 %07d\n", i) })},
		{name: "more bytes than there are", text: lines(100_000, func(i int) string { return line(fmt.Sprintf("%06d", i), int64(netproto.MaxContentSize)) })},
		{name: "a line without end", text: func() string { return listMagic + strings.Repeat("x", 1<<20) }},
		{name: "very many files", folder: true, text: lines(some(20_000, 500_000), func(i int) string { return line(fmt.Sprintf("%07d", i), 1) })},
		{name: "very deep files", folder: true, text: lines(300, func(i int) string { return line(fmt.Sprintf("%03d%s/x", i, strings.Repeat("/d", 61)), 1) })},
		{name: "one content under very many names", folder: true, text: lines(some(5_000, 100_000), func(i int) string { return line(fmt.Sprintf("%07d.txt", i), 1) })},
		{name: "names that differ in case", folder: true, text: func() string { return listMagic + line("A", 1) + line("a", 1) }},
		{name: "names that look like ours", text: func() string { return listMagic + line(".cp2p-"+strings.Repeat("ab", 32)+".part/../x", 1) }},
	}
	for _, path := range []string{
		"../outside", "/etc/passwd", "a/../../b", "", "a//b", "a/./b", "a/", "/", ".", "..", "a\\b", "a:b", "CON", "con.txt", "a ", "a.", "a\x00b", "a\x1bb", "a\u202eb", "a\xffb", "e\u0301",
		strings.Repeat("x", 256), strings.Repeat("a/", 65) + "b", strings.Repeat("a/", 2050) + "b",
	} {
		list = append(list, listing{name: fmt.Sprintf("the path %.20q", path), text: func() string { return listMagic + line(path, 1) }})
	}
	for _, size := range []any{-1, "+1", "01", "1.0", "", "x", "9223372036854775808", int64(netproto.MaxContentSize) + 1} {
		list = append(list, listing{name: fmt.Sprintf("the size %q", fmt.Sprint(size)), text: func() string { return listMagic + line("a", size) }})
	}
	return list
}

func TestHostileFoldersHarmNoDownload(t *testing.T) {
	s := newStage(t)
	var cases atomic.Int64
	t.Run("lists", func(t *testing.T) {
		for i, l := range listings() {
			if left(i, false) {
				continue
			}
			t.Run(l.name, func(t *testing.T) {
				t.Parallel()
				cases.Add(1)
				text := []byte(l.text())
				source := startLiar(t, text, func(*liar) {})
				p := startPuppet(t, nil)
				p.knows(source.m.Hash, "folder", int64(len(text)), true, source.source())
				outer := t.TempDir()
				to := filepath.Join(outer, "to")
				check(t, os.Mkdir(to, 0o700))
				if l.folder {
					s.waits(t, to, p.link())
				} else {
					o := s.fetchWith(t, to, nil, p.link())
					if o.fail.Code == string(netproto.CodeInternal) {
						t.Errorf("it says %q", o.fail.Message)
					}
					if o.path != "" { // what is no folder is a file
						check(t, os.WriteFile(filepath.Join(outer, "list"), text, 0o600))
						check(t, same(filepath.Join(outer, "list"), filepath.Join(to, "folder")))
						check(t, os.Remove(filepath.Join(outer, "list")))
					}
					bounded(t, taken{mib: 40 + 24*float64(len(text))/mebi}, o.most)
					t.Logf("%d bytes: %.1f s, %.0f MiB, %s", len(text), o.took.Seconds(), o.most.mib, o.fail.Message)
				}
				onlyThis(t, outer, "to")
			})
		}
	})
	fmt.Printf("lists of folders: tried %d\n", cases.Load())
}

// waits starts a download that cannot end, and ends it.
func (s *stage) waits(t *testing.T, to, link string) {
	t.Helper()
	profile, err := s.profile(s.dir, nil)
	check(t, err)
	p, err := s.get(link, to, profile)
	check(t, err)
	defer p.kill()
	most := gauge(p.Process.Pid)
	stop := time.AfterFunc(time.Duration(some(5, 30))*time.Second, func() { p.stdin.Close() })
	defer stop.Stop()
	_, err = p.until("completed", nil)
	if err == nil || !strings.Contains(err.Error(), "stopped before it was done") {
		t.Errorf("it ends with %v", err)
	}
	p.Wait() // says the same
	folders := 0
	check(t, filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			folders++
		}
		return err
	}))
	if folders > 400 {
		t.Errorf("%d folders were made before a byte of a file was there", folders)
	}
	if m := most(); m.mib > 700 {
		t.Errorf("it took %.0f MiB", m.mib)
	} else {
		t.Logf("it took %.0f MiB, and made %d folders", m.mib, folders)
	}
}

// shelves make a liar one with several contents.
func shelves(l *liar, contents ...[]byte) {
	byHash := map[netproto.ContentHash]*piece.Manifest{}
	texts := map[netproto.ContentHash][]byte{}
	for _, c := range contents {
		m, err := piece.Hash(l.Context(), bytes.NewReader(c), int64(len(c)), nil)
		check(l, err)
		byHash[m.Hash], texts[m.Hash] = m, c
	}
	type opened struct {
		c      *frames
		stream uint32
	}
	var mu sync.Mutex
	open := map[opened]netproto.ContentHash{}
	l.onOpen = func(c *frames, f netproto.Open) {
		m := byHash[f.Hash]
		if m == nil {
			c.send(netproto.Refuse{Stream: f.Stream, Code: netproto.CodeGone})
			return
		}
		mu.Lock()
		open[opened{c, f.Stream}] = f.Hash
		mu.Unlock()
		c.send(netproto.Manifest{Stream: f.Stream, Size: m.Size, CVs: m.CVs}, netproto.Have{Stream: f.Stream, Bits: piece.AllBits(m.Pieces())})
	}
	l.onGet = func(c *frames, f netproto.Get) {
		mu.Lock()
		text := texts[open[opened{c, f.Stream}]]
		mu.Unlock()
		l.sendBytes(c, f, text[f.Offset:min(int(f.Offset+f.Length), len(text))])
	}
}

// The attributes of files may be anything.
func TestHostileFoldersHaveOddAttributes(t *testing.T) {
	s := newStage(t)
	contents := [][]byte{[]byte("first file"), []byte("second file"), []byte(listMagic + line("a", 1))} // a list within a list is a file
	var entries []netproto.FolderEntry
	for i, c := range contents {
		m, err := piece.Hash(t.Context(), bytes.NewReader(c), int64(len(c)), nil)
		check(t, err)
		entries = append(entries, netproto.FolderEntry{Path: fmt.Sprintf("file %d", i), Size: m.Size, Hash: m.Hash})
	}
	text, err := netproto.AppendFolder(nil, entries)
	check(t, err)
	pack := func(times ...int64) (b []byte) {
		for _, at := range times {
			b = netproto.AppendAttribute(b, netproto.Attribute{Modified: at, Executable: true})
		}
		return b
	}
	cases := map[string][]netproto.Frame{
		"times without sense": {netproto.Attributes{Packed: pack(math.MinInt64, math.MaxInt64, -1)}},
		"more than files":     {netproto.Attributes{Packed: pack(make([]int64, netproto.MaxFrameAttributes)...)}},
		"of entries far away": {netproto.Attributes{First: netproto.MaxAttributes - 3, Packed: pack(1, 2, 3)}},
		"a thousand times":    nil,
		"from the second on":  {netproto.Attributes{First: 1, Packed: pack(5, 6)}},
		"in two overlapping":  {netproto.Attributes{Packed: pack(5, 6)}, netproto.Attributes{First: 1, Packed: pack(7, 8)}},
		"of the year 292277":  {netproto.Attributes{Packed: pack(math.MaxInt64-1, 1, 0)}},
	}
	for range 1000 {
		cases["a thousand times"] = append(cases["a thousand times"], netproto.Attributes{Packed: pack(1, 2, 3)})
	}
	for name, odd := range cases {
		l := startLiar(t, text, func(*liar) {})
		shelves(l, append(contents, text)...)
		honest := l.onOpen
		l.onOpen = func(c *frames, f netproto.Open) {
			honest(c, f)
			for _, a := range odd {
				b := a.(netproto.Attributes)
				b.Stream = f.Stream
				c.send(b)
			}
		}
		p := startPuppet(t, nil)
		p.knows(l.m.Hash, "folder", l.m.Size, true, l.source())
		to := t.TempDir()
		o := s.fetchWith(t, to, nil, p.link())
		if o.path == "" {
			t.Errorf("%s: %q", name, o.fail.Message)
			continue
		}
		onlyThis(t, to, "folder")
		for i, c := range contents {
			path := filepath.Join(to, "folder", entries[i].Path)
			got, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(got, c) {
				t.Errorf("%s: %s has %q, %v", name, path, got, err)
				continue
			}
			info, err := os.Stat(path)
			check(t, err)
			if info.Mode()&^0o777 != 0 || info.Mode()&0o400 == 0 {
				t.Errorf("%s: %s has the mode %s", name, path, info.Mode())
			}
		}
	}
	fmt.Printf("odd attributes: tried %d\n", len(cases))
}
