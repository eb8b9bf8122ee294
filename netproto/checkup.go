package netproto

import (
	"fmt"
	"strings"
)

// Checkup is what doctor found out about a peer or a tracker, to be pasted into a
// request for help. It holds no keys, no secrets and no names of files.
type Checkup struct {
	Program  string    `json:"program"` // its version
	System   string    `json:"system"`
	Findings []Finding `json:"findings"`
}

// Finding is one thing that doctor looked at.
type Finding struct {
	Topic Topic        `json:"topic"`
	State FindingState `json:"state"`
	Fact  string       `json:"fact"` // what was found, in English: figures, states and codes
	// Details are the parts of Fact, for programs that say them in another language. There
	// may be none.
	Details []Detail `json:"details,omitempty"`
	Do      Remedy   `json:"remedy,omitempty"` // what helps; "" if nothing is wrong
}

// Say adds details to a finding, and their English to its fact.
func (f *Finding) Say(details ...Detail) {
	for _, d := range details {
		text := d.English()
		switch {
		case f.Fact == "", strings.HasPrefix(text, ";"): // a part of its own
		case d.Kind == DetailError:
			text = " " + text
		default:
			text = ", " + text
		}
		f.Fact += text
		f.Details = append(f.Details, d)
	}
}

// Text is the checkup as a person pastes it, in English.
func (c Checkup) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CentralizedP2P %s, %s\n", c.Program, c.System)
	for _, f := range c.Findings {
		fmt.Fprintf(&b, "%-8s %-10s %s\n", f.State, f.Topic, Printable(f.Fact))
		if help := f.Do.Sentence(); help != "" {
			fmt.Fprintf(&b, "%-8s %-10s %s\n", "", "", help)
		}
	}
	return b.String()
}

// FindingState says how good a finding is.
type FindingState string

// The states of findings.
const (
	FindingGood    FindingState = "good"
	FindingWarning FindingState = "warning" // it works, but not as well as it could
	FindingBad     FindingState = "bad"     // something does not work
	FindingUnknown FindingState = "unknown" // it could not be found out
)

// Topic is what a finding is about.
type Topic string

// The topics, in the order of a checkup.
const (
	TopicTracker   Topic = "tracker"   // whether it answers, and how fast
	TopicClock     Topic = "clock"     // compared with that of the tracker
	TopicReach     Topic = "reach"     // how others reach this peer, and by what ways
	TopicTransfers Topic = "transfers" // downloads, uploads and shares, counted
	TopicLimits    Topic = "limits"    // that are in force
	TopicDisk      Topic = "disk"      // space and speed of writing
	TopicHashing   Topic = "hashing"   // speed
	TopicFiles     Topic = "files"     // that are open, and how many may be
	TopicMemory    Topic = "memory"
	TopicErrors    Topic = "errors" // the last ones in the log
)

// Topics returns all topics in the order of a checkup.
func Topics() []Topic {
	return []Topic{TopicTracker, TopicClock, TopicReach, TopicTransfers, TopicLimits, TopicDisk, TopicHashing, TopicFiles, TopicMemory, TopicErrors}
}

// Remedy is what a person can do about a finding.
type Remedy string

// What a person can do.
const (
	RemedyChooseTracker  Remedy = "choose-tracker"
	RemedyTrackerSilent  Remedy = "tracker-silent"
	RemedyTrackerKey     Remedy = "tracker-key"
	RemedyTrackerSlow    Remedy = "tracker-slow"
	RemedyStartTracker   Remedy = "start-tracker"
	RemedyPublicURL      Remedy = "public-url"
	RemedySetClock       Remedy = "set-clock"
	RemedyOpenPort       Remedy = "open-port"
	RemedyRetryDownloads Remedy = "retry-downloads"
	RemedyShareAgain     Remedy = "share-again"
	RemedyRaiseLimit     Remedy = "raise-limit"
	RemedyFreeSpace      Remedy = "free-space"
	RemedyFolder         Remedy = "writable-folder"
	RemedySlowDisk       Remedy = "slow-disk"
	RemedySlowProcessor  Remedy = "slow-processor"
	RemedyMoreFiles      Remedy = "more-files"
	RemedyReadLog        Remedy = "read-log"
	RemedyRestart        Remedy = "restart"
)

var remedies = map[Remedy]string{
	RemedyChooseTracker:  "Choose a tracker.",
	RemedyTrackerSilent:  "Check the address of the tracker and your network, and ask its owner whether it runs.",
	RemedyTrackerKey:     "The tracker shows another key than before: ask its owner, and then accept the new key or leave this tracker.",
	RemedyTrackerSlow:    "The tracker takes long to answer: its network or yours is busy.",
	RemedyStartTracker:   "Start the tracker, or choose its data folder with --data.",
	RemedyPublicURL:      "Listen at an address that others reach, or name the one that they use with --public-url.",
	RemedySetClock:       "Set the clock of this computer: what is to expire ends too early or too late.",
	RemedyOpenPort:       "Others reach you more slowly than they could: open the port on your router and in your firewall.",
	RemedyRetryDownloads: "Look at the downloads that failed, and try them again.",
	RemedyShareAgain:     "Look at the shares that failed: their files are missing or cannot be read.",
	RemedyRaiseLimit:     "A limit of less than 100 kB/s is in force: raise it if transfers are too slow.",
	RemedyFreeSpace:      "Free some space on this disk, or choose another folder.",
	RemedyFolder:         "Choose a folder that exists and that you may write to.",
	RemedySlowDisk:       "The disk writes slowly and holds up fast downloads: choose a folder on another disk.",
	RemedySlowProcessor:  "The processor is slow or busy, so checking large files takes long.",
	RemedyMoreFiles:      "Almost no more files can be opened: raise the limit (ulimit -n, or LimitNOFILE in a unit of systemd).",
	RemedyReadLog:        "Read the log: it says what these errors were about.",
	RemedyRestart:        "A part of the program has stopped: quit it and start it again.",
}

// Sentence says what a person can do, in English; "" for a remedy that this version does
// not know.
func (r Remedy) Sentence() string { return remedies[r] }

// Remedies returns all remedies, in no order.
func Remedies() []Remedy {
	var list []Remedy
	for r := range remedies {
		list = append(list, r)
	}
	return list
}
