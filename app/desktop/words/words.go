// Package words writes what a person reads in the window: texts in six languages,
// numbers, sizes and times as each language writes them, and failures as
// sentences. It knows nothing of widgets.
//
// Texts are written in the source in English and translated by [L], [N] and
// [Phrase]; the translations are in assets. [Load] chooses the language.
package words

import (
	"fmt"
	"strings"

	"centralizedp2p/app/face"
	"centralizedp2p/netproto"
)

// Progress says how much of size is done: "412 MB of 1.2 GB".
func Progress(done, size int64) string {
	return L("{{.Done}} of {{.Size}}", Values{"Done": Size(done), "Size": Size(size)})
}

// Sources writes a number of sources: "1 source", "3 sources".
func Sources(n int) string {
	return N("{{.Count}} sources", n, Values{"Count": Count(n)})
}

// Some writes a number of things, and nothing if there are none. text has plural forms
// and the placeholder {{.Count}}.
func Some(text Phrase, n int) string {
	if n == 0 {
		return ""
	}
	return N(string(text), n, Values{"Count": Count(n)})
}

// Files writes a number of files: "1 file", "12,345 files".
func Files(n int) string { return N("{{.Count}} files", n, Values{"Count": Count(n)}) }

// Online writes how many people are online: "3 online".
func Online(n int) string { return N("{{.Count}} online", n, Values{"Count": Count(n)}) }

// OthersOnline is Online for a number that a tracker counts: this peer is one of them.
func OthersOnline(counted int) string { return Online(max(counted-1, 0)) }

// Fraction returns what part of size is done, from 0 to 1.
func Fraction(done, size int64) float64 {
	if size <= 0 {
		return 0
	}
	return min(max(float64(done)/float64(size), 0), 1)
}

// Kind names a kind of content. The empty kind stands for all.
func Kind(kind netproto.Kind) string {
	switch kind {
	case "":
		return L("All types")
	case netproto.KindAudio:
		return L("Audio")
	case netproto.KindVideo:
		return L("Video")
	case netproto.KindImage:
		return L("Image")
	case netproto.KindDocument:
		return L("Document")
	case netproto.KindArchive:
		return L("Archive")
	case netproto.KindProgram:
		return L("Program")
	case netproto.KindFolder:
		return L("Folder")
	default:
		return L("Other type")
	}
}

var skipReasons = map[face.SkipReason]Phrase{
	face.SkipUnreadable: "cannot be read",
	face.SkipSymlink:    "is a link to another place",
	face.SkipSpecial:    "is a device, not a file",
	face.SkipShared:     "is shared already",
	face.SkipName:       "has a name that some computers cannot store",
	face.SkipTooLarge:   "is larger than can be shared",
	face.SkipTooLong:    "has a path that is too long for other computers",
	face.SkipOwn:        "is a key or a database of this program",
	face.SkipIgnored:    "is ignored by a pattern in the settings",
}

var linkProblems = map[face.LinkProblem]Phrase{
	face.LinkNoNetwork: "Only this computer can use the invite link, because it has no network. Connect it, then switch the tracker off and on again.",
	face.LinkLoopback:  "Only this computer can use the invite link, because the tracker listens on an address of this computer alone.",
	face.LinkZone:      "The invite link works only on this computer, because only this computer knows the name in its address.",
}

// LinkProblem says why others cannot use the invite link of the tracker on this
// computer, and what helps; nothing if they can.
func LinkProblem(problem face.LinkProblem) string { return linkProblems[problem].String() }

// SkipReason says why a path cannot be shared: "cannot be read".
func SkipReason(reason face.SkipReason) string { return skipReasons[reason].String() }

// Fingerprint writes a fingerprint in groups that can be read aloud.
func Fingerprint(f netproto.Fingerprint) string {
	if f.IsZero() {
		return L("not known yet")
	}
	text := f.String()
	var groups []string
	for len(text) > 4 {
		groups = append(groups, text[:4])
		text = text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// TrackerName returns the name of a tracker, or its address if it has none.
func TrackerName(k face.KnownTracker) string {
	if k.Name == "" {
		return k.Address
	}
	return netproto.Printable(k.Name)
}

// ShortHash returns the start of a hash, enough for a person to tell two
// contents apart.
func ShortHash(h netproto.ContentHash) string { return fmt.Sprintf("%.8s", h.String()) }
