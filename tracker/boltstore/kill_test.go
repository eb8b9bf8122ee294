package boltstore

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/boltfile"
	"centralizedp2p/tracker/store"
)

// A victim is this test program, started again to announce until it is killed.
const (
	victimFile  = "BOLTSTORE_VICTIM_FILE"
	victimRound = "BOLTSTORE_VICTIM_ROUND"

	victimPeers = 4
	victimBatch = 3
)

// lives is how often victims are killed: BOLTSTORE_LIVES, or 25.
func lives(t *testing.T) int {
	text := os.Getenv("BOLTSTORE_LIVES")
	if text == "" {
		return 25
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal("BOLTSTORE_LIVES is not a number:", err)
	}
	return n
}

func testPeer(n int) store.Peer {
	return store.Peer{
		Key:      netproto.PublicKey(sha256.Sum256(fmt.Append(nil, "key ", n))),
		Name:     fmt.Sprint("peer ", n),
		Observed: netip.MustParseAddrPort("192.0.2.1:4000"),
	}
}

func testFile(name string) netproto.Resource {
	return netproto.Resource{Hash: sha256.Sum256([]byte(name)), Size: 1000, Name: name, MIME: "text/plain"}
}

// batch returns what a victim announces for that line of its report.
func batch(line string) []netproto.Resource {
	rs := make([]netproto.Resource, victimBatch)
	for i := range rs {
		rs[i] = testFile(fmt.Sprintf("%s file %d", line, i))
	}
	return rs
}

// victim announces as several peers at once. A line on stdout, "peer round
// number", says that a batch was acknowledged.
func victim(file string) {
	s, err := open(file, store.Config{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("open")
	var all sync.WaitGroup
	for n := range victimPeers {
		all.Go(func() {
			if _, err := s.Join(context.Background(), testPeer(n)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			for i := 0; ; i++ {
				line := fmt.Sprintf("%d %s %d", n, os.Getenv(victimRound), i)
				if _, err := s.Announce(context.Background(), testPeer(n).ID(), batch(line), false); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				os.Stdout.WriteString(line + "\n")
			}
		})
	}
	all.Wait()
}

// sacrifice runs a victim and kills it some time after the last of a few batches, as many
// as the round says, was acknowledged, or with early after its start. It returns the lines
// of the victim's report.
func sacrifice(t *testing.T, file string, round int, early bool, after time.Duration) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimFile+"="+file, victimRound+"="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() { time.AfterFunc(after, func() { cmd.Process.Kill() }) }
	if early {
		kill()
	}
	var lines []string
	for report := bufio.NewScanner(out); report.Scan(); {
		if report.Text() != "open" {
			lines = append(lines, report.Text())
		}
		if !early && len(lines) == round%13 {
			early = true // it dies once
			kill()
		}
	}
	if cmd.Wait() == nil {
		t.Fatal("the victim ended by itself")
	}
	return lines
}

func TestNoAcknowledgedAnnounceIsLostByKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tracker.db")
	acknowledged := 0
	var lines []string
	lives := lives(t)
	for round := range lives {
		// "peer round number"; the last line may be cut off and then does not count.
		lines = append(lines, sacrifice(t, file, round, false, time.Duration(rand.IntN(60_000))*time.Microsecond)...)
		acknowledged = checkVictims(t, file, lines)
	}
	t.Logf("%d resources in %d batches were acknowledged in %d lives", acknowledged, len(lines), lives)
	if len(lines) < 4*lives {
		t.Errorf("only %d batches: this proves little", len(lines))
	}
}

// checkVictims opens the file after a kill and looks for everything that was
// acknowledged.
func checkVictims(t *testing.T, file string, lines []string) int {
	t.Helper()
	s, err := open(file, store.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	checkPages(t, s.disk.db)
	found := 0
	for _, line := range lines {
		var n, round, number int
		if k, _ := fmt.Sscanf(line, "%d %d %d", &n, &round, &number); k != 3 {
			continue
		}
		for _, r := range batch(line) {
			if _, err := s.Source(t.Context(), r.Hash, testPeer(n).ID()); err != nil {
				t.Fatalf("%q was acknowledged and is gone: %v", line, err)
			}
			found++
		}
	}
	for n := range victimPeers {
		switch p, err := s.Person(t.Context(), testPeer(n).ID()); {
		case netproto.CodeOf(err) == netproto.CodeNotFound: // it was killed before
		case err != nil:
			t.Fatal(err)
		case p.Resources%victimBatch != 0:
			t.Errorf("a batch is there in part: %d resources", p.Resources)
		}
	}
	return found
}

func checkPages(t *testing.T, db *boltfile.DB) {
	t.Helper()
	err := db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("the pages are damaged: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFirstStartThatIsKilledDoesNotSpoilTheNext(t *testing.T) {
	for round := range 20 {
		file := filepath.Join(t.TempDir(), "tracker.db")
		sacrifice(t, file, round, true, time.Duration(rand.IntN(40_000))*time.Microsecond)
		checkVictims(t, file, nil)
	}
}
