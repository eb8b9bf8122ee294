package command

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"centralizedp2p/app/command/drive"
	"centralizedp2p/app/command/screen"
	"centralizedp2p/app/command/usage"
	"centralizedp2p/netproto"
)

// The values of --type and --sort.
const (
	kinds  = "video|audio|image|document|archive|program|folder|other"
	orders = "best|sources|name|size|newest"
)

func (p *program) searchCommand() *cobra.Command {
	request := netproto.SearchRequest{Limit: netproto.DefaultPage}
	var order string
	var filters searchFilters
	cmd := &cobra.Command{
		Use:   "search WORDS…",
		Short: "Find what others share by words in its name",
		Example: "  centralizedp2p search holiday 2026\n  centralizedp2p search --type video --sort newest lecture\n" +
			"  centralizedp2p search --from Zoe --since 2026-03-01",
		Args: func(cmd *cobra.Command, args []string) error {
			if filters.from != "" { // all that a person shares is a search, too
				return nil
			}
			return usage.AtLeastOne("WORDS of a name")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if request.Since, request.Until, err = filters.times(); err != nil {
				return err
			}
			request.Words, request.Sort = strings.Join(args, " "), netproto.Sort(order)
			if err := checkSearch(request); err != nil {
				return err
			}
			return p.search(cmd, request, filters.from)
		},
	}
	cmd.Flags().IntVar(&request.Limit, "limit", request.Limit, "show at most this many hits, 1 to "+strconv.Itoa(netproto.MaxPage))
	cmd.Flags().StringVar(&request.Type, "type", "", "only `"+kinds+"`")
	cmd.Flags().BoolVar(&request.Offline, "offline", false, "include what nobody online has, with the time it was last seen")
	cmd.Flags().StringVar(&order, "sort", string(netproto.SortBest), "order: `"+orders+"`")
	cmd.Flags().StringVar(&filters.from, "from", "", "only what the person with this `NAME` or ID shares")
	cmd.Flags().StringVar(&filters.since, "since", "", "only what was first shared on this `DATE` or later, such as 2026-03-01")
	cmd.Flags().StringVar(&filters.until, "until", "", "only what was first shared on this `DATE` or earlier")
	return cmd
}

// searchFilters are flags that need more than their text.
type searchFilters struct{ from, since, until string }

// times returns the first moment and the one after the last.
func (f searchFilters) times() (since, until time.Time, err error) {
	day := func(flag, text string, more int) (at time.Time) {
		if text == "" || err != nil {
			return at
		}
		at, bad := time.ParseInLocation(time.DateOnly, text, time.Local)
		if bad != nil {
			err = netproto.Errorf(netproto.CodeUsage, "--%s is a date such as 2026-03-01, not %q", flag, text)
		}
		return at.AddDate(0, 0, more)
	}
	return day("since", f.since, 0), day("until", f.until, 1), err
}

// checkSearch refuses values that no tracker accepts.
func checkSearch(r netproto.SearchRequest) error {
	if r.Limit < 1 || r.Limit > netproto.MaxPage {
		return netproto.Errorf(netproto.CodeUsage, "--limit is from 1 to %d, not %d", netproto.MaxPage, r.Limit)
	}
	if len(r.Words) > netproto.MaxQueryBytes {
		return netproto.Errorf(netproto.CodeUsage, "the words have %d bytes; at most %d are allowed", len(r.Words), netproto.MaxQueryBytes)
	}
	if _, err := netproto.ParseKind(r.Type); r.Type != "" && err != nil {
		return netproto.Errorf(netproto.CodeUsage, "--type is %s, not %q", kinds, r.Type)
	}
	switch r.Sort {
	case netproto.SortBest, netproto.SortSources, netproto.SortName, netproto.SortSize, netproto.SortNewest:
		return nil
	}
	return netproto.Errorf(netproto.CodeUsage, "--sort is %s, not %q", orders, r.Sort)
}

func (p *program) search(cmd *cobra.Command, request netproto.SearchRequest, from string) error {
	known, err := p.OpenProfile()
	if err != nil {
		return err
	}
	found, err := p.find(cmd, known, request, from)
	if err := errors.Join(err, known.Close()); err != nil {
		return err
	}
	if len(found.Items) == 0 {
		return noHits(request.Words, found)
	}
	p.list(found.Items)
	if found.Corrected != "" {
		p.Notice(screen.Notice{Code: screen.NoticeCorrected, Words: found.Corrected, Message: fmt.Sprintf("did you mean %q?", found.Corrected)})
	}
	if found.Next != "" {
		p.Say("There are more: narrow the words, or raise --limit.")
	}
	return nil
}

// noHits returns the error of a search without hits; it says what may have been meant.
func noHits(words string, found netproto.SearchResponse) error {
	meant := found.Suggestions
	if found.Corrected != "" {
		meant = []string{found.Corrected}
	}
	if len(meant) == 0 {
		return netproto.Errorf(netproto.CodeNotFound, "no online peer has a file whose name contains %q", words)
	}
	quoted := make([]string, len(meant))
	for i, name := range meant {
		quoted[i] = strconv.Quote(name)
	}
	return netproto.Errorf(netproto.CodeNotFound, "no online peer has a file whose name contains %q; did you mean %s?",
		words, strings.Join(quoted, ", "))
}

func (p *program) find(cmd *cobra.Command, known drive.Memory, request netproto.SearchRequest, from string) (netproto.SearchResponse, error) {
	ts, err := p.OpenTrackers(cmd.Context(), known, nil)
	if err != nil {
		return netproto.SearchResponse{}, err
	}
	defer ts.Close()
	if from != "" {
		if request.Owner, err = ts.Answered.Named(cmd.Context(), from); err != nil {
			return netproto.SearchResponse{}, err
		}
	}
	return ts.Answered.Search(cmd.Context(), request)
}

// list prints one JSON object per hit, or a table.
func (p *program) list(hits []netproto.Hit) {
	for _, h := range hits {
		if p.JSON {
			p.Event(hitLine{Hash: h.Hash, Name: h.Name, Size: h.Size, Sources: h.Sources, Folder: h.Folder})
			continue
		}
		name := netproto.Printable(h.Name)
		if h.Folder {
			name += "/"
		}
		where := screen.Count(h.Sources, "source")
		if h.Sources == 0 && !h.LastSeen.IsZero() {
			where = "seen " + h.LastSeen.Local().Format(time.DateTime)
		}
		p.Say("%9s  %-10s  %s\n           %s", screen.Size(h.Size), where, name, h.Hash)
	}
}

// hitLine is a hit as `search --json` prints it.
type hitLine struct {
	Hash    netproto.ContentHash `json:"hash"`
	Name    string               `json:"name"`
	Size    int64                `json:"size"` // bytes
	Sources int                  `json:"sources"`
	Folder  bool                 `json:"folder,omitempty"`
}
