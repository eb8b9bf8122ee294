//go:build linux

package load

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"time"

	"centralizedp2p/app/node"
	"centralizedp2p/app/peer/queue"
	"centralizedp2p/netproto"
)

// hurryVariable has a waiter resume its download while its disk is the trouble, instead
// of waiting for the next try.
const hurryVariable = "CP2P_LOAD_HURRY"

// beWaiter downloads one content as the window does: where the command get ends with an
// error about the disk, it says so and waits. Its arguments are a profile, a folder and
// a link.
func beWaiter(ctx context.Context) int {
	path, err := await(ctx, os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		json.NewEncoder(os.Stdout).Encode(waited{Event: "error", Code: netproto.CodeOf(err), Message: err.Error()})
		return 1
	}
	json.NewEncoder(os.Stdout).Encode(waited{Event: "completed", Path: path})
	return 0
}

// waited is what a waiter says.
type waited struct {
	Event   string        `json:"event"`
	State   queue.State   `json:"state,omitempty"`
	Code    netproto.Code `json:"code,omitempty"`
	Message string        `json:"message,omitempty"`
	Path    string        `json:"path,omitempty"`
}

func await(ctx context.Context, profile, dir, text string) (path string, err error) {
	link, err := netproto.ParseLink(text)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	free := 0
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	n, err := node.Open(ctx, node.Options{Profile: profile, Listen: &free, SeedClients: netproto.SeedOff, Log: log})
	if err != nil {
		return "", err
	}
	defer n.Close()
	client, err := node.Client(n.Library, link)
	if err != nil {
		return "", err
	}
	n.Engine.Trackers.Use(client)
	changed := n.Engine.Watch(ctx)
	id, err := n.Engine.Downloads.Add(queue.Request{Hash: link.Hash, Name: link.Name, Size: -1, Dir: dir})
	if err != nil {
		return "", err
	}
	n.Engine.Downloads.StartOne(id)
	if os.Getenv(hurryVariable) != "" { // as a person who clicks again and again
		go func() {
			for ctx.Err() == nil {
				wait(ctx, time.Second)
				if d, known := n.Engine.Downloads.ByID(id); known && d.Err != nil {
					n.Engine.Downloads.Resume(id)
				}
			}
		}()
	}
	for last := ""; ctx.Err() == nil; <-changed {
		d, _ := n.Engine.Downloads.ByID(id)
		switch d.State {
		case queue.StateFinished:
			return d.Path, nil
		case queue.StateFailed:
			return "", d.Err
		}
		now := waited{Event: "state", State: d.State}
		if d.Err != nil {
			now.Code, now.Message = netproto.CodeOf(d.Err), d.Err.Error()
		}
		if said := fmt.Sprint(now); said != last {
			json.NewEncoder(os.Stdout).Encode(now)
			last = said
		}
	}
	return "", ctx.Err()
}
