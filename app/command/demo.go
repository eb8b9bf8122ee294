package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/lookout"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/app/peer/sharing"
	"centralizedp2p/netproto"
)

const (
	demoName   = "demo.bin"
	minDemoMiB = 64
	maxDemoMiB = 16 << 10
)

type demoEvent struct {
	Event   string               `json:"event"` // demo
	Hash    netproto.ContentHash `json:"hash"`
	Size    int64                `json:"size"`    // bytes
	Seconds float64              `json:"seconds"` // of the transfer
	Rate    int64                `json:"rate"`    // bytes a second
}

func (p *program) demoCommand() *cobra.Command {
	mib := 256
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See it work: a tracker and two peers, all on this computer",
		Long: "demo starts a tracker and two peers in this process. One peer shares a file of random\n" +
			"bytes; the other finds it by name, downloads it over the loopback network, encrypted,\n" +
			"every piece verified, and compares it byte by byte. Nothing is left behind.",
		Example: "  centralizedp2p demo\n  centralizedp2p demo --size 1024",
		Args:    usage.Exactly(0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := usage.Without(cmd, "tracker", "profile"); err != nil {
				return err
			}
			if mib < minDemoMiB || mib > maxDemoMiB {
				return netproto.Errorf(netproto.CodeUsage, "--size is from %d to %d MiB, not %d", minDemoMiB, maxDemoMiB, mib)
			}
			return p.demo(cmd.Context(), int64(mib)<<20)
		},
	}
	cmd.Flags().IntVar(&mib, "size", mib, "`MiB` to transfer")
	return cmd
}

// demo shares, finds, downloads and compares a file of that many bytes.
func (p *program) demo(ctx context.Context, bytes int64) (err error) {
	dir, err := os.MkdirTemp("", "centralizedp2p-demo-*")
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	tracker, err := node.StartTracker(filepath.Join(dir, "tracker"), "127.0.0.1:0", "demo", io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tracker.Close()) }()
	p.Say("A tracker runs on %s.", tracker.Address)
	if err := reachable(ctx, tracker.Address); err != nil {
		return err
	}
	alice, err := p.demoPeer(ctx, filepath.Join(dir, "alice"), tracker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, alice.Close()) }()
	bob, err := p.demoPeer(ctx, filepath.Join(dir, "bob"), tracker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, bob.Close()) }()
	return p.demoTransfer(ctx, alice, bob, dir, bytes)
}

// loopbackTime bounds how long this computer may take to reach itself.
const loopbackTime = 3 * time.Second

// reachable checks whether this computer reaches its own address.
func reachable(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: loopbackTime}).DialContext(ctx, "tcp", address)
	if err == nil {
		return conn.Close()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return netproto.Errorf(netproto.CodeUnreachable,
		"%s is this computer, which does not reach itself: its loopback network is down or blocked (on Linux, `ip link set lo up`): %w", address, err)
}

func (p *program) demoPeer(ctx context.Context, profile string, tracker *node.OwnTracker) (*node.Node, error) {
	free := 0
	n, err := node.Open(ctx, node.Options{Profile: profile, Listen: &free, SeedClients: netproto.SeedOff, Log: p.Log()})
	if err != nil {
		return nil, err
	}
	client, err := node.Client(n.Library, netproto.Link{Tracker: tracker.Address, Fingerprint: tracker.Fingerprint})
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	n.Engine.Trackers.Use(client)
	return n, nil
}

func (p *program) demoTransfer(ctx context.Context, alice, bob *node.Node, dir string, bytes int64) error {
	original := filepath.Join(dir, demoName)
	if err := writeRandom(original, bytes); err != nil {
		return err
	}
	began := time.Now()
	id, err := alice.Engine.Shares.Add(original, sharing.Options{})
	if err != nil {
		return err
	}
	shared, err := alice.Engine.Shares.Wait(ctx, id)
	if err != nil {
		return err
	}
	p.Say("One peer shares %s (%s), hashed and announced in %.2f s.", demoName, screen.Size(bytes), time.Since(began).Seconds())
	hits, err := bob.Engine.Trackers.Main().Search(ctx, netproto.SearchRequest{Words: "demo", Limit: 1})
	if err != nil {
		return err
	}
	if len(hits.Items) != 1 || hits.Items[0].Hash != shared.Hash {
		return netproto.Errorf(netproto.CodeNotFound, "the other peer's search did not find %s", demoName)
	}
	began = time.Now()
	hit := hits.Items[0]
	request := queue.Request{Hash: hit.Hash, Name: hit.Name, Size: hit.Size, Dir: filepath.Join(dir, "downloads")}
	d, err := runDownload(ctx, bob.Engine, request, lookout.NewProgress(p.Screen, demoName, nil))
	if err != nil {
		return err
	}
	seconds := time.Since(began).Seconds()
	if err := sameFile(original, d.Path); err != nil {
		return err
	}
	p.Say("The other peer found it, downloaded it, and has the same bytes.")
	if p.JSON {
		p.Event(demoEvent{"demo", d.Hash, bytes, seconds, int64(float64(bytes) / seconds)})
	}
	p.Say("%s\n%s in %.2f s: %s, encrypted and verified.", d.Hash, screen.Size(bytes), seconds, screen.Rate(bytes, seconds))
	return nil
}

// writeRandom makes a file of n random bytes, which cannot be compressed.
func writeRandom(path string, n int64) error {
	f, err := os.Create(path)
	if err != nil {
		return netproto.Errorf(netproto.CodeFolderUnwritable, "%w", err)
	}
	var seed [32]byte
	for i := range seed {
		seed[i] = byte(rand.Uint32())
	}
	_, err = io.CopyN(f, rand.NewChaCha8(seed), n)
	if err := errors.Join(err, f.Close()); err != nil {
		return netproto.Errorf(netproto.CodeNoSpace, "%w", err)
	}
	return nil
}

// sameFile compares two files byte by byte.
func sameFile(a, b string) error {
	fa, err := os.Open(a)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return netproto.Errorf(netproto.CodeFileUnreadable, "%w", err)
	}
	defer fb.Close()
	bufA, bufB := make([]byte, 1<<20), make([]byte, 1<<20)
	for {
		n, errA := io.ReadFull(fa, bufA)
		m, errB := io.ReadFull(fb, bufB)
		if !bytes.Equal(bufA[:n], bufB[:m]) {
			return fmt.Errorf("%s and %s differ", a, b)
		}
		if errA != nil || errB != nil {
			return nil
		}
	}
}
