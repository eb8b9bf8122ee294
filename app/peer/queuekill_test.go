package peer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/app/library"
	"centralizedp2p/netproto"
)

// queueKillsEnv is the number of kills of a long campaign.
const queueKillsEnv = "CENTRALIZEDP2P_QUEUE_KILLS"

// queueWitness hears what children do with a queue, kills them, and compares what is
// remembered and what is on the disk with what they said.
type queueWitness struct {
	*testing.T
	base, files string
	plan        queuePlan
	contents    map[string][]byte // path in the folder of files → bytes
	queue       []queueEntry      // as acknowledged last
	possible    [][]queueEntry    // as it may be now, with or without the change that is under way
	kept        map[string]bool   // files of no download: true if they must be there, false if they may be
	trace       []string          // what the children said
}

func (w *queueWitness) fail(format string, args ...any) {
	w.Helper()
	w.Fatalf("%s\nlast:\n%s", fmt.Sprintf(format, args...), strings.Join(w.trace[max(0, len(w.trace)-40):], "\n"))
}

// run starts a child and kills it some time after it acknowledged a number of
// changes, or after its start if that number is 0. If after is 0 the child ends by
// itself.
func (w *queueWitness) run(order string, acknowledged int, after time.Duration) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 2*patience)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), queueKillEnv+"="+w.base, "GORACE=atexit_sleep_ms=0")
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	check(w, err)
	out, err := child.StdoutPipe()
	check(w, err)
	check(w, child.Start())
	kill := time.AfterFunc(time.Hour, func() { child.Process.Kill() })
	defer kill.Stop()
	left := acknowledged
	lines := bufio.NewScanner(out)
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var line queueLine
		if json.Unmarshal(lines.Bytes(), &line) != nil {
			break // the kill came while it was written
		}
		w.trace = append(w.trace, line.String())
		switch {
		case line.Started:
			w.started(line)
			if order == settleQueue {
				w.spoil(line.Records)
			}
			fmt.Fprintln(in, order)
		case line.Begins != nil:
			w.begins(*line.Begins, line.States)
		case line.Done != nil:
			w.done(line)
			left--
		}
		if left == 0 && after > 0 {
			kill.Reset(after)
			left--
		}
	}
	err = child.Wait()
	killed := !child.ProcessState.Exited() || runtime.GOOS == "windows" // where a killed process has an exit code
	if err != nil && (after == 0 || !killed) {
		w.fail("the child failed: %v", err)
	}
	w.trace = append(w.trace, "killed")
}

// started checks what a child finds before it does anything.
func (w *queueWitness) started(line queueLine) {
	w.Helper()
	records := line.Records
	if !slices.EqualFunc(records, line.Order, func(r library.Download, id string) bool { return r.ID == id }) {
		w.fail("the queue is %q and remembered is %+v", line.Order, records)
	}
	at := slices.IndexFunc(w.possible, func(queue []queueEntry) bool { return slices.EqualFunc(queue, records, w.isAs) })
	if at < 0 {
		w.fail("the queue should be one of %+v\nand is %+v", w.possible, records)
	}
	w.queue = slices.Clone(w.possible[at])
	for i, r := range records {
		w.queue[i].id = r.ID
		if w.queue[i].paused == mayBePaused {
			w.queue[i].paused = notPaused
			if r.State == library.DownloadPaused {
				w.queue[i].paused = isPaused
			}
		}
	}
	w.possible = [][]queueEntry{w.queue}
	w.sound(records)
}

func (w *queueWitness) isAs(e queueEntry, r library.Download) bool {
	paused := map[pausing]bool{notPaused: r.State != library.DownloadPaused, mayBePaused: r.State != library.DownloadActive, isPaused: r.State == library.DownloadPaused}
	return (e.id == r.ID || e.id == "") && e.name == r.Name && e.priority == r.Priority && e.limit == r.Limit && paused[e.paused] &&
		r.Hash == w.plan.content(e.name).Hash && r.Dir == w.files
}

// sound compares records with each other and with what is on the disk.
func (w *queueWitness) sound(records []library.Download) {
	w.Helper()
	listed := map[string]library.Download{}
	unfinished := map[string]bool{}
	for i, r := range records {
		if i > 0 && records[i-1].Order >= r.Order {
			w.fail("%s and %s have the places %d and %d", records[i-1].Name, r.Name, records[i-1].Order, r.Order)
		}
		if finished := r.State == library.DownloadFinished; finished != (r.Path != "") || finished && r.Path != filepath.Join(w.files, r.Name) {
			w.fail("%s is %s, and in %q", r.Name, r.State, r.Path)
		} else if finished && r.Check == "" {
			w.whole(r.Name)
		}
		listed[r.Name] = r
		if r.State != library.DownloadFinished || r.Check != "" {
			unfinished[netproto.PartPrefix+r.Hash.String()[:32]] = true
		}
	}
	for name, sure := range w.kept {
		if listed[name].Check != "" {
			continue
		}
		if _, err := os.Lstat(filepath.Join(w.files, name)); sure || !errors.Is(err, fs.ErrNotExist) {
			w.whole(name)
		}
	}
	entries, err := os.ReadDir(w.files)
	check(w, err)
	for _, e := range entries {
		name, _, _ := strings.Cut(e.Name(), ".part")
		name, _, _ = strings.Cut(name, ".journal")
		name, _, _ = strings.Cut(name, ".folder")
		r, ok := listed[e.Name()]
		if _, kept := w.kept[e.Name()]; !ok && !kept && !unfinished[name] {
			w.fail("%s belongs to nothing", e.Name())
		} else if ok && r.Check == "" {
			w.whole(e.Name())
			if r.State != library.DownloadFinished { // it was published and that was not remembered: it is deleted only once it is
				w.kept[e.Name()] = false
			}
		}
	}
}

// whole fails unless a file or folder has the right bytes.
func (w *queueWitness) whole(name string) {
	w.Helper()
	for path, content := range w.contents {
		if path == name || strings.HasPrefix(path, name+"/") {
			if there, err := os.ReadFile(filepath.Join(w.files, path)); err != nil || !bytes.Equal(there, content) {
				w.fail("%s has %d bytes that are not right, %v", path, len(there), err)
			}
		}
	}
}

// settled fails unless everything that can be there is there.
func (w *queueWitness) settled() {
	w.Helper()
	l, err := library.Open(filepath.Join(w.base, "profile"))
	check(w, err)
	records, err := l.Downloads()
	check(w, errors.Join(err, l.Close()))
	w.sound(records)
	for _, r := range records {
		if (r.State != library.DownloadFinished || r.Check != "") && r.Name != neverWhole {
			w.fail("%s is %s, with the check %q", r.Name, r.State, r.Check)
		}
	}
}

// spoil changes a byte of each file that waits to be hashed again.
func (w *queueWitness) spoil(records []library.Download) {
	for _, r := range records {
		if r.State == library.DownloadFinished && r.Check == library.CheckRepair && !r.Folder {
			file, err := os.OpenFile(r.Path, os.O_RDWR, 0)
			if errors.Is(err, fs.ErrNotExist) { // it is taken back
				continue
			}
			check(w, err)
			_, err = file.WriteAt([]byte{^w.contents[r.Name][1000]}, 1000)
			check(w, errors.Join(err, file.Close()))
		}
	}
}

func TestTheQueueOutlivesKillsAtAnyInstant(t *testing.T) {
	t.Parallel()
	kills := 25
	if s := os.Getenv(queueKillsEnv); s != "" {
		var err error
		kills, err = strconv.Atoi(s)
		check(t, err)
	}
	w := witnessOf(t)
	for killed := 1; killed <= kills; killed++ {
		switch {
		case killed%8 == 0 || killed == kills:
			w.run(verifyQueue, 2, rand.N(20*time.Millisecond)+1)
			w.run(settleQueue, 1, rand.N(60*time.Millisecond)+1)
			killed++
			w.run(settleQueue, 0, 0)
			w.settled()
		case killed%5 == 0:
			w.run(changeQueue, 0, rand.N(80*time.Millisecond)+1)
		default:
			w.run(changeQueue, 1+rand.IntN(20), rand.N(10*time.Millisecond)+1)
		}
	}
}
