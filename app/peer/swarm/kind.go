package swarm

import (
	"errors"
	"io"

	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// What a content is, its bytes decide: it is a folder if they are the list of a folder's
// files, and a file otherwise. What a tracker says, and with it [Task.Folder], is only a
// hint: anybody may have announced a file as a folder.

var (
	// ErrIsFile ends an attempt at a folder whose content is a file.
	ErrIsFile = errors.New("this is a file and no folder")
	// ErrIsFolder ends an attempt at a file whose content is the list of a folder.
	ErrIsFolder = errors.New("this is a folder and no file")
)

// isFile is how an attempt at a folder ends that turns out to be a file.
func (a *Attempt) isFile() error {
	if a.quiet {
		return &netproto.Error{Code: netproto.CodeNotFolder, Cause: ErrIsFile}
	}
	return ErrIsFile
}

// checkKind looks at what came of the content that the person asked for, and returns the
// error that ends an attempt at the wrong kind.
func (a *Attempt) checkKind() error {
	for _, j := range a.kindless() {
		start := make([]byte, len(netproto.FolderMagic))
		if _, err := io.ReadFull(io.NewSectionReader(j.part, 0, j.size), start); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		switch {
		case string(start) != netproto.FolderMagic, j.size > netproto.MaxFolderBytes:
			return a.isFile()
		case j.size > maxLook && a.quiet:
			return netproto.Errorf(netproto.CodeTooLarge, "the list of the folder's files has %d bytes: download the folder to see them", j.size)
		}
	}
	return nil
}

// dropWrongKind removes what an attempt at the wrong kind left on the disk. err is how it
// ended.
func (a *Attempt) dropWrongKind(err error) {
	switch {
	case errors.Is(err, ErrIsFile):
		err = piece.RemoveTree(a.root, piece.StagingName(a.task.Hash, a.task.Paths))
	case errors.Is(err, ErrIsFolder):
		err = piece.RemovePart(a.root, ".", a.task.Hash)
	default:
		return
	}
	if err != nil {
		a.swarms.config.Log.Warn("what is left of a download cannot be removed", "hash", a.task.Hash, "error", err)
	}
}

// kindless returns the list whose kind has to be looked at, if there is one: once, when
// its size is proven and its first piece is here.
func (a *Attempt) kindless() []*job {
	a.mu.Lock()
	defer a.unlock()
	for _, j := range a.active {
		if j.list && j.ready() && j.sure && j.picker.Verified(0) {
			j.list = false
			return []*job{j}
		}
	}
	return nil
}

// isList reports whether a complete content is the list of a folder's files.
func isList(part growing) bool {
	size := part.Manifest().Size
	if size < int64(len(netproto.FolderMagic)) || size > netproto.MaxFolderBytes {
		return false
	}
	_, err := netproto.ParseFolder(io.NewSectionReader(part, 0, size))
	return err == nil
}
