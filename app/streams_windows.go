package main

import (
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/windows"
	"golang.org/x/term"

	"centralizedp2p/app/command"
)

// attachParentProcess is ATTACH_PARENT_PROCESS.
const attachParentProcess = ^uintptr(0)

// streams are those of the console or the pipe that this program was started from. The
// program of the window has no console of its own: it prints in the one of the command
// line that started it. Without any, as after a double click, what went wrong is shown
// in a window.
func streams() (s command.Streams, ended func(code int)) {
	if !isOpen(windows.STD_ERROR_HANDLE) || !isOpen(windows.STD_OUTPUT_HANDLE) {
		useParentConsole()
	}
	s = command.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))}
	if isOpen(windows.STD_ERROR_HANDLE) || usable(os.Stderr) {
		return s, func(int) {}
	}
	said := &lastLines{}
	s.Err = said
	return s, func(code int) {
		if code != 0 {
			showError(said.String())
		}
	}
}

// isOpen reports whether the system gave this process that stream.
func isOpen(stream uint32) bool {
	handle, err := windows.GetStdHandle(stream)
	if err != nil || handle == 0 || handle == windows.InvalidHandle {
		return false
	}
	kind, err := windows.GetFileType(handle)
	return err == nil && kind != windows.FILE_TYPE_UNKNOWN
}

func usable(file *os.File) bool {
	kind, err := windows.GetFileType(windows.Handle(file.Fd()))
	return err == nil && kind != windows.FILE_TYPE_UNKNOWN
}

// useParentConsole takes the streams that were not redirected from the console of the
// process that started this one, if it has one.
func useParentConsole() {
	if ok, _, _ := windows.NewLazySystemDLL("kernel32.dll").NewProc("AttachConsole").Call(attachParentProcess); ok == 0 {
		return
	}
	for _, s := range []struct {
		stream uint32
		file   **os.File
		name   string
	}{{windows.STD_INPUT_HANDLE, &os.Stdin, "CONIN$"}, {windows.STD_OUTPUT_HANDLE, &os.Stdout, "CONOUT$"}, {windows.STD_ERROR_HANDLE, &os.Stderr, "CONOUT$"}} {
		if isOpen(s.stream) && usable(*s.file) {
			continue
		}
		if file, err := os.OpenFile(s.name, os.O_RDWR, 0); err == nil {
			*s.file = file
		}
	}
}

// showError shows what went wrong until the person closes it.
func showError(text string) {
	body, err := windows.UTF16PtrFromString(strings.ReplaceAll(text, "\x00", ""))
	if err != nil {
		return
	}
	title, err := windows.UTF16PtrFromString("CentralizedP2P")
	if err != nil {
		return
	}
	_, _ = windows.MessageBox(0, body, title, windows.MB_OK|windows.MB_ICONERROR|windows.MB_SETFOREGROUND)
}

// maxShown is how much of what was printed fits a window, in bytes.
const maxShown = 2 << 10

// lastLines keeps the end of what is printed.
type lastLines struct {
	mu   sync.Mutex
	text []byte
}

// Write implements io.Writer.
func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, b...)
	l.text = l.text[max(0, len(l.text)-maxShown):]
	return len(b), nil
}

// String returns what a person reads: without the name of the program, which is the
// title, and without lines of the log.
func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var kept []string
	for line := range strings.Lines(strings.ToValidUTF8(string(l.text), "")) {
		if !strings.HasPrefix(line, "time=") {
			kept = append(kept, strings.TrimPrefix(line, "centralizedp2p: "))
		}
	}
	return strings.TrimSpace(strings.Join(kept, ""))
}
