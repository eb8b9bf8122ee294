// Package load measures a tracker under load: every benchmark is one scenario,
// with the tracker in a process of its own and real TLS over loopback. One pass of a
// benchmark is the whole scenario, so use -benchtime 1x; -short makes all of them
// smaller. No number makes a benchmark fail.
//
//	go test -run '^$' -bench . -benchtime 1x ./tracker/load
package load

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/daemon"
	"centralizedp2p/tracker/pgstore"
	"centralizedp2p/tracker/server/admission"
)

// This test program starts itself again as the other side. The variable names the
// part that it plays; the arguments are those of the part.
const partVariable = "CP2P_LOAD_PART"

var parts = map[string]func(ctx context.Context, args []string) error{
	"tracker": func(ctx context.Context, args []string) error {
		return serveTracker(ctx, args[0], admission.DefaultLimits())
	},
	"unlimited":      func(ctx context.Context, args []string) error { return serveTracker(ctx, args[0], admission.Limits{}) },
	"tidy":           serveTidy,
	"relay":          func(ctx context.Context, args []string) error { return serveRelay(ctx, args[0], args[1]) },
	"echo":           func(ctx context.Context, _ []string) error { return serveEcho(ctx) },
	"ordeal-tracker": func(ctx context.Context, args []string) error { return serveOrdeal(ctx, args[0]) },
	"ordeal":         func(ctx context.Context, args []string) error { return ordeal(ctx, args[0]) },
	"flood":          func(ctx context.Context, args []string) error { return flood(ctx, args[0], args[1]) },
}

func TestMain(m *testing.M) {
	part, ok := parts[os.Getenv(partVariable)]
	if !ok {
		goleak.VerifyTestMain(m)
		return
	}
	// The part ends with its stdin, however its parent ended.
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := part(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// With storeVariable=postgres, trackers keep everything in a PostgreSQL that is started for
// each data folder, where databaseOf can do that; databaseVariable tells them its address.
const (
	storeVariable    = "CP2P_LOAD_STORE"
	databaseVariable = "CP2P_LOAD_DATABASE"
)

var databaseOf func(b testing.TB, folder string) string

// listening is what a server prints on stdout once it answers, as a tracker does
// with --json.
type listening struct {
	Address string `json:"address"`
}

func serveTracker(ctx context.Context, folder string, limits admission.Limits) error {
	o := daemon.DefaultOptions()
	o.Listen, o.Data, o.JSON, o.LANAnnounce, o.Limits = "127.0.0.1:0", folder, true, false, limits
	o.Store = os.Getenv(databaseVariable)
	return daemon.Run(ctx, o, nil, pgstore.Or(boltstore.Open), os.Stdout, os.Stderr)
}

// serveEcho is the baseline for a tracker: net/http with the same TLS, which reads
// the same body and answers with one.
func serveEcho(ctx context.Context) error {
	id, err := newIdentity()
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	echo := &http.Server{TLSConfig: id.ServerTLS(identity.HTTP, false, nil), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body netproto.HeartbeatRequest
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(body) // fails only if the client has gone
	})}
	stop := context.AfterFunc(ctx, func() { echo.Close() })
	defer stop()
	if err := json.NewEncoder(os.Stdout).Encode(listening{ln.Addr().String()}); err != nil {
		return err
	}
	if err := echo.ServeTLS(ln, "", ""); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// process is a running part.
type process struct {
	*exec.Cmd
	address string // of a server
	out     *bufio.Scanner
}

// start runs a part until the benchmark is over.
func start(b testing.TB, part string, args ...string) *process {
	b.Helper()
	p := &process{Cmd: exec.CommandContext(b.Context(), os.Args[0], args...)}
	p.Env = append(os.Environ(), partVariable+"="+part)
	if os.Getenv(storeVariable) == "postgres" && databaseOf != nil && (part == "tracker" || part == "unlimited") {
		p.Env = append(p.Env, databaseVariable+"="+databaseOf(b, args[0]))
	}
	p.Stderr = logFilter{}
	stdin, err := p.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := p.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		p.Wait()
	})
	p.out = bufio.NewScanner(stdout)
	return p
}

// startServer runs a listening part.
func startServer(b testing.TB, part string, args ...string) *process {
	b.Helper()
	p := start(b, part, args...)
	var said listening
	if !p.out.Scan() || json.Unmarshal(p.out.Bytes(), &said) != nil {
		b.Fatalf("the %s did not start", part)
	}
	p.address = said.Address
	return p
}

// kill ends a process without warning.
func (p *process) kill(b testing.TB) {
	b.Helper()
	if err := p.Process.Kill(); err != nil {
		b.Fatal(err)
	}
	p.Wait() // reports that it was killed
}

// logFilter shows what a part logs except its start and its end.
type logFilter struct{}

func (logFilter) Write(text []byte) (int, error) {
	if s := string(text); !strings.Contains(s, "level=INFO") && !strings.Contains(s, "only this computer can use the link") {
		os.Stderr.Write(text)
	}
	return len(text), nil
}

// metric adds up the samples of one metric of a tracker, whatever their labels.
func metric(b testing.TB, address, name string) float64 {
	b.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	sum, lines := 0.0, bufio.NewScanner(resp.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		var n float64
		if family, _, _ := strings.Cut(series, "{"); family != name {
			continue
		}
		if _, err := fmt.Sscan(value, &n); err != nil {
			b.Fatalf("%q: %v", lines.Text(), err)
		}
		sum += n
	}
	if err := lines.Err(); err != nil || resp.StatusCode != http.StatusOK {
		b.Fatal(resp.Status, err)
	}
	return sum
}

// residentMiB returns how much memory a tracker takes.
func residentMiB(b testing.TB, address string) float64 {
	b.Helper()
	return metric(b, address, "process_resident_memory_bytes") / (1 << 20)
}
