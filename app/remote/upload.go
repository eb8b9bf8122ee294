package remote

import (
	"bufio"
	"centralizedp2p/netproto/oserror"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
	"centralizedp2p/netproto/readfile"
)

// Files are uploaded to a peer on another computer before it can share them. The body of
// an upload is a row of entries: a line of JSON with path and size, and then that many
// bytes. The peer writes them into a hidden folder beside its downloads, and gives what
// is at the top a free name once everything arrived: it replaces nothing, and half an
// upload leaves nothing.

const (
	maxEntries   = 100_000  // files of one upload
	maxEntryLine = 64 << 10 // bytes
	maxUploads   = 4        // at a time
	stallTime    = time.Minute
	maxFreeNames = 1000

	queryBytes = "bytes" // of all files
)

// entry is a file of an upload.
type entry struct {
	Path string `json:"path"` // slash-separated; the first part is what was dropped
	Size int64  `json:"size"` // bytes
}

// uploaded says where the things are that were dropped, in their order.
type uploaded struct {
	Paths []string `json:"paths"` // absolute, on the peer
}

// upload takes files into the first allowed folder, which is that for downloads. The
// query may say how many bytes they have, so that too many are refused before they are
// sent.
func (f *Far) upload(w http.ResponseWriter, r *http.Request) (any, error) {
	select {
	case f.uploads <- struct{}{}:
		defer func() { <-f.uploads }()
	default:
		return nil, netproto.Errorf(netproto.CodeBusy, "%d uploads run already", maxUploads)
	}
	announced, _ := strconv.ParseInt(r.URL.Query().Get(queryBytes), 10, 64) // each file is counted besides
	claimed, err := f.quota.begin(announced)
	if err != nil {
		return nil, err
	}
	var u uploaded
	if err = f.receive(w, r, claimed, &u); err != nil {
		return nil, errors.Join(err, claimed.end(u.Paths))
	}
	return u, claimed.end(u.Paths)
}

// receive writes what an upload brings, and says what of it is on the disk in the end.
func (f *Far) receive(w http.ResponseWriter, r *http.Request, claimed *claim, u *uploaded) error {
	folder := f.Folders()[0]
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	hidden, err := os.MkdirTemp(folder, netproto.PartPrefix+"upload-*")
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer os.RemoveAll(hidden)
	from, err := os.OpenRoot(hidden)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer from.Close()
	control := http.NewResponseController(w)
	body := &lively{Reader: r.Body, extend: func() { _ = control.SetReadDeadline(time.Now().Add(stallTime)) }}
	tops, err := unpack(from, bufio.NewReaderSize(body, maxEntryLine), claimed.take)
	_ = control.SetReadDeadline(time.Time{})
	if err != nil {
		return err
	}
	return publish(from, folder, tops, u)
}

// lively lets a body go on as long as something comes.
type lively struct {
	io.Reader
	extend func()
}

// Read implements io.Reader.
func (l *lively) Read(p []byte) (int, error) {
	l.extend()
	return l.Reader.Read(p)
}

// unpack writes the entries of an upload below a root, and returns the names at the top.
// take is asked for the bytes of each.
func unpack(root *os.Root, body *bufio.Reader, take func(bytes int64) error) (tops []string, err error) {
	for range maxEntries {
		line, err := body.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return tops, nil
		}
		if err != nil {
			return nil, netproto.Errorf(netproto.CodeBadRequest, "an entry of the upload: %w", err)
		}
		var e entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, netproto.Errorf(netproto.CodeBadRequest, "an entry of the upload: %w", err)
		}
		if err := netproto.CheckPath(e.Path); err != nil || e.Size < 0 || e.Size > netproto.MaxContentSize {
			return nil, netproto.Errorf(netproto.CodeInvalid, "%q with %d bytes cannot be uploaded", e.Path, e.Size)
		}
		if err := take(e.Size); err != nil {
			return nil, err
		}
		top, _, _ := strings.Cut(e.Path, "/")
		if !slices.Contains(tops, top) {
			tops = append(tops, top)
		}
		if err := write(root, e, body); err != nil {
			return nil, err
		}
	}
	return nil, netproto.Errorf(netproto.CodeTooLarge, "an upload has at most %d files", maxEntries)
}

func write(root *os.Root, e entry, body io.Reader) error {
	if dir := path.Dir(e.Path); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return netproto.Errorf(netproto.CodeInvalid, "%w", err)
		}
	}
	file, err := root.OpenFile(e.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return netproto.Errorf(netproto.CodeInvalid, "%w", err)
	}
	_, err = io.CopyN(file, body, e.Size)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	switch _, disk := errors.AsType[*fs.PathError](err); {
	case err == nil:
		return nil
	case oserror.NoSpace(err):
		return netproto.Errorf(netproto.CodeNoSpace, "%s", e.Path)
	case disk:
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	return netproto.Errorf(netproto.CodeCancelled, "%s broke off: %w", e.Path, err)
}

// publish gives what arrived free names in a folder.
func publish(from *os.Root, folder string, tops []string, u *uploaded) error {
	to, err := os.OpenRoot(folder)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer to.Close()
	for _, top := range tops {
		name, err := freeName(from, to, top)
		if err != nil {
			return err
		}
		u.Paths = append(u.Paths, filepath.Join(folder, name))
	}
	return nil
}

func freeName(from, to *os.Root, top string) (string, error) {
	name := top
	for n := 2; n <= maxFreeNames; n++ {
		done, err := piece.MoveNew(from, top, to, name)
		if err != nil {
			return "", netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
		}
		if done {
			return name, nil
		}
		name = netproto.NumberedName(top, n)
	}
	return "", netproto.Errorf(netproto.CodeFolderUnwritable, "no free name beside %s", filepath.Join(to.Name(), top))
}

// source is a file that is uploaded.
type source struct {
	entry
	file string // where it is here
}

// Upload sends files and folders to a peer on another computer, into its folder for
// downloads, and returns where they are there, in the order of paths. sent is told how
// many bytes of all have gone. Symbolic links and special files in folders are left out.
// "file-unreadable" if a path cannot be read, "file-changed" if a file changes meanwhile.
func (c *Client) Upload(ctx context.Context, paths []string, sent func(done, total int64)) ([]string, error) {
	var sources []source
	var total int64
	for i, p := range paths {
		found, err := sourcesOf(p)
		if err != nil {
			return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
		}
		if len(found) == 0 {
			return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%s has no files", p)
		}
		top, _, _ := strings.Cut(found[0].Path, "/")
		if slices.ContainsFunc(sources, func(s source) bool { return strings.HasPrefix(s.Path+"/", top+"/") }) {
			for j := range found { // the number keeps two with the same name apart
				found[j].Path = netproto.NumberedName(top, i+1) + strings.TrimPrefix(found[j].Path, top)
			}
		}
		for _, s := range found {
			total += s.Size
		}
		sources = append(sources, found...)
	}
	reader, writer := io.Pipe()
	go func() { writer.CloseWithError(pack(writer, sources, total, sent)) }()
	defer reader.Close()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+routeUpload+"?"+queryBytes+"="+strconv.FormatInt(total, 10), reader)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeInternal, "%w", err)
	}
	request.Header.Set("Content-Type", mediaBytes)
	request.Header.Set("Expect", "100-continue") // what is refused is not sent
	response, err := c.http.Do(request)
	if err != nil {
		return nil, lost(ctx, err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, lost(ctx, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, failure(response, raw)
	}
	var u uploaded
	if err := json.Unmarshal(raw, &u); err != nil || len(u.Paths) != len(paths) {
		return nil, netproto.Errorf(netproto.CodeProtocol, "the answer to an upload names %d of %d paths", len(u.Paths), len(paths))
	}
	return u.Paths, nil
}

// sourcesOf lists the files of a path.
func sourcesOf(top string) (list []source, err error) {
	base := filepath.Base(top)
	return list, filepath.WalkDir(top, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if file == top { // the person named it, link or not
			info, err = os.Stat(top)
		}
		if err != nil || !info.Mode().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(top, file)
		if err != nil {
			return err
		}
		p := netproto.SafeName(base)
		if rel != "." {
			p += "/" + filepath.ToSlash(rel)
		}
		if err := netproto.CheckPath(p); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		list = append(list, source{entry{p, info.Size()}, file})
		return nil
	})
}

// pack writes the body of an upload.
func pack(w io.Writer, sources []source, total int64, sent func(done, total int64)) error {
	out := bufio.NewWriterSize(w, maxEntryLine)
	encoder := json.NewEncoder(out)
	var done int64
	for _, s := range sources {
		if err := encoder.Encode(s.entry); err != nil {
			return err
		}
		if err := packFile(out, s, func(n int64) { done += n; sent(done, total) }); err != nil {
			return err
		}
	}
	return out.Flush()
}

func packFile(out io.Writer, s source, wrote func(int64)) error {
	file, err := readfile.Open(s.file)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer file.Close()
	for left := s.Size; left > 0; {
		n, err := io.CopyN(out, file, min(left, 1<<20))
		left -= n
		wrote(n)
		if errors.Is(err, io.EOF) {
			return netproto.Errorf(netproto.CodeFileChanged, "%s", s.file)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
