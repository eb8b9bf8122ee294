package words

import (
	"cmp"
	"time"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Fact is what a finding says, for a person: without what only helps those who are asked
// for help, who get all of it as text. A program that is older, or newer, says it in
// English.
func Fact(f netproto.Finding) string {
	var parts []string
	for _, d := range f.Details {
		said, known := details[d.Kind]
		if !known {
			return netproto.Printable(f.Fact)
		}
		parts = append(parts, said(d))
	}
	if len(f.Details) == 0 {
		return netproto.Printable(f.Fact)
	}
	return Join(parts...)
}

// details say the parts of findings; what they return may be empty.
var details = map[netproto.DetailKind]func(netproto.Detail) string{
	netproto.DetailNoTracker: said("No tracker chosen"),
	netproto.DetailConnection: func(d netproto.Detail) string {
		if d.Word == string(face.ConnectionConnected) {
			return L("Connected")
		}
		return "" // the error says more
	},
	netproto.DetailError: codeWords,
	netproto.DetailSilent: func(d netproto.Detail) string {
		return L("It does not answer: {{.Reason}}", Values{"Reason": codeWords(d)})
	},
	netproto.DetailAnswers: func(d netproto.Detail) string {
		ms, digits := float64(d.Number)/float64(time.Millisecond/time.Microsecond), 0
		if ms < 10 {
			digits = 1
		}
		return L("Answers in {{.Time}}", Values{"Time": L("{{.N}} ms", Values{"N": Decimal(ms, digits)})})
	},
	netproto.DetailCalls:       yesOrNo("Arranges connections", "Arranges no connections"),
	netproto.DetailRelay:       yesOrNo("Has a relay", "Has no relay"),
	netproto.DetailLines:       unsaid,
	netproto.DetailNoClock:     said("No tracker says its time"),
	netproto.DetailClock:       clockWords,
	netproto.DetailReach:       func(d netproto.Detail) string { return Verdict(netproto.Verdict(d.Word)) },
	netproto.DetailReachReason: unsaid, // the advice says more
	netproto.DetailAdvice: func(d netproto.Detail) string {
		return Advice(face.Reach{Advice: netproto.Advice(d.Word), Port: int(d.Number)})
	},
	netproto.DetailPort:   func(d netproto.Detail) string { return L("Port {{.Value}}", Values{"Value": d.Number}) },
	netproto.DetailRouter: unsaid,
	netproto.DetailWays:   waysWords,
	netproto.DetailDownloads: func(d netproto.Detail) string {
		return L("Downloads: {{.Text}}", Values{"Text": countsWords(d, downloadCounts)})
	},
	netproto.DetailFailures: func(d netproto.Detail) string {
		text := ""
		for _, c := range d.Counts {
			text = Join(text, codeWords(netproto.Detail{Word: c.Of}))
		}
		return text
	},
	netproto.DetailShares: func(d netproto.Detail) string {
		return L("Shares: {{.Text}}", Values{"Text": countsWords(d, shareCounts)})
	},
	netproto.DetailUploads: func(d netproto.Detail) string { return L("Uploads: {{.Text}}", Values{"Text": Count(int(d.Number))}) },
	netproto.DetailDownRate: func(d netproto.Detail) string {
		return L("{{.Rate}} down", Values{"Rate": Rate(d.Number)})
	},
	netproto.DetailUpRate: func(d netproto.Detail) string { return L("{{.Rate}} up", Values{"Rate": Rate(d.Number)}) },
	netproto.DetailStopped: func(d netproto.Detail) string {
		return L("A part has stopped: {{.Reason}}", Values{"Reason": codeWords(d)})
	},
	netproto.DetailDownLimit: limitWords("Download limit: {{.Rate}}", "No download limit"),
	netproto.DetailUpLimit:   limitWords("Upload limit: {{.Rate}}", "No upload limit"),
	netproto.DetailQuickLimit: func(d netproto.Detail) string {
		if d.Number == 0 {
			return ""
		}
		return L("The quick limit is on")
	},
	netproto.DetailDownloadsAtOnce: func(d netproto.Detail) string {
		return N("{{.Count}} downloads at once", int(d.Number), Values{"Count": Count(int(d.Number))})
	},
	netproto.DetailUploadsAtOnce: func(d netproto.Detail) string {
		return N("{{.Count}} uploads at once", int(d.Number), Values{"Count": Count(int(d.Number))})
	},
	netproto.DetailNoFolder: said("The folder does not exist yet"),
	netproto.DetailFree: func(d netproto.Detail) string {
		if d.Number < 0 {
			return L("Free space unknown")
		}
		return L("{{.Size}} free", Values{"Size": Size(d.Number)})
	},
	netproto.DetailUnwritable: said("Cannot be written to"),
	netproto.DetailWriteRate:  func(d netproto.Detail) string { return L("Written to at {{.Rate}}", Values{"Rate": Rate(d.Number)}) },
	netproto.DetailUnmeasured: said("Not measured"),
	netproto.DetailHashRate:   func(d netproto.Detail) string { return L("Checks files at {{.Rate}}", Values{"Rate": Rate(d.Number)}) },
	netproto.DetailOpenFiles: func(d netproto.Detail) string {
		switch {
		case d.Most == 0:
			return L("No limit is known")
		case d.Number == 0:
			return L("At most {{.Most}} may be open", Values{"Most": Count(int(d.Most))})
		}
		return L("{{.Open}} of at most {{.Most}} are open", Values{"Open": Count(int(d.Number)), "Most": Count(int(d.Most))})
	},
	netproto.DetailInUse:      func(d netproto.Detail) string { return L("{{.Size}} in use", Values{"Size": Size(d.Number)}) },
	netproto.DetailFromSystem: unsaid,
	netproto.DetailTasks:      unsaid,
	netproto.DetailErrors: func(d netproto.Detail) string {
		if d.Number == 0 {
			return L("None since the start")
		}
		return N("{{.Count}} different ones; the copied text names them", int(d.Number), Values{"Count": Count(int(d.Number))})
	},
}

func said(text Phrase) func(netproto.Detail) string {
	return func(netproto.Detail) string { return text.String() }
}

// unsaid is for what helps only those who are asked for help.
func unsaid(netproto.Detail) string { return "" }

func yesOrNo(yes, no Phrase) func(netproto.Detail) string {
	return func(d netproto.Detail) string {
		if d.Number != 0 {
			return yes.String()
		}
		return no.String()
	}
}

func limitWords(limit, none Phrase) func(netproto.Detail) string {
	return func(d netproto.Detail) string {
		if d.Number == 0 {
			return none.String()
		}
		return L(string(limit), Values{"Rate": Rate(d.Number)})
	}
}

// codeWords say what the code of a detail stands for.
func codeWords(d netproto.Detail) string {
	return Explain(face.Failure{Code: netproto.Code(d.Word)}).What
}

func clockWords(d netproto.Detail) string {
	switch {
	case d.Number > 0:
		return L("{{.Time}} ahead of the tracker", Values{"Time": Duration(d.Number)})
	case d.Number < 0:
		return L("{{.Time}} behind the tracker", Values{"Time": Duration(-d.Number)})
	}
	return L("The same as the tracker’s")
}

func waysWords(d netproto.Detail) string {
	text := ""
	for _, c := range d.Counts {
		if c.Number > 0 {
			text = Join(text, L("{{.What}}: {{.Why}}", Values{"What": cmp.Or(Way(face.Way(c.Of)), c.Of), "Why": Count(c.Number)}))
		}
	}
	return text
}

var (
	downloadCounts = map[string]Phrase{
		string(face.DownloadWaiting): "{{.Count}} waiting", string(face.DownloadQueued): "{{.Count}} waiting",
		string(face.DownloadConnecting): "{{.Count}} running", string(face.DownloadDownloading): "{{.Count}} running",
		string(face.DownloadVerifying): "{{.Count}} running", string(face.DownloadMoving): "{{.Count}} running",
		string(face.DownloadPaused): "{{.Count}} paused", string(face.DownloadFinished): "{{.Count}} finished",
		string(face.DownloadNoSpace): "{{.Count}} failed", string(face.DownloadFailed): "{{.Count}} failed",
	}
	shareCounts = map[string]Phrase{
		string(face.ShareWaiting): "{{.Count}} waiting", string(face.ShareHashing): "{{.Count}} waiting", string(face.ShareRehashing): "{{.Count}} waiting",
		string(face.ShareShared): "{{.Count}} shared", string(face.ShareMissing): "{{.Count}} failed", string(face.ShareFailed): "{{.Count}} failed",
		string(face.ShareEnded): "{{.Count}} ended",
	}
)

// countsWords say how many there are of each kind, where several states may be one kind.
func countsWords(d netproto.Detail, kinds map[string]Phrase) string {
	sums := map[Phrase]int{}
	for _, c := range d.Counts {
		sums[kinds[c.Of]] += c.Number
	}
	text := ""
	for _, kind := range []Phrase{"{{.Count}} running", "{{.Count}} waiting", "{{.Count}} paused", "{{.Count}} finished", "{{.Count}} shared",
		"{{.Count}} ended", "{{.Count}} failed"} {
		text = Join(text, Some(kind, sums[kind]))
	}
	if text == "" {
		return L("none")
	}
	return text
}
