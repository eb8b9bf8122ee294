package words

import "centralizedp2p/netproto"

var topics = map[netproto.Topic]Phrase{
	netproto.TopicTracker:   "Tracker",
	netproto.TopicClock:     "Clock",
	netproto.TopicReach:     "Reachability",
	netproto.TopicTransfers: "Transfers",
	netproto.TopicLimits:    "Limits",
	netproto.TopicDisk:      "Disk",
	netproto.TopicHashing:   "Processor",
	netproto.TopicFiles:     "Open files",
	netproto.TopicMemory:    "Memory",
	netproto.TopicErrors:    "Last errors",
}

// Topic names what a finding of a checkup is about.
func Topic(t netproto.Topic) string { return topics[t].String() }

var findingStates = map[netproto.FindingState]Phrase{
	netproto.FindingGood:    "Fine",
	netproto.FindingWarning: "Could be better",
	netproto.FindingBad:     "Does not work",
	netproto.FindingUnknown: "Could not be checked",
}

// FindingState says how good a finding is.
func FindingState(s netproto.FindingState) string { return findingStates[s].String() }

var remedies = map[netproto.Remedy]Phrase{
	netproto.RemedyChooseTracker:  "Choose a tracker.",
	netproto.RemedyTrackerSilent:  "Check the address of the tracker and your network, and ask its owner whether it runs.",
	netproto.RemedyTrackerKey:     "The tracker shows another key than before: ask its owner, and then accept the new key or leave this tracker.",
	netproto.RemedyTrackerSlow:    "The tracker takes long to answer: its network or yours is busy.",
	netproto.RemedySetClock:       "Set the clock of this computer: what is to expire ends too early or too late.",
	netproto.RemedyOpenPort:       "Others reach you more slowly than they could: open the port on your router and in your firewall.",
	netproto.RemedyRetryDownloads: "Look at the downloads that failed, and try them again.",
	netproto.RemedyShareAgain:     "Look at the shares that failed: their files are missing or cannot be read.",
	netproto.RemedyRaiseLimit:     "A limit of less than 100 kB/s is in force: raise it if transfers are too slow.",
	netproto.RemedyFreeSpace:      "Free some space on this disk, or choose another folder.",
	netproto.RemedyFolder:         "Choose a folder that exists and that you may write to.",
	netproto.RemedySlowDisk:       "The disk writes slowly and holds up fast downloads: choose a folder on another disk.",
	netproto.RemedySlowProcessor:  "The processor is slow or busy, so checking large files takes long.",
	netproto.RemedyMoreFiles:      "Almost no more files can be opened: raise the limit of the system for open files.",
	netproto.RemedyReadLog:        "Read the log: it says what these errors were about.",
	netproto.RemedyRestart:        "A part of the program has stopped: quit it and start it again.",
}

// Remedy says what a person can do about a finding; "" if nothing is to be done.
func Remedy(r netproto.Remedy) string { return remedies[r].String() }
