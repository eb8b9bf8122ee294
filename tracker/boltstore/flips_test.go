package boltstore

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

const (
	// flipChildEnv makes this test program open the databases whose names it reads.
	flipChildEnv = "BOLTSTORE_FLIP_CHILD"
	flipsEnv     = "CP2P_TRACKER_FLIPS" // of a long campaign
	seedEnv      = "CP2P_SEED"

	flipPeers, flipFiles = 6, 80
)

// flipped is what a tracker says of a database.
type flipped struct {
	Refused string `json:",omitempty"` // why it was not opened
	Code    string `json:",omitempty"`
	Wrong   string `json:",omitempty"`
	Lost    int    // peers that had to join or announce again
}

func flipFilesOf(n int) (rs []netproto.Resource) {
	for i := range flipFiles {
		rs = append(rs, testFile(fmt.Sprintf("file %d of %d", i, n)))
	}
	return rs
}

// reopen opens a database, has its peers do what the tracker asks of them, and looks
// whether it knows everything then, also at its next start.
func reopen(file string) (f flipped) {
	for range 2 {
		s, err := open(file, store.Config{})
		if err != nil {
			f.Refused, f.Code = err.Error(), string(netproto.CodeOf(err))
			return f
		}
		err = heal(s, &f.Lost)
		if err := errors.Join(err, s.Close()); err != nil {
			f.Wrong = err.Error()
			return f
		}
	}
	return f
}

func heal(s *Store, lost *int) error {
	ctx := context.Background()
	for n := range flipPeers {
		files, id := flipFilesOf(n), testPeer(n).ID()
		var has store.Holdings
		for _, f := range files {
			has.Count++
			has.Digest = has.Digest.Toggle(f.Hash)
		}
		status, _, err := s.Heartbeat(ctx, id, has)
		if err != nil {
			return err
		}
		if status != netproto.HeartbeatOK {
			*lost++
			_, err = s.Join(ctx, testPeer(n))
			if err == nil {
				_, err = s.Announce(ctx, id, files, true)
			}
			if err == nil {
				status, _, err = s.Heartbeat(ctx, id, has)
			}
		}
		if err != nil || status != netproto.HeartbeatOK {
			return fmt.Errorf("peer %d cannot heal it: %s, %w", n, status, err)
		}
		if _, err := s.Search(ctx, store.Query{Text: files[n].Name, MaxSize: -1, Sort: netproto.SortName, Limit: 10}); err != nil {
			return err
		}
	}
	return nil
}

// flipChild is the child.
func flipChild() {
	out := json.NewEncoder(os.Stdout)
	for files := bufio.NewScanner(os.Stdin); files.Scan(); {
		out.Encode(reopen(files.Text())) // fails only if the parent has gone
	}
}

// flipper has a child that opens databases, and another one if that dies.
type flipper struct {
	testing.TB
	child *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

func (f *flipper) reopen(file string) (is flipped, err error) {
	if f.child == nil {
		f.child = exec.CommandContext(f.Context(), os.Args[0])
		f.child.Env = append(os.Environ(), flipChildEnv+"=1")
		if f.in, err = f.child.StdinPipe(); err != nil {
			return is, err
		}
		out, err := f.child.StdoutPipe()
		if err == nil {
			err = f.child.Start()
		}
		if err != nil {
			return is, err
		}
		f.out = bufio.NewReader(out)
	}
	late := time.AfterFunc(time.Minute, func() { f.child.Process.Kill() })
	defer late.Stop()
	fmt.Fprintln(f.in, file)
	line, err := f.out.ReadBytes('\n')
	if err != nil {
		f.in.Close()
		err = fmt.Errorf("the program ended, or hung: %w", f.child.Wait())
		f.child = nil
		return is, err
	}
	return is, json.Unmarshal(line, &is)
}

// A tracker's database has a wrong bit, a wrong sector or a wrong end. The tracker never
// crashes or hangs: it says what to do, or its peers bring back what is missing.
func TestADamagedDatabaseIsRefusedOrHeals(t *testing.T) {
	number := func(variable string, usual uint64) uint64 {
		n := usual
		if text := os.Getenv(variable); text != "" {
			var err error
			if n, err = strconv.ParseUint(text, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		return n
	}
	flips, seed := number(flipsEnv, 60), number(seedEnv, rand.Uint64())
	t.Logf("%s=%d", seedEnv, seed)
	random := rand.New(rand.NewPCG(seed, 3))
	good := filepath.Join(t.TempDir(), "tracker.db")
	f := &flipper{TB: t}
	if is, err := f.reopen(good); err != nil || is.Lost != flipPeers || is.Wrong != "" { // makes it
		t.Fatalf("%+v, %v", is, err)
	}
	raw, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	refused, lost := 0, 0
	for i := range flips {
		file := filepath.Join(t.TempDir(), "tracker.db")
		damaged, what := damage(random, raw)
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		is, err := f.reopen(file)
		switch {
		case err != nil:
			t.Errorf("flip %d, %s: %v", i, what, err)
		case is.Wrong != "":
			t.Errorf("flip %d, %s: %s", i, what, is.Wrong)
		case is.Refused != "":
			refused++
			if is.Code != string(netproto.CodeStore) || !strings.Contains(is.Refused, file) ||
				!strings.Contains(is.Refused, "move it away") && !strings.Contains(is.Refused, "newer version") {
				t.Errorf("flip %d, %s: it says %q", i, what, is.Refused)
			}
		}
		lost += is.Lost
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
	}
	if f.child != nil {
		f.in.Close()
		if err := f.child.Wait(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d were refused; %d peers joined or announced again", refused, lost)
	t.Logf("tried %d", flips)
}

// damage changes a file: a bit at a place that says where others are, a bit anywhere, a
// sector, or its end.
func damage(random *rand.Rand, raw []byte) (damaged []byte, what string) {
	const page = 4096
	damaged = append([]byte(nil), raw...)
	flip := func(at int) string {
		bit := random.IntN(8)
		damaged[at] ^= 1 << bit
		return fmt.Sprintf("bit %d of byte %d of page %d", bit, at%page, at/page)
	}
	switch n := random.IntN(20); {
	case n < 10: // heads of pages and elements
		return damaged, flip(random.IntN(len(raw)/page)*page + random.IntN(80))
	case n < 16:
		return damaged, flip(random.IntN(len(raw)))
	case n < 18:
		at := random.IntN(len(raw)) &^ 511
		for i := at; i < min(at+512, len(raw)); i++ {
			damaged[i] = byte(random.Uint32())
		}
		return damaged, fmt.Sprint("noise from ", at)
	}
	at := random.IntN(len(raw))
	return damaged[:at], fmt.Sprint("cut to ", at)
}
