package daemon

import (
	"io"
	"os"
	"sync"

	"centralizedp2p/netproto"
)

// logFile is where a tracker logs: a file, or the writer that it was made with. It
// may be used from several goroutines.
type logFile struct {
	standard io.Writer

	mu   sync.Mutex
	file *os.File // nil: standard
}

// reopen opens the file with that name at its end, or the standard writer if the
// name is empty, and closes the one before: whoever rotates logs has renamed it. If
// it cannot be opened, the one before stays.
func (l *logFile) reopen(name string) error {
	var file *os.File
	if name != "" {
		var err error
		if file, err = os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
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
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		return l.file.Write(p)
	}
	return l.standard.Write(p)
}

// close goes back to the standard writer.
func (l *logFile) close() { _ = l.reopen("") }
