package portmap

import (
	"encoding/json"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// TestKeepInTheLab is a process in a host of .ci/lab, where a router is real: it keeps a
// port mapped until it is told to end, and prints each state. PORTMAP_LAB_PORT is the
// port; PORTMAP_LAB_LIFE makes leases that short, in seconds.
func TestKeepInTheLab(t *testing.T) {
	port, err := strconv.Atoi(os.Getenv("PORTMAP_LAB_PORT"))
	if err != nil {
		t.Skip("it is part of .ci/lab portmap")
	}
	n := standard
	if life, err := strconv.Atoi(os.Getenv("PORTMAP_LAB_LIFE")); err == nil {
		n.life, n.least = time.Duration(life)*time.Second, time.Second
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	m := Keep(t.Context(), Options{Port: port, Description: "lab", Log: log, network: &n})
	for {
		select {
		case <-m.Changed():
			if err := json.NewEncoder(os.Stdout).Encode(m.State()); err != nil {
				t.Fatal(err)
			}
		case <-told:
			began := time.Now()
			m.Close()
			if took := time.Since(began); took > n.goodbye+time.Second {
				t.Errorf("the lease was given back after %s", took)
			}
			return
		}
	}
}
