package daemon

import (
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"

	"centralizedp2p/netproto"
)

// LogFile is where a program logs: a file, or the standard writer. It may be used from
// several goroutines.
type LogFile struct {
	Standard io.Writer

	mu   sync.Mutex
	file *os.File // nil: Standard
}

// Reopen opens the file with that name at its end, or the standard writer if the
// name is empty, and closes the one before: whoever rotates logs has renamed it. If
// it cannot be opened, the one before stays. The error is netproto.CodeUsage.
func (l *LogFile) Reopen(name string) error {
	var file *os.File
	if name != "" {
		unwaiting := syscall.O_NONBLOCK // a pipe that nobody reads is an error, and not waited for
		if runtime.GOOS == "windows" {
			unwaiting = 0
		}
		var err error
		if file, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY|unwaiting, 0o600); err != nil {
			return netproto.Errorf(netproto.CodeUsage, "--log-file: %w", err)
		}
	}
	l.mu.Lock()
	before := l.file
	l.file = file
	l.mu.Unlock()
	if before != nil {
		before.Close()
	}
	return nil
}

// Write implements io.Writer.
func (l *LogFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		return l.file.Write(p)
	}
	return l.Standard.Write(p)
}

// Close goes back to the standard writer.
func (l *LogFile) Close() { _ = l.Reopen("") }
