package main

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// troubleName is the file in the root that says what fails from now on. Each write into
// it is the whole of it, a line each of
//
//	room BYTES        there is so much room, whatever statfs says
//	ERROR PATTERN     what changes a file or folder with such a name fails: ENOSPC *.journal
const troubleName = ".trouble"

// trouble is what a disk has.
type trouble struct {
	room  int64 // bytes; negative: no limit
	used  int64
	fails []failure
}

type failure struct {
	err     syscall.Errno
	pattern string
}

var errnos = map[string]syscall.Errno{"ENOSPC": syscall.ENOSPC, "EDQUOT": syscall.EDQUOT, "EROFS": syscall.EROFS, "EIO": syscall.EIO}

// set takes what was written into the file.
func (t *trouble) set(text string) error {
	room, fails := int64(-1), []failure(nil)
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) != 2 {
			continue
		}
		if words[0] == "room" {
			n, err := strconv.ParseInt(words[1], 10, 64)
			if err != nil {
				return err
			}
			room = n
			continue
		}
		err, known := errnos[words[0]]
		if !known {
			return fmt.Errorf("no such error: %s", words[0])
		}
		fails = append(fails, failure{err, words[1]})
	}
	t.room, t.fails = room, fails
	return nil
}

// of returns what a change of a name comes to; 0 is success.
func (t *trouble) of(name string) syscall.Errno {
	for _, f := range t.fails {
		if match, err := path.Match(f.pattern, name); err == nil && match {
			return f.err
		}
	}
	return 0
}

// take uses up room.
func (t *trouble) take(bytes int64) syscall.Errno {
	if bytes > 0 && t.room >= 0 && t.used+bytes > t.room {
		return syscall.ENOSPC
	}
	t.used += bytes
	return 0
}

// blocksOf returns the blocks of a write that a file does not have yet.
func blocksOf(has map[int64]bool, offset, length int64) (fresh []int64) {
	for b := offset / blockSize; b*blockSize < offset+length; b++ {
		if !has[b] {
			fresh = append(fresh, b)
		}
	}
	return fresh
}
