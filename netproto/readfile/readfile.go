// Package readfile opens files that belong to somebody else: while one is open here,
// its owner can rename and delete it, and write to it.
package readfile

import "os"

// Open opens a file for reading. It does not wait for the writer of a named pipe.
func Open(path string) (*os.File, error) { return open(path) }
