package main

import (
	"bufio"
	"encoding/gob"
	"errors"
	"io"
	"os"
)

// Kind says what an operation did.
type Kind uint8

// The kinds. Those that change names come first.
const (
	Create   Kind = iota + 1 // Node got the name Dir/Name; Mode says of which type it is
	Link                     // it got one more
	Unlink                   // it lost one: a file, a symbolic link or a folder
	Rename                   // from Dir/Name to ToDir/ToName
	Write                    // Data at Offset
	Truncate                 // to the size Offset
	Touch                    // its time of change was set
	Chmod                    // to Mode
	SyncFile                 // all bytes and attributes of Node are on the disk
	SyncDir                  // all names in Node are
	Mark                     // somebody wrote Data into the file of marks: it was acknowledged
)

var kindNames = [...]string{Create: "create", Link: "link", Unlink: "unlink", Rename: "rename", Write: "write", Truncate: "truncate", Touch: "touch",
	Chmod: "chmod", SyncFile: "fsync", SyncDir: "fsync of the folder", Mark: "acknowledged"}

// names reports whether the operation changes names.
func (k Kind) names() bool { return k <= Rename }

// Op is one operation, in the order in which the programs saw them done.
type Op struct {
	Kind         Kind
	Node         uint64
	Dir, ToDir   uint64
	Name, ToName string
	Offset       int64
	Data         []byte // also the target of a symbolic link
	Mode         uint32
	Time         int64 // nanoseconds since 1970
}

func saveLog(file string, ops []Op) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	enc := gob.NewEncoder(out)
	for i := range ops {
		if err := enc.Encode(&ops[i]); err != nil {
			return err
		}
	}
	return out.Flush()
}

func loadLog(file string) ([]Op, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var ops []Op
	for dec := gob.NewDecoder(bufio.NewReaderSize(f, 1<<20)); ; {
		var op Op
		err := dec.Decode(&op)
		if errors.Is(err, io.EOF) {
			return ops, nil
		}
		if err != nil {
			return nil, err
		}
		ops = append(ops, op)
	}
}
