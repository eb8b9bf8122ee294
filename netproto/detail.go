package netproto

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// Detail is a part of what a finding says, so that a program can say it in another
// language. Beside each kind stands what its values mean.
type Detail struct {
	Kind   DetailKind `json:"kind"`
	Word   string     `json:"word,omitempty"`   // of this protocol: a state, a verdict, a code
	Number int64      `json:"number,omitempty"` // 0 and 1 stand for no and yes
	Most   int64      `json:"most,omitempty"`
	Counts []Count    `json:"counts,omitempty"`
}

// Count is how many there are of something.
type Count struct {
	Of     string `json:"of"` // a state, a code or a way
	Number int    `json:"number"`
}

// DetailKind says what a detail is about.
type DetailKind string

// The kinds of details.
const (
	DetailNoTracker       DetailKind = "no-tracker"
	DetailConnection      DetailKind = "connection" // Word: how the tracker is reached
	DetailError           DetailKind = "error"      // Word: a code
	DetailSilent          DetailKind = "silent"     // Word: a code
	DetailAnswers         DetailKind = "answers"    // Number: microseconds
	DetailCalls           DetailKind = "calls"      // Number: the tracker arranges connections
	DetailRelay           DetailKind = "relay"      // Number: it relays
	DetailLines           DetailKind = "lines"      // Number: to the tracker
	DetailNoClock         DetailKind = "no-clock"
	DetailClock           DetailKind = "clock"         // Number: seconds ahead of the tracker's
	DetailReach           DetailKind = "reach"         // Word: a [Verdict]
	DetailReachReason     DetailKind = "reach-reason"  // Word: a [ReachReason]
	DetailAdvice          DetailKind = "advice"        // Word: an [Advice]
	DetailPort            DetailKind = "port"          // Number: the port
	DetailRouter          DetailKind = "router"        // Word: what became of asking it for a port; "" if it was not
	DetailWays            DetailKind = "ways"          // Counts: connections by how they came about
	DetailDownloads       DetailKind = "downloads"     // Counts: by state
	DetailFailures        DetailKind = "failures"      // Counts: of downloads, by code
	DetailShares          DetailKind = "shares"        // Counts: by state
	DetailUploads         DetailKind = "uploads"       // Number: that run
	DetailDownRate        DetailKind = "down-rate"     // Number: bytes a second
	DetailUpRate          DetailKind = "up-rate"       // Number: bytes a second
	DetailStopped         DetailKind = "stopped"       // Word: a code
	DetailDownLimit       DetailKind = "down-limit"    // Number: bytes a second; 0 is none
	DetailUpLimit         DetailKind = "up-limit"      // Number: bytes a second; 0 is none
	DetailQuickLimit      DetailKind = "quick-limit"   // Number: it is on
	DetailDownloadsAtOnce DetailKind = "downloads-max" // Number: at once
	DetailUploadsAtOnce   DetailKind = "uploads-max"   // Number: at once
	DetailNoFolder        DetailKind = "no-folder"     // it does not exist yet
	DetailFree            DetailKind = "free"          // Number: bytes; -1 if that is not known
	DetailUnwritable      DetailKind = "unwritable"
	DetailWriteRate       DetailKind = "write-rate" // Number: bytes a second
	DetailUnmeasured      DetailKind = "unmeasured"
	DetailHashRate        DetailKind = "hash-rate"  // Number: bytes a second
	DetailOpenFiles       DetailKind = "open-files" // Number: open, 0 if that is not known; Most: that may be, 0 if there is no limit
	DetailInUse           DetailKind = "in-use"     // Number: bytes
	DetailFromSystem      DetailKind = "from-system"
	DetailTasks           DetailKind = "tasks"  // Number: goroutines
	DetailErrors          DetailKind = "errors" // Number: different ones
)

// English says a detail as doctor does: short, with the words of this protocol.
func (d Detail) English() string {
	said := detailTexts[d.Kind]
	if said == nil {
		return ""
	}
	return said(d)
}

var detailTexts = map[DetailKind]func(Detail) string{
	DetailNoTracker:  always("none is chosen"),
	DetailConnection: word("%s"),
	DetailError:      word("[%s]"),
	DetailSilent:     word("but it does not answer [%s]"),
	DetailAnswers: func(d Detail) string {
		return "answers in " + (time.Duration(d.Number) * time.Microsecond).Round(100*time.Microsecond).String()
	},
	DetailCalls:           yesOrNo("calls %t"),
	DetailRelay:           yesOrNo("relay %t"),
	DetailLines:           number("lines %d"),
	DetailNoClock:         always("no tracker says its time"),
	DetailClock:           clockText,
	DetailReach:           word("%s"),
	DetailReachReason:     word("%s"),
	DetailAdvice:          word("%s"),
	DetailPort:            number("port %d"),
	DetailRouter:          func(d Detail) string { return "router " + cmp.Or(d.Word, "not asked") },
	DetailWays:            counted("; connections: "),
	DetailDownloads:       counted("downloads: "),
	DetailFailures:        counted("; their failures: "),
	DetailShares:          counted("; shares: "),
	DetailUploads:         number("; uploads: %d"),
	DetailDownRate:        size("; down %s/s"),
	DetailUpRate:          size("up %s/s"),
	DetailStopped:         word("; stopped: [%s]"),
	DetailDownLimit:       limit("down "),
	DetailUpLimit:         limit("up "),
	DetailQuickLimit:      yesOrNo("quick limit %t"),
	DetailDownloadsAtOnce: number("; at once: %d downloads"),
	DetailUploadsAtOnce:   number("%d uploads"),
	DetailNoFolder:        always("the folder does not exist yet"),
	DetailFree: func(d Detail) string {
		if d.Number < 0 {
			return "free space unknown"
		}
		return bytesText(d.Number) + " free"
	},
	DetailUnwritable: always("cannot be written to"),
	DetailWriteRate:  size("written to at %s/s"),
	DetailUnmeasured: always("not measured"),
	DetailHashRate:   size("%s/s"),
	DetailOpenFiles: func(d Detail) string {
		switch {
		case d.Most == 0:
			return "no limit is known"
		case d.Number == 0:
			return fmt.Sprintf("at most %d may be open", d.Most)
		}
		return fmt.Sprintf("%d of at most %d are open", d.Number, d.Most)
	},
	DetailInUse:      size("%s in use"),
	DetailFromSystem: size("%s from the system"),
	DetailTasks:      number("%d goroutines"),
	DetailErrors: func(d Detail) string {
		if d.Number == 0 {
			return "none since the start"
		}
		return fmt.Sprintf("%d different ones", d.Number)
	},
}

// DetailKinds returns all kinds, in no order.
func DetailKinds() []DetailKind {
	var list []DetailKind
	for kind := range detailTexts {
		list = append(list, kind)
	}
	return list
}

func always(text string) func(Detail) string { return func(Detail) string { return text } }

func word(form string) func(Detail) string {
	return func(d Detail) string { return fmt.Sprintf(form, d.Word) }
}

func number(form string) func(Detail) string {
	return func(d Detail) string { return fmt.Sprintf(form, d.Number) }
}

func yesOrNo(form string) func(Detail) string {
	return func(d Detail) string { return fmt.Sprintf(form, d.Number != 0) }
}

func size(form string) func(Detail) string {
	return func(d Detail) string { return fmt.Sprintf(form, bytesText(d.Number)) }
}

func limit(what string) func(Detail) string {
	return func(d Detail) string {
		if d.Number == 0 {
			return what + "none"
		}
		return what + bytesText(d.Number) + "/s"
	}
}

// counted writes how often each occurs: "failed 2, paused 1".
func counted(what string) func(Detail) string {
	return func(d Detail) string {
		var said []string
		for _, c := range d.Counts {
			said = append(said, fmt.Sprintf("%s %d", c.Of, c.Number))
		}
		return what + cmp.Or(strings.Join(said, ", "), "none")
	}
}

func clockText(d Detail) string {
	switch ahead := time.Duration(d.Number) * time.Second; {
	case ahead > 0:
		return ahead.String() + " ahead of the tracker's"
	case ahead < 0:
		return (-ahead).String() + " behind the tracker's"
	}
	return "as the tracker's, to a second"
}

func bytesText(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }
