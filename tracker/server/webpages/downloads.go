package webpages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/limit"
	"centralizedp2p/tracker/server/origin"
)

// Bounds of a folder of programs.
const (
	downloadsEvery     = 10 * time.Second // the folder is looked at
	maxDownloadEntries = 1000             // of the folder, that are looked at
	downloadsAtOnce    = 64
	downloadsAddress   = downloadsAtOnce / 2
	slowestDownload    = 32 << 10 // bytes a second
)

// programKind is a package as .ci/package names it: "centralizedp2p", a version, and end.
type programKind struct{ end, system, text string }

// programKinds has the one that suits most people first.
var programKinds = []programKind{
	{"-windows-amd64-setup.exe", "Windows", "Windows, to install"},
	{"-windows-amd64.zip", "Windows", "Windows, to run without installing"},
	{"-macos.zip", "macOS", "macOS"},
	{"_amd64.deb", "Linux", "Debian, Ubuntu and Mint"},
	{".x86_64.rpm", "Linux", "Fedora and openSUSE"},
	{"-linux-amd64.tar.gz", "Linux", "Linux, to run without installing"},
	{"-commands.zip", "", "the commands alone"},
	{"-commands.tar.gz", "", "the commands alone"},
}

// packageName has nothing that would need quoting in a header.
var packageName = regexp.MustCompile(`^centralizedp2p[-_][A-Za-z0-9._+-]{1,100}$`)

// program is a package that is offered.
type program struct {
	name     string // of its file
	kind     programKind
	rank     int // of the kind
	size     int64
	modified time.Time
	sha256   string
}

// Downloads offers the packages of this program that are in a folder, so that people can
// get it where there is no internet. Only files with the names of packages are offered,
// each once its sum is known.
type Downloads struct {
	root     *os.Root
	programs atomic.Pointer[[]program]
	running  *limit.Conns
}

// OpenDownloads opens the folder. It fails with netproto.CodeUsage if that is none.
func OpenDownloads(folder string) (*Downloads, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "--downloads is a folder with packages of this program: %w", err)
	}
	d := &Downloads{root: root, running: limit.NewConns(downloadsAtOnce, downloadsAddress)}
	d.programs.Store(&[]program{})
	return d, nil
}

// Close closes the folder.
func (d *Downloads) Close() error { return d.root.Close() }

// Run keeps up with the folder until ctx ends, and returns nil.
func (d *Downloads) Run(ctx context.Context, log *slog.Logger) error {
	told := ""
	for {
		said := ""
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			said = err.Error()
		}
		if said != told && said != "" { // a lasting failure is logged once
			log.Warn("not all packages in the folder of --downloads are offered", slog.String("error", said))
		}
		told = said
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(downloadsEvery):
		}
	}
}

// look offers what is in the folder now. A file that cannot be read is not offered, and
// is the error.
func (d *Downloads) look(ctx context.Context) error {
	folder, err := d.root.Open(".")
	if err != nil {
		return err
	}
	entries, err := folder.ReadDir(maxDownloadEntries)
	folder.Close()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	known, offered := *d.programs.Load(), []program{}
	var failed error
	for _, entry := range entries {
		p, ok := programOf(entry.Name())
		if !ok || !entry.Type().IsRegular() {
			continue
		}
		if err := d.measure(ctx, &p, known); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		offered = append(offered, p)
	}
	slices.SortFunc(offered, func(a, b program) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		if newer := b.modified.Compare(a.modified); newer != 0 {
			return newer
		}
		return strings.Compare(a.name, b.name)
	})
	d.programs.Store(&offered)
	return failed
}

// programOf knows a package by the name of its file.
func programOf(name string) (p program, ok bool) {
	if !packageName.MatchString(name) {
		return p, false
	}
	for rank, kind := range programKinds {
		if strings.HasSuffix(name, kind.end) {
			return program{name: name, kind: kind, rank: rank}, true
		}
	}
	return p, false
}

// measure fills in the size, time and sum of a file.
func (d *Downloads) measure(ctx context.Context, p *program, known []program) error {
	file, err := d.root.Open(p.name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	p.size, p.modified = info.Size(), info.ModTime()
	if i := slices.IndexFunc(known, func(k program) bool { return k.name == p.name && k.same(info) }); i >= 0 {
		p.sha256 = known[i].sha256
		return nil
	}
	sum := sha256.New()
	for copied := int64(0); copied < p.size; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n, err := io.CopyN(sum, file, min(1<<20, p.size-copied))
		if copied += n; err != nil {
			return err
		}
	}
	p.sha256 = hex.EncodeToString(sum.Sum(nil))
	return nil
}

func (p program) same(info os.FileInfo) bool {
	return p.size == info.Size() && p.modified.Equal(info.ModTime())
}

// Serve sends a package. Of no downloads, each is netproto.CodeNotFound.
func (d *Downloads) Serve(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	name := r.PathValue("name")
	if d == nil {
		return netproto.Errorf(netproto.CodeNotFound, "the tracker offers no programs")
	}
	list := *d.programs.Load()
	i := slices.IndexFunc(list, func(p program) bool { return p.name == name })
	if i < 0 {
		return netproto.Errorf(netproto.CodeNotFound, "the tracker does not offer this program")
	}
	source := limit.Source(c.Addr)
	if d.running.Open(source) != limit.Admitted {
		return &netproto.Error{Code: netproto.CodeFull, Detail: "too many people download the program now", RetryAfter: 20 * time.Second}
	}
	defer d.running.Close(source)
	file, err := d.root.Open(name)
	if err != nil {
		return netproto.Errorf(netproto.CodeNotFound, "the program is no longer there")
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !list[i].same(info) {
		return netproto.Errorf(netproto.CodeNotFound, "the program is being replaced; try again in a minute")
	}
	most := time.Minute + time.Duration(list[i].size/slowestDownload)*time.Second
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(most)); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", `"`+list[i].sha256+`"`)
	http.ServeContent(w, r, name, list[i].modified, file)
	return nil
}

// downloadView is a package on the page.
type downloadView struct{ Name, Text, Size, SHA256 string }

// offer returns the packages for the system of a visitor, and the others.
func (d *Downloads) offer(agent string) (system string, fitting, others []downloadView) {
	if d == nil {
		return "", nil, nil
	}
	system = systemOf(agent)
	for _, p := range *d.programs.Load() {
		view := downloadView{Name: p.name, Text: p.kind.text, Size: humanize.Bytes(uint64(p.size)), SHA256: p.sha256}
		if system != "" && p.kind.system == system {
			fitting = append(fitting, view)
		} else {
			others = append(others, view)
		}
	}
	return system, fitting, others
}

// systemOf guesses a visitor's system; "" is one that the program has no window for.
func systemOf(agent string) string {
	for _, known := range []struct{ sign, system string }{
		{"Android", ""}, {"iPhone", ""}, {"iPad", ""}, {"CrOS", ""}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(agent, known.sign) {
			return known.system
		}
	}
	return ""
}
