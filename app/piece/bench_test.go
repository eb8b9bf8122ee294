package piece

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"testing"
)

func BenchmarkHash(b *testing.B) {
	const size = 256 << 20
	content := make([]byte, size)
	for _, cores := range []int{1, runtime.NumCPU()} {
		b.Run(fmt.Sprintf("cores=%d", cores), func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			b.SetBytes(size)
			for b.Loop() {
				if _, err := Hash(b.Context(), bytes.NewReader(content), size, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkWriter verifies and writes pieces in frames as they come from peers,
// and publishes the file with all fsyncs.
func BenchmarkWriter(b *testing.B) {
	content, m := contentOf(b, 64<<20)
	folders := map[string]string{"disk": os.TempDir()}
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		folders["memory"] = "/dev/shm"
	}
	for name, folder := range folders {
		b.Run(name, func(b *testing.B) {
			dir, err := os.MkdirTemp(folder, "bench-*")
			must(b, err)
			b.Cleanup(func() { must(b, os.RemoveAll(dir)) })
			root := openRoot(b, dir)
			b.SetBytes(m.Size)
			for b.Loop() {
				p := openPart(b, root, m)
				for i := range m.Pieces() {
					must(b, put(p.Writer(i, false), pieceBytes(content, m, i)))
				}
				must(b, root.Remove(publishAs(b, p, "f")))
			}
		})
	}
}
