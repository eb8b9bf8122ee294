// Command forgetfs tries what a loss of power does to programs.
//
//	forgetfs record [--log FILE] [--sync DURATION] [--rate BYTES] [--fat] DIR
//	forgetfs try --log FILE --cuts N [--seed N] [--only N] [--jobs N] [--after TEXT] --work DIR -- COMMAND…
//
// record mounts a file system at DIR (FUSE) that is kept in memory, until it is
// interrupted. It writes a log of everything that changes it: bytes, names, sizes, every
// fsync, in the order in which it was done. Each folder right in its root is a disk of
// its own: nothing can be renamed or linked from one into another. What is written to
// DIR/.marks is an acknowledgement: it gets its place in the log too. An fsync takes the
// duration, and bytes a second are written. With --fat it has what FAT has: times in steps
// of two seconds, no links, no rename without replacing.
// What is written to DIR/.trouble says what fails from now on: see [troubleName].
//
// try makes, again and again, the disk that a loss of power at some place of the log may
// leave, in DIR/cut-N/disk, and the acknowledgements before that place, in
// DIR/cut-N/marks. It runs the command with these paths in CUT and MARKS; if that fails,
// the cut has fallen. What was synced is there. Of what was not, every block has some
// version between the synced and the newest one, or sectors of two, and the size is one
// that the file had. Names are kept up to some operation, as on a file system with a
// journal, or each without the others unless its folder was synced. The same seed and
// number leave the same disk. With --after, all cuts come after the first acknowledgement
// with that text.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "forgetfs:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("usage: forgetfs record [--log FILE] DIR | forgetfs try --log FILE --cuts N --work DIR -- COMMAND…")

func run(args []string) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	log := flags.String("log", "", "")
	t, p := trial{}, pace{}
	flags.DurationVar(&p.sync, "sync", 0, "")
	flags.BoolVar(&p.fat, "fat", false, "")
	flags.Int64Var(&p.rate, "rate", 0, "")
	flags.Uint64Var(&t.seed, "seed", rand.Uint64()>>32, "")
	flags.Uint64Var(&t.cuts, "cuts", 100, "")
	flags.Uint64Var(&t.only, "only", 0, "")
	flags.StringVar(&t.after, "after", "", "")
	flags.IntVar(&t.jobs, "jobs", 2, "")
	flags.StringVar(&t.work, "work", "", "")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	switch {
	case args[0] == "record" && flags.NArg() == 1:
		p.log = *log != ""
		return record(*log, flags.Arg(0), p)
	case args[0] == "try" && *log != "" && t.work != "" && flags.NArg() > 0:
		t.command = flags.Args()
		return t.run(*log)
	}
	return errUsage
}

// record runs until it is interrupted.
func record(log, dir string, p pace) error {
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, os.Interrupt, syscall.SIGTERM)
	r, server, err := mount(dir, p)
	if err != nil {
		return err
	}
	fmt.Println("mounted")
	<-ended
	// Whoever made a mount namespace meanwhile has a copy of the mount, which keeps the
	// connection to the kernel open, and Unmount waits for its end. Nothing comes over it
	// any longer.
	unmounted := make(chan error, 1)
	go func() { unmounted <- server.Unmount() }()
	select {
	case err := <-unmounted:
		if err != nil {
			return err
		}
	case <-time.After(2 * time.Second):
	}
	if !p.log {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return saveLog(log, r.ops)
}

// trial is a number of cuts.
type trial struct {
	seed, cuts, only uint64
	jobs             int
	work, after      string
	command          []string

	first       int // the place of the earliest cut
	ops         []Op
	tried, fell atomic.Int64
}

func (t *trial) run(log string) error {
	ops, err := loadLog(log)
	if err != nil {
		return err
	}
	if t.ops = ops; len(ops) == 0 {
		return errors.New("nothing was recorded")
	}
	if t.after != "" {
		t.first = 1 + slices.IndexFunc(ops, func(op Op) bool { return op.Kind == Mark && bytes.Contains(op.Data, []byte(t.after)) })
		if t.first == 0 {
			return fmt.Errorf("nothing says %q", t.after)
		}
	}
	fmt.Printf("%d operations, seed %d\n", len(ops), t.seed)
	numbers := make(chan uint64)
	var all sync.WaitGroup
	var broken atomic.Pointer[error]
	for range t.jobs {
		all.Go(func() {
			for n := range numbers {
				if err := t.try(n); err != nil {
					broken.Store(&err)
				}
			}
		})
	}
	for n := uint64(1); n <= t.cuts && broken.Load() == nil; n++ {
		if t.only == 0 || t.only == n {
			numbers <- n
		}
	}
	close(numbers)
	all.Wait()
	fmt.Printf("tried %d fell %d\n", t.tried.Load(), t.fell.Load())
	if err := broken.Load(); err != nil {
		return *err
	}
	if t.fell.Load() > 0 || t.tried.Load() == 0 {
		return errors.New("the disks that were left are not all right")
	}
	return nil
}

// try makes one cut. The error is about this program; a command that fails is counted.
func (t *trial) try(n uint64) error {
	f := draw(t.ops, t.first, t.seed, n)
	im := leave(t.ops, f)
	dir := filepath.Join(t.work, fmt.Sprint("cut-", n))
	defer func() {
		if t.only == 0 {
			os.RemoveAll(dir)
		}
	}()
	disk, marks := filepath.Join(dir, "disk"), filepath.Join(dir, "marks")
	if err := im.write(disk); err != nil {
		return err
	}
	if err := os.WriteFile(marks, im.marks, 0o600); err != nil {
		return err
	}
	cmd := exec.Command(t.command[0], t.command[1:]...)
	cmd.Env = append(os.Environ(), "CUT="+disk, "MARKS="+marks)
	said, err := cmd.CombinedOutput()
	t.tried.Add(1)
	if err == nil {
		return nil
	}
	if _, ended := errors.AsType[*exec.ExitError](err); !ended {
		return err
	}
	t.fell.Add(1)
	last := "the start"
	if f.position > 0 {
		op := t.ops[f.position-1]
		last = strings.TrimSpace(kindNames[op.Kind] + " " + op.Name + " " + op.ToName)
	}
	fmt.Printf("cut %d fell: %s (%s)\n%s\n", n, f, last, bytes.TrimSpace(said))
	return nil
}
