package offer

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// disk counts the files that are open on it.
type disk struct {
	mu    sync.Mutex
	open  int
	most  int           // at any time
	opens int           // ever
	limit int           // more are refused, as if descriptors were used up; 0 = none
	gate  chan struct{} // reads wait for it; nil: they do not
}

type openFile struct{ disk *disk }

func (d *disk) Open(string, piece.State) (Reader, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.limit > 0 && d.open >= d.limit {
		return nil, netproto.Errorf(netproto.CodeFileUnreadable, "%w", syscall.EMFILE)
	}
	d.open++
	d.opens++
	d.most = max(d.most, d.open)
	return &openFile{d}, nil
}

func (f *openFile) ReadAt(b []byte, _ int64) (int, error) {
	if f.disk.gate != nil {
		<-f.disk.gate
	}
	return len(b), nil
}

func (f *openFile) Close() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.disk.open--
	return nil
}

func opened(t *testing.T, files *Files, path string) Reader {
	t.Helper()
	r, err := files.Open(path, piece.State{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAThousandReadersOfAFileShareADescriptor(t *testing.T) {
	t.Parallel()
	var d disk
	files := NewFiles(d.Open)
	var readers []Reader
	for range 1000 {
		readers = append(readers, opened(t, files, "song"))
	}
	if d.open != 1 || d.opens != 1 {
		t.Errorf("%d descriptors, after %d openings", d.open, d.opens)
	}
	for _, r := range readers {
		r.Close()
	}
	if d.open != 0 || len(files.byKey) != 0 {
		t.Errorf("%d descriptors and %d files are left", d.open, len(files.byKey))
	}
}

func TestManyFilesAreReadWithFewDescriptors(t *testing.T) {
	t.Parallel()
	var d disk
	files := NewFiles(d.Open)
	files.most = 8
	var readers []Reader
	for i := range 100 {
		readers = append(readers, opened(t, files, fmt.Sprint(i)))
	}
	for range 3 {
		for i, r := range readers {
			if _, err := r.ReadAt(make([]byte, 1), 0); err != nil {
				t.Fatalf("file %d: %v", i, err)
			}
		}
	}
	before := d.opens
	readers[99].ReadAt(make([]byte, 1), 0)
	if d.opens != before {
		t.Error("the file read last was closed")
	}
	if d.most > 8 {
		t.Errorf("%d descriptors at a time", d.most)
	}
	for _, r := range readers {
		r.Close()
		if _, err := r.ReadAt(make([]byte, 1), 0); err == nil {
			t.Fatal("it can be read after it was closed")
		}
	}
	if d.open != 0 || files.opened != 0 {
		t.Errorf("%d descriptors are left, %d are counted", d.open, files.opened)
	}
}

// The sockets of the program took what the system allows.
func TestScarceDescriptorsAreBusyAndComeBack(t *testing.T) {
	t.Parallel()
	d := disk{limit: 2}
	files := NewFiles(d.Open)
	a, b, c := opened(t, files, "a"), opened(t, files, "b"), opened(t, files, "c") // those nobody reads make room
	d.mu.Lock()
	d.limit = 1
	d.mu.Unlock()
	for _, r := range []Reader{a, b, c} {
		if _, err := r.ReadAt(make([]byte, 1), 0); err != nil {
			t.Error(err)
		}
	}
	d.gate = make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := c.ReadAt(make([]byte, 1), 0)
		done <- err
	}()
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(time.Millisecond) {
		files.mu.Lock()
		read := files.byKey[fileKey{path: "c"}].reads.Load()
		files.mu.Unlock()
		if read == 1 {
			break
		}
	}
	if _, err := files.Open("d", piece.State{}); netproto.CodeOf(err) != netproto.CodeBusy || !errors.Is(err, syscall.EMFILE) {
		t.Errorf("with no descriptor left it says %v", err)
	}
	close(d.gate)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := files.Open("d", piece.State{}); err != nil {
		t.Error(err)
	}
}

func TestAFewFilesOfWhatTheSystemAllows(t *testing.T) {
	t.Parallel()
	for limit, most := range map[int]int{0: 256, 64: 16, 256: 64, 1024: 256, 1 << 20: 256, 3: 1} {
		if n := mostOpen(limit); n != most {
			t.Errorf("of %d it takes %d", limit, n)
		}
	}
}

func TestAnOpenFileIsReadWithoutTheLockOfAllFiles(t *testing.T) {
	t.Parallel()
	var d disk
	files := NewFiles(d.Open)
	r := opened(t, files, "song")
	defer r.Close()
	done := make(chan error, 1)
	files.mu.Lock()
	go func() {
		_, err := r.ReadAt(make([]byte, 1), 0)
		done <- err
	}()
	select {
	case err := <-done:
		files.mu.Unlock()
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		files.mu.Unlock()
		t.Error("it waits for the lock")
		<-done
	}
}

func TestFilesThatAreOpenedReadAndClosedAtOnceLeaveNoDescriptor(t *testing.T) {
	t.Parallel()
	var d disk
	files := NewFiles(d.Open)
	files.most = 4
	var work sync.WaitGroup
	for peer := range 8 {
		work.Go(func() {
			for i := range 500 {
				r, err := files.Open(fmt.Sprint((peer+i)%12), piece.State{})
				for range 3 {
					if err == nil {
						_, err = r.ReadAt(make([]byte, 1), 0)
					}
				}
				if err != nil && netproto.CodeOf(err) != netproto.CodeBusy {
					t.Errorf("a file cannot be read: %v", err)
				}
				if r != nil {
					r.Close()
				}
			}
		})
	}
	work.Wait()
	if d.open != 0 || files.opened != 0 || len(files.byKey) != 0 || len(files.open) != 0 {
		t.Errorf("%d descriptors are open, %d and %d are counted, of %d files", d.open, files.opened, len(files.open), len(files.byKey))
	}
}
