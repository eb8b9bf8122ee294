package piece

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/durable"
)

// namespaceEnv tells a test that it runs where it may mount.
const namespaceEnv = "CENTRALIZEDP2P_NAMESPACE"

// withDisk runs the test in a mount namespace of its own, where body gets a
// small disk. Where the system gives nobody such a namespace (some containers),
// only the mapping of the error is tested, on /dev/full.
func withDisk(t *testing.T, bytes string, body func(t *testing.T, dir string)) {
	if os.Getenv(namespaceEnv) != "" {
		must(t, syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""))
		dir := t.TempDir()
		must(t, syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+bytes))
		defer syscall.Unmount(dir, syscall.MNT_DETACH)
		body(t, dir)
		return
	}
	ids := func(host int) []syscall.SysProcIDMap { return []syscall.SysProcIDMap{{HostID: host, Size: 1}} }
	for _, attr := range []*syscall.SysProcAttr{
		{Cloneflags: syscall.CLONE_NEWNS},
		{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, UidMappings: ids(os.Getuid()), GidMappings: ids(os.Getgid())},
	} {
		inside := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.timeout=1m")
		inside.Env = append(os.Environ(), namespaceEnv+"=1", "GORACE=atexit_sleep_ms=0")
		inside.SysProcAttr = attr
		out, err := inside.CombinedOutput()
		if _, ran := errors.AsType[*exec.ExitError](err); ran {
			t.Fatalf("%s", out)
		}
		if err == nil {
			if !strings.Contains(string(out), "PASS") {
				t.Fatalf("the test did not run: %s", out)
			}
			return
		}
	}
	t.Log("there is no mount namespace to be had: only /dev/full is tested")
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	must(t, err)
	defer full.Close()
	_, err = full.Write([]byte("x"))
	wantCode(t, diskError(err, "/dev"), netproto.CodeNoSpace)
}

// fill takes the space that is left, all but so many bytes, with one file.
func fill(t *testing.T, dir string, leave int64) (ballast string) {
	t.Helper()
	free, err := durable.FreeSpace(dir)
	must(t, err)
	ballast = filepath.Join(dir, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, max(0, free-leave)), 0o600))
	return ballast
}

func TestAFullDiskStopsADownloadThatThenGoesOn(t *testing.T) {
	withDisk(t, "16m", func(t *testing.T, dir string) {
		content, m := contentOf(t, 12*ps+7)
		root := openRoot(t, dir)
		ballast := fill(t, dir, 5*ps+100<<10)
		p := openPart(t, root, m)
		var full error
		stopped := 0
		for ; stopped < m.Pieces() && full == nil; stopped++ {
			full = put(p.Writer(stopped, false), pieceBytes(content, m, stopped))
		}
		wantCode(t, full, netproto.CodeNoSpace)
		if !strings.Contains(full.Error(), dir) {
			t.Errorf("the message does not say where: %v", full)
		}
		stopped--
		wantCode(t, put(p.Writer(stopped, true), pieceBytes(content, m, stopped)), netproto.CodeNoSpace)
		if p.Has(stopped) || p.Have().Count() != stopped || stopped < 2 {
			t.Fatalf("it stopped at piece %d with %d", stopped, p.Have().Count())
		}

		must(t, os.Remove(ballast)) // the same part goes on where it stopped
		putPieces(t, p, content, stopped)
		must(t, p.Close())

		ballast = fill(t, dir, 0) // and one that was closed in between, too
		p = openPart(t, root, m)
		if got := p.Have().Count(); got != stopped+1 {
			t.Errorf("%d pieces are left of %d", got, stopped+1)
		}
		wantCode(t, put(p.Writer(m.Pieces()-2, false), pieceBytes(content, m, m.Pieces()-2)), netproto.CodeNoSpace)
		p.Close()
		must(t, os.Remove(ballast))
		p = openPart(t, root, m)
		for i := range m.Pieces() {
			if !p.Has(i) {
				putPieces(t, p, content, i)
			}
		}
		publishAs(t, p, "f")
		wantFile(t, filepath.Join(dir, "f"), content)
	})
}

func TestAFullDiskLetsNoDownloadBegin(t *testing.T) {
	withDisk(t, "4m", func(t *testing.T, dir string) {
		_, m := contentOf(t, 2*ps)
		root := openRoot(t, dir)
		ballast := fill(t, dir, 0)
		_, err := OpenPart(t.Context(), root, ".", m, nil)
		wantCode(t, err, netproto.CodeNoSpace)
		must(t, os.Remove(ballast))
		openPart(t, root, m)
	})
}

func TestAReadOnlyFolderIsSaidToBeSo(t *testing.T) {
	withDisk(t, "8m", func(t *testing.T, dir string) {
		content, m := contentOf(t, 2*ps)
		root := openRoot(t, dir)
		must(t, os.Mkdir(filepath.Join(dir, "finished"), 0o700))
		p := openPart(t, root, m)
		putPieces(t, p, content, 0, 1)
		must(t, p.Close())
		must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
		_, err := OpenPart(t.Context(), root, ".", m, nil)
		wantCode(t, err, netproto.CodeFolderUnwritable)
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("the message does not say where: %v", err)
		}
		_, err = PublishFolder(root, "finished", "album")
		wantCode(t, err, netproto.CodeFolderUnwritable)
		must(t, syscall.Mount("", dir, "", syscall.MS_REMOUNT, ""))
		p = openPart(t, root, m)
		publishAs(t, p, "f")
		wantFile(t, filepath.Join(dir, "f"), content)
	})
}

func TestAFullDiskKeepsWhatLanded(t *testing.T) {
	withDisk(t, "1m", func(t *testing.T, dir string) {
		content, m := contentOf(t, 300<<10)
		l, err := NewLanding(openRoot(t, dir))
		must(t, err)
		_, err = l.Write(content[:100<<10])
		must(t, err)
		ballast := fill(t, dir, 20<<10)
		_, err = l.Write(content[100<<10:])
		wantCode(t, err, netproto.CodeNoSpace)
		if l.Written() != 100<<10 {
			t.Errorf("%d bytes are counted", l.Written())
		}
		must(t, os.Remove(ballast))
		_, err = l.Write(content[100<<10:])
		must(t, err)
		_, err = l.Publish("photo.jpg", m.Hash)
		must(t, err)
		wantFile(t, filepath.Join(dir, "photo.jpg"), content)
	})
}
