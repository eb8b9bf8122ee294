package control

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// downloadLine is a download as `list --json` prints it.
type downloadLine struct {
	Number int `json:"number"`
	face.Download
}

func (p *program) listCommand() *cobra.Command {
	return p.Drives(&cobra.Command{
		Use:     "list",
		Short:   "List the downloads",
		Long:    "list shows the downloads of the profile in the order of their queue. The numbers are\nthose that pause, resume, remove and limit take.",
		Example: "  centralizedp2p list\n  centralizedp2p list --json",
		Args:    usage.Exactly(0, "no arguments"),
	}, func([]string) (drive.EngineWork, error) { return p.listDownloads, nil })
}

func (p *program) listDownloads(ctx context.Context, engine face.Engine) error {
	list, err := engine.Downloads(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for i, d := range list {
		if p.JSON {
			p.Event(downloadLine{i + 1, d})
			continue
		}
		speed, left := "", ""
		if d.Rate > 0 {
			speed = screen.Size(d.Rate) + "/s"
		}
		if d.SecsLeft > 0 {
			left = (time.Duration(d.SecsLeft) * time.Second).String()
		}
		rows = append(rows, []string{strconv.Itoa(i + 1), string(d.State), percent(d.Done, d.Size), screen.Size(d.Size), speed, left, d.Name})
	}
	switch {
	case p.JSON:
	case len(rows) == 0:
		p.Say("There are no downloads.")
	default:
		p.Table([]string{"N", "STATE", "DONE", "SIZE", "SPEED", "LEFT", "NAME"}, rows)
	}
	return nil
}

// percent is how much of a size is done.
func percent(done, size int64) string {
	if size <= 0 {
		if size == 0 {
			return "100%"
		}
		return "?"
	}
	return fmt.Sprintf("%d%%", done*100/size)
}

// chosen says which downloads a command is about: all, or those that the arguments name.
type chosen struct {
	all   bool
	named []string
}

// chosenDownloads reads the arguments of a command about downloads; none is all.
func chosenDownloads(args []string, all bool) (chosen, error) {
	if all == (len(args) > 0) {
		return chosen{}, netproto.Errorf(netproto.CodeUsage, "say which downloads: their numbers or names, or --all")
	}
	return chosen{all, args}, nil
}

// ids returns the IDs of the chosen downloads; "not-found" if an argument names none,
// "ambiguous-name" if it names several.
func (c chosen) ids(ctx context.Context, engine face.Engine) ([]string, error) {
	list, err := engine.Downloads(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for i, d := range list {
		if c.all || slices.ContainsFunc(c.named, func(text string) bool { return isNamed(d, i+1, text) }) {
			ids = append(ids, d.ID)
		}
	}
	for _, text := range c.named {
		found := 0
		for i, d := range list {
			if isNamed(d, i+1, text) {
				found++
			}
		}
		switch {
		case found == 0:
			return nil, netproto.Errorf(netproto.CodeNotFound, "no download has the number or the name %q", text)
		case found > 1:
			return nil, netproto.Errorf(netproto.CodeAmbiguous, "%d downloads are called %q: use the numbers of `centralizedp2p list`", found, text)
		}
	}
	return ids, nil
}

// isNamed reports whether a text names a download: by its number, its name, or its hash.
func isNamed(d face.Download, number int, text string) bool {
	return text == strconv.Itoa(number) || text == d.Name || text == d.ID || strings.EqualFold(text, d.Hash.String())
}
