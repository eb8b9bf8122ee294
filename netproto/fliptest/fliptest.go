// Package fliptest damages files as disks do, for the tests of every room that keeps
// some. Only tests use it.
package fliptest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

const (
	seedVariable  = "CP2P_SEED"
	childVariable = "CP2P_FLIP_CHILD" // makes a test program look at the paths that it reads
)

// Flips returns how many times to damage something, as a variable says or as usual, and
// where chance comes from. It logs how to repeat that.
func Flips(t testing.TB, variable string, usual uint64) (flips uint64, random *rand.Rand) {
	t.Helper()
	number := func(variable string, usual uint64) uint64 {
		text := os.Getenv(variable)
		if text == "" {
			return usual
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	seed := number(seedVariable, rand.Uint64())
	t.Logf("%s=%d", seedVariable, seed)
	return number(variable, usual), rand.New(rand.NewPCG(seed, 1))
}

// Damage changes what a file holds and says how: a bit at a place that says where others
// are, a bit anywhere, a sector, or its end.
func Damage(random *rand.Rand, raw []byte) (damaged []byte, what string) {
	const page, sector = 4096, 512
	damaged = append([]byte(nil), raw...)
	if len(raw) == 0 {
		return []byte{0}, "a byte more"
	}
	flip := func(at int) string {
		bit := random.IntN(8)
		damaged[at] ^= 1 << bit
		return fmt.Sprintf("bit %d of byte %d of page %d", bit, at%page, at/page)
	}
	switch n := random.IntN(20); {
	case n < 10: // heads of pages and elements
		return damaged, flip(min(random.IntN(max(len(raw)/page, 1))*page+random.IntN(80), len(raw)-1))
	case n < 16:
		return damaged, flip(random.IntN(len(raw)))
	case n < 18:
		at := random.IntN(len(raw)) &^ (sector - 1)
		wrong, what := damaged[at:min(at+sector, len(raw))], "noise"
		if n == 17 {
			what = "zeros"
		}
		for i := range wrong {
			if wrong[i] = 0; n != 17 {
				wrong[i] = byte(random.Uint32())
			}
		}
		return damaged, fmt.Sprint(what, " from ", at)
	}
	at := random.IntN(len(raw))
	return damaged[:at], fmt.Sprint("cut to ", at)
}

// Main is called by TestMain. In a child it looks at each path that it reads until there
// are no more, writes what it saw, and returns true.
func Main[Seen any](look func(path string) Seen) (child bool) {
	if os.Getenv(childVariable) == "" {
		return false
	}
	out := json.NewEncoder(os.Stdout)
	for paths := bufio.NewScanner(os.Stdin); paths.Scan(); {
		out.Encode(look(paths.Text())) // fails only if the parent has gone
	}
	return true
}

// Looker has a child look at damaged paths, and another one if that dies: reading what
// is damaged may end a program, or take all memory.
type Looker[Seen any] struct {
	testing.TB
	child *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
}

// Look returns what a child saw, within a minute.
func (l *Looker[Seen]) Look(path string) (seen Seen, err error) {
	if l.child == nil {
		if err := l.start(); err != nil {
			l.Fatal(err)
		}
	}
	late := time.AfterFunc(time.Minute, func() { l.child.Process.Kill() })
	defer late.Stop()
	fmt.Fprintln(l.in, path)
	line, err := l.out.ReadBytes('\n')
	if err != nil {
		l.in.Close()
		err = fmt.Errorf("the program ended, or hung: %w", l.child.Wait())
		l.child = nil
		return seen, err
	}
	return seen, json.Unmarshal(line, &seen)
}

func (l *Looker[Seen]) start() (err error) {
	l.child = exec.CommandContext(l.Context(), os.Args[0])
	l.child.Env = append(os.Environ(), childVariable+"=1", "GOMEMLIMIT=200MiB")
	if l.in, err = l.child.StdinPipe(); err != nil {
		return err
	}
	out, err := l.child.StdoutPipe()
	if err != nil {
		return err
	}
	l.out = bufio.NewReader(out)
	return l.child.Start()
}

// End waits for the child.
func (l *Looker[Seen]) End() {
	if l.child == nil {
		return
	}
	l.in.Close()
	if err := l.child.Wait(); err != nil {
		l.Error(err)
	}
}
