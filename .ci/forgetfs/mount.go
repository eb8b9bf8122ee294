package main

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// marksName is the file in the root to which acknowledgements are written. It is on
// no disk, so they outlive every cut.
const marksName = ".marks"

// recorder keeps files in memory and the log of all that happens to them.
type recorder struct {
	pace pace
	mu   sync.Mutex // held during each operation, so the log has their order
	ops  []Op
	next uint64
	trouble
}

// pace makes the disk as slow as real ones, so that programs are caught in the middle, or
// as poor.
type pace struct {
	sync time.Duration // an fsync takes at least
	rate int64         // bytes a second; 0 is no limit
	log  bool          // there is a log
	fat  bool          // it has what FAT has: times in steps of two seconds, no links, no rename without replacing
}

// add appends to the log; mu is held.
func (r *recorder) add(op Op) {
	if !r.pace.log {
		return
	}
	op.Time = time.Now().UnixNano()
	r.ops = append(r.ops, op)
}

// node is a file, a folder or a symbolic link.
type node struct {
	fs.Inode
	r    *recorder
	id   uint64
	disk uint64 // the folder right in the root that it is in: each is a disk of its own

	// r.mu guards these.
	data    []byte
	mode    uint32
	changed time.Time
	links   int
	blocks  map[int64]bool // that take room
	special string         // the name of a file of ours, which is on no disk
}

var (
	_ fs.NodeGetattrer  = (*node)(nil)
	_ fs.NodeSetattrer  = (*node)(nil)
	_ fs.NodeOpener     = (*node)(nil)
	_ fs.NodeReader     = (*node)(nil)
	_ fs.NodeWriter     = (*node)(nil)
	_ fs.NodeFsyncer    = (*node)(nil)
	_ fs.NodeCreater    = (*node)(nil)
	_ fs.NodeMkdirer    = (*node)(nil)
	_ fs.NodeUnlinker   = (*node)(nil)
	_ fs.NodeRmdirer    = (*node)(nil)
	_ fs.NodeRenamer    = (*node)(nil)
	_ fs.NodeLinker     = (*node)(nil)
	_ fs.NodeSymlinker  = (*node)(nil)
	_ fs.NodeReadlinker = (*node)(nil)
	_ fs.NodeStatfser   = (*node)(nil)
)

// mount makes the file system appear at dir.
func mount(dir string, p pace) (*recorder, *fuse.Server, error) {
	r := &recorder{next: 1, pace: p, trouble: trouble{room: -1}}
	root := &node{r: r, id: 1, mode: syscall.S_IFDIR | 0o755, changed: time.Now()}
	moment := time.Second
	server, err := fs.Mount(dir, root, &fs.Options{
		EntryTimeout: &moment, AttrTimeout: &moment,
		MountOptions: fuse.MountOptions{FsName: "forgetfs", Name: "forgetfs", DirectMount: true, MaxWrite: 1 << 20},
		OnAdd: func(ctx context.Context) {
			for _, name := range []string{marksName, troubleName} {
				file := &node{r: r, mode: syscall.S_IFREG | 0o666, special: name}
				root.AddChild(name, root.NewPersistentInode(ctx, file, fs.StableAttr{Mode: syscall.S_IFREG}), true)
			}
		},
	})
	return r, server, err
}

// attr fills in what stat says; r.mu is held.
func (n *node) attr(out *fuse.Attr) {
	out.Mode, out.Size, out.Nlink, out.Blksize = n.mode, uint64(len(n.data)), uint32(max(n.links, 1)), 4096
	out.Blocks = (out.Size + 511) / 512
	changed := n.changed
	if n.r.pace.fat {
		changed = changed.Truncate(2 * time.Second)
	}
	out.SetTimes(nil, &changed, &changed)
}

func (n *node) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	n.attr(&out.Attr)
	return fs.OK
}

func (n *node) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	if n.special != "" {
		n.attr(&out.Attr)
		return fs.OK
	}
	if err := n.trouble(); err != 0 {
		return err
	}
	if size, ok := in.GetSize(); ok {
		for b := range n.blocks {
			if b*blockSize >= int64(size) {
				delete(n.blocks, b)
				n.r.used -= blockSize
			}
		}
		n.r.add(Op{Kind: Truncate, Node: n.id, Offset: int64(size)})
		n.data, n.changed = resize(n.data, int64(size)), time.Now()
	}
	if mode, ok := in.GetMode(); ok {
		n.mode = n.mode&syscall.S_IFMT | mode&0o7777
		n.r.add(Op{Kind: Chmod, Node: n.id, Mode: n.mode})
	}
	if at, ok := in.GetMTime(); ok {
		n.changed = at
		n.r.add(Op{Kind: Touch, Node: n.id, Offset: at.UnixNano()})
	}
	n.attr(&out.Attr)
	return fs.OK
}

func (n *node) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, fs.OK
}

func (n *node) Read(_ context.Context, _ fs.FileHandle, to []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	from := n.data[min(offset, int64(len(n.data))):]
	return fuse.ReadResultData(to[:copy(to, from)]), fs.OK
}

func (n *node) Write(_ context.Context, _ fs.FileHandle, data []byte, offset int64) (uint32, syscall.Errno) {
	if rate := n.r.pace.rate; rate > 0 && n.special == "" {
		time.Sleep(time.Duration(len(data)) * time.Second / time.Duration(rate))
	}
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	kept := append([]byte(nil), data...)
	switch n.special {
	case marksName:
		n.r.add(Op{Kind: Mark, Data: kept})
		return uint32(len(data)), fs.OK
	case troubleName:
		if err := n.r.set(string(data)); err != nil {
			return 0, syscall.EINVAL
		}
		return uint32(len(data)), fs.OK
	}
	if err := n.trouble(); err != 0 {
		return 0, err
	}
	fresh := blocksOf(n.blocks, offset, int64(len(data)))
	if err := n.r.take(int64(len(fresh)) * blockSize); err != 0 {
		return 0, err
	}
	for _, b := range fresh {
		n.blocks[b] = true
	}
	n.r.add(Op{Kind: Write, Node: n.id, Offset: offset, Data: kept})
	if end := offset + int64(len(data)); end > int64(len(n.data)) {
		n.data = resize(n.data, end)
	}
	copy(n.data[offset:], data)
	n.changed = time.Now()
	return uint32(len(data)), fs.OK
}

// trouble returns what a change of the node comes to; r.mu is held.
func (n *node) trouble() syscall.Errno {
	name, _ := n.Parent()
	return n.r.of(name)
}

// resize cuts bytes off, or adds zeros.
func resize(b []byte, size int64) []byte {
	if old := int64(len(b)); size > old && size <= int64(cap(b)) {
		b = b[:size]
		clear(b[old:])
		return b
	} else if size > old {
		return append(b, make([]byte, size-old)...)
	}
	return b[:size]
}

func (n *node) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	defer time.Sleep(n.r.pace.sync)
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	if err := n.trouble(); err != 0 {
		return err
	}
	kind := SyncFile
	if n.IsDir() {
		kind = SyncDir
	}
	n.r.add(Op{Kind: kind, Node: n.id})
	return fs.OK
}

// make makes a child, and fills in what the kernel wants to know of it.
func (n *node) make(ctx context.Context, name string, mode uint32, data []byte, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	if err := n.r.of(name); err != 0 {
		return nil, err
	}
	if err := n.r.take(blockSize); err != 0 {
		return nil, err
	}
	n.r.next++
	child := &node{r: n.r, id: n.r.next, disk: n.disk, mode: mode, data: data, changed: time.Now(), links: 1, blocks: map[int64]bool{}}
	if n.IsRoot() {
		child.disk = child.id
	}
	n.r.add(Op{Kind: Create, Node: child.id, Dir: n.id, Name: name, Mode: mode, Data: data})
	child.attr(&out.Attr)
	return n.NewPersistentInode(ctx, child, fs.StableAttr{Mode: mode & syscall.S_IFMT, Ino: child.id}), fs.OK
}

func (n *node) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	inode, err := n.make(ctx, name, syscall.S_IFREG|mode&0o7777, nil, out)
	return inode, nil, 0, err
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.make(ctx, name, syscall.S_IFDIR|mode&0o7777, nil, out)
}

func (n *node) Symlink(ctx context.Context, target, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return n.make(ctx, name, syscall.S_IFLNK|0o777, []byte(target), out)
}

func (n *node) Readlink(context.Context) ([]byte, syscall.Errno) { return n.data, fs.OK }

// child returns what has a name; nil if nothing has.
func (n *node) child(name string) *node {
	if inode := n.GetChild(name); inode != nil {
		return inode.Operations().(*node)
	}
	return nil
}

func (n *node) Unlink(_ context.Context, name string) syscall.Errno {
	child := n.child(name)
	if child == nil {
		return syscall.ENOENT
	}
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	if err := n.r.of(name); err != 0 {
		return err
	}
	if child.links--; child.links == 0 {
		n.r.used -= blockSize + blockSize*int64(len(child.blocks))
		clear(child.blocks)
	}
	n.r.add(Op{Kind: Unlink, Node: child.id, Dir: n.id, Name: name})
	return fs.OK
}

func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	if child := n.child(name); child != nil && len(child.Children()) > 0 {
		return syscall.ENOTEMPTY
	}
	return n.Unlink(ctx, name)
}

func (n *node) Rename(_ context.Context, name string, newParent fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	const noReplace = 1 // RENAME_NOREPLACE; the kernel has looked
	to, child := newParent.(*node), n.child(name)
	switch {
	case flags&^noReplace != 0, flags != 0 && n.r.pace.fat:
		return syscall.EINVAL
	case child == nil:
		return syscall.ENOENT
	case to.disk != n.disk:
		return syscall.EXDEV
	}
	if taken := to.child(newName); taken != nil && len(taken.Children()) > 0 {
		return syscall.ENOTEMPTY
	}
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	if err := n.r.of(newName); err != 0 {
		return err
	}
	if taken := to.child(newName); taken != nil {
		if taken.links--; taken.links == 0 {
			n.r.used -= blockSize + blockSize*int64(len(taken.blocks))
			clear(taken.blocks)
		}
	}
	n.r.add(Op{Kind: Rename, Node: child.id, Dir: n.id, Name: name, ToDir: to.id, ToName: newName})
	return fs.OK
}

func (n *node) Link(_ context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	old := target.(*node)
	if n.r.pace.fat {
		return nil, syscall.EPERM
	}
	if old.disk != n.disk {
		return nil, syscall.EXDEV
	}
	n.r.mu.Lock()
	defer n.r.mu.Unlock()
	old.links++
	n.r.add(Op{Kind: Link, Node: old.id, Dir: n.id, Name: name})
	old.attr(&out.Attr)
	return old.EmbeddedInode(), fs.OK
}

func (n *node) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	const blocks = 1 << 24 // of 4 KiB: 64 GiB
	out.Bsize, out.Frsize, out.NameLen = 4096, 4096, 255
	out.Blocks, out.Bfree, out.Bavail, out.Files, out.Ffree = blocks, blocks, blocks, blocks, blocks
	return fs.OK
}
